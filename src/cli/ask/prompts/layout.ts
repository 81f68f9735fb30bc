import { wrapAnsi } from "fast-wrap-ansi";
import { oneLine } from "../../show/foreign-text.ts";
import type { Line, Toned } from "../../show/terminal.ts";
import { columnsOf, cutTo } from "../../show/text-width.ts";

/** The room that a terminal has. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The lines of a question, none wider than the terminal; the typed text stands behind `label`. */
export interface Frame {
  readonly above: readonly string[];
  readonly label: string;
  readonly below: readonly string[];
}

/** A line as it is shown, in colour where it is wanted. */
export type Paint = (line: Line) => string;

/** The line's beginning that fits into so many columns. */
export function cutLine(line: Line, columns: number): Line {
  let room = columns;
  const cut: Array<string | Toned> = [];
  for (const piece of typeof line === "string" ? [line] : line) {
    const whole = oneLine(typeof piece === "string" ? piece : piece.text);
    const text = cutTo(room, whole);
    room -= columnsOf(text);
    cut.push(typeof piece === "string" ? text : { ...piece, text });
    if (text !== whole) break;
  }
  return cut;
}

/**
 * A line broken between words into lines that fit.
 * @param lead what stands before the first line; those that follow are indented as far
 */
export function wrapLine(line: Line, columns: number, paint: Paint, lead: Line = "  "): string[] {
  const first = paint(lead);
  const indent = columnsOf(typeof lead === "string" ? lead : lead.map(plainText).join(""));
  const wrapped = wrapAnsi(paint(line), Math.max(columns - indent, 10), { hard: true }).split("\n");
  return wrapped.map((text, index) => `${index === 0 ? first : " ".repeat(indent)}${text}`);
}

/** What keys do, in one line: as many of the hints as fit, the last ones rather than the first. */
export function keyLine(hints: readonly string[], columns: number): string {
  const text = hints.join(" · ");
  return columnsOf(text) <= columns ? text : keyLine(hints.slice(1), columns);
}

function plainText(piece: string | Toned): string {
  return typeof piece === "string" ? piece : piece.text;
}
