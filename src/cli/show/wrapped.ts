import { wrapAnsi } from "fast-wrap-ansi";
import { oneLine } from "./foreign-text.ts";

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
