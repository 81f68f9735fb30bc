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

/**
 * A sentence in lines broken between words; a word that is too long by itself is left whole, to be copied.
 * @param width columns that the terminal has; Infinity leaves it in one line
 * @param indent columns that all lines are put in by
 */
export function wrapped(text: string, width: number, indent = 0): string[] {
  const clean = oneLine(text);
  const lines = width === Infinity ? [clean] : wrapAnsi(clean, Math.max(width - indent, 1)).split("\n");
  return lines.map((line) => " ".repeat(indent) + line);
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
