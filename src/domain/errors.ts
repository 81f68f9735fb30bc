import { exitCode, type ExitCode } from "./exit-code.ts";

/** What a reader of an error needs in addition to its message. */
export interface ErrorDetails {
  /** A stable, documented name: `area.what`, such as `registry.not-found`. */
  readonly code: string;
  /** What to do about it, as sentences or commands: a line for each fix. Lines that begin with a space continue it. */
  readonly hint?: string | undefined;
  /** Where to read more. */
  readonly docs?: string | undefined;
  /** Whether the same command may succeed later with nothing changed. Default false. */
  readonly retryable?: boolean | undefined;
  /** The exit code of a run that fails with this error, unless something else decides it. Default 1. */
  readonly exitCode?: ExitCode | undefined;
  /** The service's own id of the failed request, which its support asks for. */
  readonly requestId?: string | undefined;
  /** HTTP status of the answer that caused it, if there was one. */
  readonly status?: number | undefined;
  /** What to say instead of message and hint if the answer already lists each part with its fix. */
  readonly brief?: { readonly message: string; readonly hint: string } | undefined;
  /** For names that do not exist, the names that may have been meant. */
  readonly meant?: Readonly<Record<string, string>> | undefined;
}

/** Request ids look like UUIDs. Anything else that is sent as one is dropped. */
const idShape = /^[\w.:-]{1,64}$/;

/**
 * A failure that a person can act on: what happened, why, what to do, where to read. Anything else that is thrown is
 * a bug of ours. `message` may contain a service's text; the terminal cleans it.
 */
export class ActionableError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly docs: string | undefined;
  readonly retryable: boolean;
  readonly exitCode: ExitCode;
  readonly requestId: string | undefined;
  readonly status: number | undefined;
  readonly brief: ErrorDetails["brief"];
  readonly meant: Readonly<Record<string, string>>;

  constructor(message: string, details: ErrorDetails, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ActionableError";
    this.code = details.code;
    this.hint = details.hint;
    this.docs = details.docs;
    this.retryable = details.retryable ?? false;
    this.exitCode = details.exitCode ?? exitCode.failed;
    this.requestId = idShape.test(details.requestId ?? "") ? details.requestId : undefined;
    this.status = details.status;
    this.brief = details.brief;
    this.meant = details.meant ?? {};
  }
}

/**
 * A write whose answer never arrived (reset, timeout, 5xx): it may or may not have taken effect. It is never repeated
 * blindly; the code that catches this looks first.
 */
export class OutcomeUnknownError extends ActionableError {
  constructor(message: string, details: ErrorDetails, options?: { cause?: unknown }) {
    super(message, details, options);
    this.name = "OutcomeUnknownError";
  }
}

/** Refused before anything was written: exit 2. */
export function refused(code: string, message: string, hint?: string, docs?: string): ActionableError {
  return new ActionableError(message, { code, hint, docs, exitCode: exitCode.usage });
}

/** Whether an error is an ActionableError with one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): error is ActionableError {
  return error instanceof ActionableError && codes.includes(error.code);
}
