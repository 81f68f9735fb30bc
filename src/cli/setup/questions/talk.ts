import type { ActionableError } from "../../../domain/errors.ts";
import type { Talk } from "../../flow-command.ts";
import { describeFailure, failureLines } from "../../show/failure.ts";
import type { SetupTypes } from "../options.ts";

/** What the questions of `setup` work with. */
export type SetupTalk = Talk<SetupTypes>;

/** Shows why something cannot be as it was answered. */
export function tell({ context: { view, terminal } }: SetupTalk, error: ActionableError): void {
  const { width } = terminal.stderr;
  view.notice(["", ...failureLines(describeFailure(error), { debug: false, width }), ""]);
}

/** Says something to know at the next question. */
export function warn({ context }: SetupTalk, text: string): void {
  context.view.report({ kind: "note", level: "warning", text });
}

/** The texts between commas. */
export function separated(text: string): string[] {
  return text.split(",").flatMap((one) => one.trim() || []);
}
