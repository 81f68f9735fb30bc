import { ActionableError } from "../../domain/errors.ts";
import { exitCode, type ExitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { fixLines } from "./lines.ts";
import { toned, type Line, type Terminal } from "./terminal.ts";
import { wrapped } from "./text-width.ts";
import type { Detail } from "./view.ts";

/** Why a run did not do what it was asked to, as shown. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly docs?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryable: boolean;
  readonly exitCode: ExitCode;
  /** Shown instead below an answer that already reports each part. */
  readonly brief?: { readonly message: string; readonly hint: string } | undefined;
  /** What was thrown, for `--debug`. */
  readonly cause?: unknown;
}

/** Describes anything that was thrown. An error that no person can act on is a bug of ours. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof ActionableError) {
    const { code, message, hint, docs, requestId, retryable } = error;
    return { code, message, hint, docs, requestId, retryable, exitCode: error.exitCode, cause: error };
  }
  return {
    code: "bug",
    message: "This is a bug in acr-pull.",
    // No address: the package is not published, so the page of its name may become anybody's.
    hint: "Please report it to the maintainers, with what --debug shows.",
    retryable: false,
    exitCode: exitCode.failed,
    cause: error,
  };
}

/** Shows a failure on stderr. */
export function tellFailure(terminal: Terminal, { debug }: Detail, failure: Failure): void {
  const { width } = terminal.stderr;
  for (const line of failureLines(failure, { debug, width })) terminal.stderr.line(line);
}

const indent = " ".repeat("error: ".length);

/**
 * A failure in lines for stderr: its code, what happened, what to do, where to read more, and the service's request id.
 * @param debug whether to show what was thrown, and its causes
 * @param width columns that the terminal has
 */
export function failureLines(
  failure: Failure,
  { debug, width = Infinity }: { readonly debug: boolean; readonly width?: number },
): Line[] {
  const head = `error[${failure.code}]:`;
  const sentences = `${head} ${failure.message}`.split("\n");
  const [first = head, ...more] = sentences.flatMap((sentence) => wrapped(sentence, width - indent.length));
  const lines: Line[] = [
    [toned("bad", head), first.slice(head.length)],
    ...more.map((line) => indent + line),
  ];
  if (failure.hint) lines.push(...fixLines(failure.hint, width));
  if (failure.docs) lines.push([toned("faint", "  see:"), ` ${failure.docs}`]);
  if (failure.requestId) lines.push([toned("faint", "  request id:"), ` ${failure.requestId}`]);
  if (debug) lines.push(...causeLines(failure.cause));
  return lines;
}

function causeLines(thrown: unknown): Line[] {
  const lines: Line[] = [];
  const seen = new Set<unknown>();
  for (let cause = thrown; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    const { name, message } = cause;
    // A service's line breaks must not look like a line of ours.
    const text = (cause.stack ?? `${name}: ${message}`).replace(message, () => inOneLine(message));
    if (seen.size > 0) lines.push([toned("faint", "  caused by:")]);
    lines.push(...text.split("\n").map((line): Line => [toned("faint", `  ${line}`)]));
    seen.add(cause);
  }
  if (seen.size === 0) lines.push([toned("faint", `  thrown: ${typeof thrown}`)]);
  return lines;
}
