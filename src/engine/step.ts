import type { ActionableError } from "../domain/errors.ts";
import type { World } from "./world.ts";

/** What a step is about, as plans and results name it. */
export type StepKind =
  | "namespace"
  | "state"
  | "application"
  | "service principal"
  | "owner"
  | "role"
  | "password"
  | "proof"
  | "secret"
  | "service account"
  | "file";

/** One thing to do. The plan that a person agrees to is the list that is carried out. */
export interface Step {
  readonly kind: StepKind;
  readonly action: "create" | "update" | "remove" | "check";
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
  /** Concerns one target only: neighbours of its kind run together, and it may fail without stopping the others. */
  readonly alone?: true;
  /** Why it cannot be done, as was seen before anything was done: it is shown, and the others are carried out. */
  readonly refusal?: ActionableError;
  /** @returns why it was left out; undefined if it was done */
  readonly run: (world: World) => Promise<string | void>;
}

/** What became of a step. */
export interface StepResult {
  readonly step: Step;
  readonly result: "done" | "failed" | "skipped";
  /** Why it failed. */
  readonly error?: ActionableError;
  /** Why it was left out, although the run went on. */
  readonly reason?: string;
}

/** What a step says, without what it does: two lists that say the same are the same plan. */
export function sayingOf({ kind, action, name, before, after }: Step): string {
  return JSON.stringify([action, kind, name, before, after]);
}
