import type { ActionableError } from "../../../domain/errors.ts";
import type { Prompter } from "../../prompter.ts";
import { toned } from "../../terminal.ts";

const missingRights = ["kubernetes.forbidden", "azure.forbidden", "directory.forbidden"];

/** Why a list is short, in few words: a missing right is common, and says enough. */
export function unlistedText(what: string, { code, message }: ActionableError, instead: string): string {
  const why = missingRights.includes(code)
    ? "may not be listed"
    : `cannot be listed (${message.replace(/\.$/, "")})`;
  return `${what} ${why}; ${instead}.`;
}

/**
 * Warns beside a question of what its list lacks, as soon as that is known.
 * @param warningsOf sentences, from what the question shows
 */
export function noteWhenKnown<Data>(
  prompter: Pick<Prompter, "note">,
  data: Promise<Data>,
  warningsOf: (data: Data) => readonly string[],
): void {
  const tell = (known: Data) => {
    for (const text of warningsOf(known)) prompter.note([toned("warning", "! "), text]);
  };
  // Why nothing is known at all, the question itself tells.
  data.then(tell, () => {});
}
