import type { ErrorDetails } from "../domain/errors.ts";
import type { ExitCode } from "../domain/exit-code.ts";
import type { Action } from "./plan.ts";
import type { Report } from "./progress.ts";

/** How a flow ended that came to an answer. */
export interface Finished<Result> {
  readonly kind: "finished";
  readonly result: Result;
  readonly exitCode: ExitCode;
  /** Why it is not wholly done. Absent when the exit code is 0, and when it was looked at and is not in order. */
  readonly error?: {
    readonly message: string;
    /** What was thrown, to find out more by. */
    readonly cause?: unknown;
  } & Pick<ErrorDetails, "code" | "hint" | "docs" | "requestId" | "retryable">;
}

/** Told what was done by a run that ends without an outcome, before it throws. */
export type Leave<Result> = (result: Result) => void;

/** What the view and the person do while a flow runs. */
export interface Conversation<Plan, Result> {
  readonly report: Report;
  /** Shown the plan when it has changes; false stops with nothing written. */
  approve(plan: Plan): Promise<boolean>;
  readonly leave?: Leave<Result>;
}

/** How a flow ended: with the plan that was asked for, or that nobody agreed to, or with what it did. */
export type Outcome<Plan, Result> =
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "declined"; readonly plan: Plan }
  | Finished<Result>;

/** An error as the published contract shows it. */
export interface ResultError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** What a run did about one secret, as the published contract shows it. */
export interface ResultSecret {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: Action;
  readonly error?: ResultError;
}
