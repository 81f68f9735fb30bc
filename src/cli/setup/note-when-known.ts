import type { ActionableError } from "../../domain/errors.ts";
import type { Prompter } from "../ask/prompter.ts";
import { toned, type Line } from "../show/terminal.ts";

const missingRights = ["kubernetes.forbidden", "azure.forbidden", "directory.forbidden"];

/** Warns that a list is short, and why in few words: a missing right is common, and says enough. */
export function unlistedWarning(what: string, { code, message }: ActionableError, instead: string): Line {
  const why = missingRights.includes(code)
    ? "may not be listed"
    : `cannot be listed (${message.replace(/\.$/, "")})`;
  return [toned("warning", "! "), `${what} ${why}; ${instead}.`];
}

/** Tells something beside the question that is asked, as soon as it is known. */
export function noteWhenKnown<Data>(
  prompter: Pick<Prompter, "note">,
  data: Promise<Data>,
  linesOf: (data: Data) => readonly Line[],
): void {
  const tell = (known: Data) => {
    for (const line of linesOf(known)) prompter.note(line);
  };
  // Why nothing is known at all, the question itself tells.
  data.then(tell, () => {});
}
