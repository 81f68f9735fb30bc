import measure from "fast-string-truncated-width";
import { wrapAnsi } from "fast-wrap-ansi";
import { oneLine } from "./foreign-text.ts";

/** How many columns of a terminal a text without control characters takes. A wide character takes two. */
export function columnsOf(text: string): number {
  return measure(text).width;
}

/** The text, cut with an ellipsis at its end if it would take more than this many columns. */
export function cutTo(columns: number, text: string): string {
  if (columns <= 0) return "";
  const { index, truncated } = measure(text, { limit: columns, ellipsis: "…", ellipsisWidth: 1 });
  return truncated ? `${text.slice(0, index)}…` : text;
}

/**
 * A command with options inside a sentence: up to the first punctuation mark after a word, or to the end. Nothing in
 * quotes ends it.
 */
const command =
  /(?<![\w/-])(?:[A-Z]\w*= )*(?:acr-pull|kubectl|az)(?: [a-z][\w-]*){0,5} --?[a-z](?:(?<=[ =])'[^']*'|\S|(?<![:;,.)]) )*/g;

/** Stands for a space at which no line is broken. */
const unbroken = "\u00a0";

/**
 * A sentence in lines broken between words. A word that is too long for a line stays whole, so that it can be copied.
 * A command stays whole, too: pasted in pieces, it would be several commands.
 * @param width columns that the terminal has; Infinity leaves it in one line
 * @param indent how many columns all lines are indented by
 */
export function wrapped(text: string, width: number, indent = 0): string[] {
  const clean = oneLine(text);
  if (width === Infinity) return [" ".repeat(indent) + clean];
  const held = clean.replaceAll(command, (words) => words.replaceAll(" ", unbroken));
  return wrapAnsi(held, Math.max(width - indent, 1))
    .split("\n")
    .map((line) => " ".repeat(indent) + line.replaceAll(unbroken, " "));
}

/** The text, with an ellipsis in the middle if it would take more than this many columns: names differ at the end. */
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
