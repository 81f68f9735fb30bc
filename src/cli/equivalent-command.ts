import type { GivenOptions } from "./answers.ts";
import type { OptionSet } from "./option.ts";

/**
 * The command line that does the same without a question, safe to paste into a POSIX shell. What came from variables
 * is left to them; how it is told is no part of what is done; nothing secret is ever an option's value.
 */
export function equivalentCommand(
  program: string,
  command: string,
  options: OptionSet,
  given: GivenOptions,
): string {
  const words = [program, command];
  for (const [name, { kind, long, group }] of Object.entries(options)) {
    const answer = given.get(name);
    if (answer?.source !== "flag" || name === "yes" || group === "Output") continue;
    for (const text of answer.texts) words.push(kind === "switch" ? long : `${long} ${shellWord(text)}`);
  }
  return [...words, "--yes"].join(" ");
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
