import { ActionableError, type ErrorDetails } from "../domain/errors.ts";
import { exitCode, type ExitCode } from "../domain/exit-code.ts";
import type { Action } from "./plan.ts";
import type { Report } from "./progress.ts";

/** The ending of a flow that has a result. */
export interface Finished<Result> {
  readonly kind: "finished";
  readonly result: Result;
  readonly exitCode: ExitCode;
  /**
   * Why it is not completely done. Absent if the exit code is 0, or if the result is that something is not in order.
   */
  readonly error?: {
    readonly message: string;
    /** What was thrown, for more details. */
    readonly cause?: unknown;
  } & Pick<ErrorDetails, "code" | "hint" | "docs" | "requestId" | "retryable" | "brief">;
}

/** Called with what was done, by a run that then throws and has no outcome. */
export type Leave<Result> = (result: Result) => void;

/** How a flow talks to the view and the person while it runs. */
export interface Conversation<Plan, Result> {
  readonly report: Report;
  /** Shows the plan if it has changes. False stops the run with nothing written. */
  approve(plan: Plan): Promise<boolean>;
  readonly leave?: Leave<Result>;
}

/** How a flow ended: with the plan that was asked for, with a plan that nobody agreed to, or with what it did. */
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

/** What a run did to one secret, as the published contract shows it. */
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

const runAgain = "Run the same command again to continue.";

/** What a run has done when something ends it. */
export interface DoneBefore {
  /** Whether any change was requested. */
  readonly wrote: boolean;
  /** Whether a part of it is done and stays, whichever run continues with the rest. */
  readonly didPart: boolean;
}

/**
 * Whether a failed run is half done. Then it is no longer a refusal, because a refusal says that nothing was written.
 * If another run continues in place of this one, nothing is half done, unless a part was done before.
 */
export function isHalfDone({ code }: ActionableError, { wrote, didPart }: DoneBefore): boolean {
  return code === "busy" ? didPart : wrote;
}

/**
 * How a run ended, from its failures. The first one says what to do, and each message appears once.
 * @param isHalfDone whether the same command continues what this run did: then exit 4, else the failure's own exit code
 * @throws the first failure that is a bug of ours
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
      hint: hint ?? (isHalfDone ? runAgain : undefined),
      docs,
      requestId,
      retryable,
      brief: errors.length === 1 ? brief : undefined,
      cause: first,
    },
  };
}

/** A failure of a run that has already written something. */
export function halfDone(error: ActionableError): ActionableError {
  const { code, message, hint = runAgain, docs, requestId, retryable } = error;
  const details = { code, hint, docs, requestId, retryable, exitCode: exitCode.incomplete };
  return new ActionableError(message, details, { cause: error });
}

/** A person did not agree to the rest of the work, after a part of it was done. */
export function declinedHalfWay(code: string, message: string): ActionableError {
  return new ActionableError(message, { code, hint: runAgain, exitCode: exitCode.incomplete });
}

/** One of several things that could not be done. */
export interface FailedPart {
  readonly name: string;
  readonly error: ActionableError;
}

/** Things that could not be done, each on its own line with its reason. */
export function listFailed(failed: readonly FailedPart[]): string {
  return failed.map(({ name, error }) => `  ${name}: ${error.message}`).join("\n");
}

/**
 * Says that some things could not be done, and that the others were.
 * @param says the sentence before the list
 * @param hint what to do if the first of them does not say it
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

/** What fixes several errors, each fix once and on its own line. */
export function fixesOf(errors: readonly ActionableError[]): string | undefined {
  const fixes = [...new Set(errors.flatMap(({ hint }) => hint ?? []))];
  return fixes.length === 0 ? undefined : fixes.slice(0, mostFixes).join("\n");
}

/** Says that none of the targets can be written now, so nothing was begun. */
export function noneWritable([first, ...more]: readonly [
  ActionableError,
  ...ActionableError[],
]): ActionableError {
  const errors = [first, ...more];
  const { code, docs, requestId } = first;
  const passing = errors.every(({ retryable }) => retryable);
  return new ActionableError(
    errors.map(({ message }) => message).join("\n"),
    // A cluster that does not answer has not refused anything.
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
