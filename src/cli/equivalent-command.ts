import type { GivenOptions } from "./answers.ts";
import type { OptionSet } from "./option.ts";

/**
 * The command line that does the same without a question, safe to paste into a POSIX shell. What came from variables
 * is left to them; how it is told is no part of what is done; nothing secret is ever an option's value.
 * @param options.asking whether it shall ask for what is not said
 */
export function equivalentCommand(
  program: string,
  command: string,
  options: OptionSet,
  given: GivenOptions,
  { asking = false }: { readonly asking?: boolean } = {},
): string {
  const words = [program, command];
  for (const [name, { kind, long, group }] of Object.entries(options)) {
    const answer = given.get(name);
    if (!answer || answer.source === "variable" || name === "yes" || group === "Output") continue;
    for (const text of answer.texts) {
      // A value that starts with a dash would be taken for another flag.
      const between = text.startsWith("-") ? "=" : " ";
      words.push(kind === "switch" ? long : `${long}${between}${shellWord(text)}`);
    }
  }
  return [...words, ...(asking ? [] : ["--yes"])].join(" ");
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
