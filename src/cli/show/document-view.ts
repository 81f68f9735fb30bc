import { exitCode } from "../../domain/exit-code.ts";
import { escaped, speakable } from "./foreign-text.ts";
import type { Terminal } from "./terminal.ts";
import type { Failure } from "./failure.ts";
import { talk } from "./human-view.ts";
import type { View } from "./view.ts";
import type { ProgressLines } from "./progress-lines.ts";

/**
 * Prints exactly one document on stdout, as JSON. A failure is also reported on stderr.
 * @param tell reports the failure
 */
export function openDocumentView(
  terminal: Terminal,
  tell: (failure: Failure) => void,
  progress: ProgressLines,
): View {
  const print = (document: Readonly<Record<string, unknown>>, failure: Failure | undefined) => {
    progress.close();
    terminal.stdout.document(jsonText(speakable(document)));
    if (failure) tell(failure);
  };
  return {
    ...talk(terminal, progress),
    answer: ({ command, exitCode: code, document, failure }) =>
      print(envelope(command, code, document, failure), failure),
    failure: (command, failure) => print(envelope(command, failure.exitCode, {}, failure), failure),
  };
}

/** Wraps a command's fields in the document of the published contract. */
function envelope(
  command: string | undefined,
  code: number,
  fields: Readonly<Record<string, unknown>>,
  failure: Failure | undefined,
): Readonly<Record<string, unknown>> {
  return {
    schemaVersion: 1,
    command: command ?? null,
    ok: code === exitCode.ok,
    exitCode: code,
    ...fields,
    ...(failure && {
      error: {
        code: failure.code,
        message: failure.message,
        hint: failure.hint ?? null,
        retryable: failure.retryable,
      },
    }),
  };
}

/** JSON over several lines, without a character that a terminal would act on. */
export function jsonText(document: Readonly<Record<string, unknown>>): string {
  return `${escaped(JSON.stringify(document, undefined, 2))}\n`;
}
