import { ActionableError, type ErrorDetails } from "../domain/errors.ts";
import { exitCode, type ExitCode } from "../domain/exit-code.ts";
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
  } & Pick<ErrorDetails, "code" | "hint" | "docs" | "requestId" | "retryable" | "brief">;
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

/** An error as results show it. */
export function resultError({ code, message, hint }: ActionableError): ResultError {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** How a run ended, without what it did. */
export type Ending = Omit<Finished<unknown>, "kind" | "result">;

const goesOn = "Run the same command again to continue.";

/** What a run has done by the time that something ends it. */
export interface DoneBefore {
  /** Whether anything was asked to change. */
  readonly wrote: boolean;
  /** Whether a part of it was done that goes on standing, whichever run goes on with the rest. */
  readonly didPart: boolean;
}

/**
 * Whether a run that fails is half done, so that it is no refusal any more: a refusal says that nothing was written.
 * Where another run goes on in place of this one nothing is half done, unless a part was done before.
 */
export function isHalfDone({ code }: ActionableError, { wrote, didPart }: DoneBefore): boolean {
  return code === "busy" ? didPart : wrote;
}

/**
 * How a run ended by its failures: the first one says what to do, and each is told once.
 * @param isHalfDone whether the same command goes on from what this run did: exit 4 then, else the failure's own
 * @throws the first of them that is a bug of ours
 */
export function endingBy(failures: readonly unknown[], isHalfDone: boolean): Ending {
  const errors = failures.map((failure) => {
    if (!(failure instanceof ActionableError)) throw failure;
    return failure;
  });
  const [first] = errors;
  if (!first) return { exitCode: exitCode.ok };
  const { code, hint, docs, requestId, retryable, brief } = first;
  return {
    exitCode: isHalfDone ? exitCode.incomplete : first.exitCode,
    error: {
      code,
      message: [...new Set(errors.map(({ message }) => message))].join("\n"),
      hint: hint ?? (isHalfDone ? goesOn : undefined),
      docs,
      requestId,
      retryable,
      brief: errors.length === 1 ? brief : undefined,
      cause: first,
    },
  };
}

/** A failure of a run that has written something before. */
export function halfDone(error: ActionableError): ActionableError {
  const { code, message, hint = goesOn, docs, requestId, retryable } = error;
  const details = { code, hint, docs, requestId, retryable, exitCode: exitCode.incomplete };
  return new ActionableError(message, details, { cause: error });
}

/** A person did not agree to what was left to do, of which a part is done. */
export function declinedHalfWay(code: string, message: string): ActionableError {
  return new ActionableError(message, { code, hint: goesOn, exitCode: exitCode.incomplete });
}

/** One of several things that could not be done. */
export interface FailedPart {
  readonly name: string;
  readonly error: ActionableError;
}

/** Things that could not be done, each on a line of its own with its reason. */
export function listFailed(failed: readonly FailedPart[]): string {
  return failed.map(({ name, error }) => `  ${name}: ${error.message}`).join("\n");
}

/**
 * That some things could not be done, and the others were.
 * @param says what is said of them, before they are listed
 * @param hint what to do where the first of them does not say it
 */
export function incomplete(
  failed: readonly FailedPart[],
  { code, says, hint }: { readonly code: string; readonly says: string; readonly hint: string },
): ActionableError {
  const [first] = failed;
  return new ActionableError(
    `${says}:\n${listFailed(failed)}`,
    {
      code,
      hint: first?.error.hint ?? hint,
      docs: first?.error.docs,
      requestId: first?.error.requestId,
      retryable: true,
      exitCode: exitCode.incomplete,
      brief: { message: `${says}.`, hint },
    },
    { cause: first?.error },
  );
}

const mostFixes = 5;

/** What fixes several errors, each once and in a line of its own. */
export function fixesOf(errors: readonly ActionableError[]): string | undefined {
  const fixes = [...new Set(errors.flatMap(({ hint }) => hint ?? []))];
  return fixes.length === 0 ? undefined : fixes.slice(0, mostFixes).join("\n");
}

/** That nothing of what was meant can be written now, so that nothing is begun. */
export function noneWritable([first, ...more]: readonly [
  ActionableError,
  ...ActionableError[],
]): ActionableError {
  const errors = [first, ...more];
  const { code, docs, requestId } = first;
  const passing = errors.every(({ retryable }) => retryable);
  return new ActionableError(
    errors.map(({ message }) => message).join("\n"),
    // A cluster that does not answer has refused nobody.
    {
      code,
      hint: fixesOf(errors),
      docs,
      requestId,
      retryable: passing,
      exitCode: passing ? exitCode.failed : exitCode.notAllowed,
    },
    { cause: first },
  );
}
