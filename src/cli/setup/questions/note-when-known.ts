import type { Prompter } from "../../prompter.ts";
import { toned } from "../../terminal.ts";

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
