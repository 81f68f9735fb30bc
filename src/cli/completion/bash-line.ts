/*
 * A command line as bash's readline sees it. The words that bash gives a completion function are still quoted. They
 * are also split at `=`, `:` and `@`, which occur in image names, contexts and --option=value. So the line itself is
 * read.
 */

/** A line up to the cursor. */
interface BashLine {
  /** The words before the one under the cursor, without quotes; the program's name is the first. */
  readonly words: readonly string[];
  /** The typed part of the word under the cursor, without quotes. */
  readonly current: string;
  /** What readline puts in place of `replaced`: that part of `word`, quoted the way it was begun. */
  insert(word: string): string;
}

type Quote = "'" | '"' | undefined;

/**
 * @param line the command, up to the cursor
 * @param replaced the end of the line that readline will replace, unchanged: the part of the word after the last break
 *   or opening quote. It includes the break if that is an `@`, which begins the name of a host.
 * Source: https://www.gnu.org/software/bash/manual/bash.html#Quoting
 */
export function readBashLine(line: string, replaced: string): BashLine {
  const replacedFrom = line.endsWith(replaced) ? line.length - replaced.length : -1;
  const words: string[] = [];
  let current = "";
  let begun = false;
  let quote: Quote;
  /** How much of `current` comes before the part that is replaced. */
  let before = 0;
  const end = () => {
    if (begun) words.push(current);
    [current, begun, before] = ["", false, 0];
  };
  for (let at = 0; at < line.length; at += 1) {
    if (at === replacedFrom) before = current.length;
    const character = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote === undefined && /\s/.test(character)) {
      end();
      continue;
    }
    begun = true;
    if (character === "\\" && escapes(quote, next)) {
      at += 1;
      // Before a line break, the backslash only continues the line.
      if (next !== "\n") current += next;
    } else if (character === quote) {
      quote = undefined;
    } else if (quote === undefined && (character === "'" || character === '"')) {
      quote = character;
    } else {
      current += character;
    }
  }
  if (replaced === "") before = current.length;
  return { words, current, insert: (word) => quoted(word.slice(before), quote) };
}

function escapes(quote: Quote, next: string): boolean {
  if (quote === "'") return false;
  return quote === undefined ? next !== "" : /["$\\`\n]/.test(next);
}

function quoted(text: string, quote: Quote): string {
  if (quote === "'") return text.replaceAll("'", String.raw`'\''`);
  if (quote === '"') return text.replace(/["$\\`]/g, String.raw`\$&`);
  return text.replace(/[^\w@%+=:,./-]/gu, String.raw`\$&`);
}
