import measure from "fast-string-truncated-width";
import { wrapAnsi } from "fast-wrap-ansi";
import { oneLine } from "./foreign-text.ts";

/** How many columns of a terminal a text takes that holds no control characters; a wide character takes two. */
export function columnsOf(text: string): number {
  return measure(text).width;
}

/** The text, cut with an ellipsis at its end where it would take more than so many columns. */
export function cutTo(columns: number, text: string): string {
  if (columns <= 0) return "";
  const { index, truncated } = measure(text, { limit: columns, ellipsis: "…", ellipsisWidth: 1 });
  return truncated ? `${text.slice(0, index)}…` : text;
}

/** A command with options inside a sentence: up to the first sign behind a word, or to the end. */
const command =
  /(?<![\w/-])(?:[A-Z]\w*= )*(?:acr-pull|kubectl|az)(?: [a-z][\w-]*){0,5} --?[a-z](?:\S* (?<![:;,.)] ))*\S*/g;

/** Stands for a space at which no line is broken. */
const unbroken = "\u00a0";

/**
 * A sentence in lines broken between words. A word that is too long by itself is left whole, to be copied, and so is a
 * command: pasted in pieces it would be several.
 * @param width columns that the terminal has; Infinity leaves it in one line
 * @param indent columns that all lines are put in by
 */
export function wrapped(text: string, width: number, indent = 0): string[] {
  const clean = oneLine(text);
  if (width === Infinity) return [" ".repeat(indent) + clean];
  const held = clean.replaceAll(command, (words) => words.replaceAll(" ", unbroken));
  return wrapAnsi(held, Math.max(width - indent, 1))
    .split("\n")
    .map((line) => " ".repeat(indent) + line.replaceAll(unbroken, " "));
}

/** The text, cut with an ellipsis inside where it would take more than so many columns: names differ at their ends. */
export function cutInside(columns: number, text: string): string {
  if (columnsOf(text) <= columns) return text;
  const start = Math.ceil((columns - 1) / 2);
  let end = "";
  for (const { segment: character } of [...new Intl.Segmenter().segment(text)].toReversed()) {
    if (columnsOf(character + end) > columns - 1 - start) break;
    end = character + end;
  }
  return cutTo(columns - columnsOf(end), text) + end;
}
