import { stripVTControlCharacters } from "node:util";
import { columnsOf } from "../../show/text-width.ts";
import type { Frame, Size } from "./layout.ts";

/** A question as it stands on the screen. */
export interface Drawn {
  /** How many columns each of its rows takes, from top to bottom. */
  readonly rows: readonly number[];
  /** The row that the cursor stands in. */
  readonly cursorRow: number;
  /** How many columns stand before the cursor. */
  readonly cursorColumn: number;
  /** The terminal that it was drawn for. */
  readonly size: Size;
}

/**
 * How a frame comes to stand on the screen.
 * @param text that stands behind its label
 * @param cursor how many characters of the text stand before the cursor
 */
export function drawnFrame({ above, label, below }: Frame, text: string, cursor: number, size: Size): Drawn {
  const { columns } = size;
  const typed = width(label + text);
  const before = width(label + text.slice(0, cursor));
  // What is typed goes over as many rows as it takes.
  const whole = Array.from({ length: Math.floor(typed / columns) }, () => columns);
  return {
    rows: [...above.map(width), ...whole, typed % columns, ...below.map(width)],
    cursorRow: above.length + Math.floor(before / columns),
    cursorColumn: before % columns,
    size,
  };
}

/**
 * What to write before inquirer redraws a question in a terminal that was resized since: it erases as many rows as it
 * drew. A narrower terminal has broken some of them, a lower one has no room for all, and then lines above the question
 * would go, or rows of it would stay. So the old question is erased from its first row to the screen's end, and empty
 * rows are put there for inquirer to erase.
 * @param miscounts whether the terminal moves the cursor for rows that it adds below, too
 */
export function roomToRedraw(drawn: Drawn, now: Size, miscounts: boolean): string {
  const { size } = drawn;
  if (now.columns === size.columns && now.rows === size.rows) return "";
  const row = miscounts ? rowInXtermJs(drawn, now) : rowOfCursor(drawn, now);
  return `\r${up(row)}\u001b[J${emptyRows(drawn)}`;
}

/** Which row of the question the cursor stands in now: it stays behind the same text. */
function rowOfCursor({ rows, cursorRow, cursorColumn }: Drawn, { columns }: Size): number {
  const above = rows.slice(0, cursorRow).reduce((sum, width) => sum + 1 + addedTo(width, columns), 0);
  return above + addedTo(cursorColumn, columns);
}

/**
 * The same where xterm.js resizes: from the last row to the first, it moves the cursor down for what it adds, and leaves
 * alone the row that it takes for the cursor's. Of a lower terminal, the last rows may be cut off before.
 * Source: `_reflowSmaller` in https://github.com/xtermjs/xterm.js/blob/6.0.0/src/common/buffer/Buffer.ts
 */
function rowInXtermJs({ rows, cursorRow, size }: Drawn, now: Size): number {
  const left = rows.slice(0, Math.max(rows.length - Math.max(size.rows - now.rows, 0), cursorRow + 1));
  return left.reduceRight(
    (cursor, width, row) => (row === cursor ? cursor : cursor + addedTo(width, now.columns)),
    cursorRow,
  );
}

/** How many rows a terminal of so many columns adds to a row of this width. */
function addedTo(width: number, columns: number): number {
  return Math.max(Math.ceil(width / columns) - 1, 0);
}

/** Empty rows from the cursor on for inquirer to erase in place of the question, and the cursor where it was in that. */
export function emptyRows({ rows, cursorRow }: Pick<Drawn, "rows" | "cursorRow">): string {
  const last = rows.length - 1;
  return `${"\n".repeat(last)}${up(last - cursorRow)}`;
}

/** The cursor below the question, for others to write there. */
export function wayOut({ rows, cursorRow }: Drawn): string {
  return "\r" + "\n".repeat(rows.length - cursorRow);
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : "";
}

function width(line: string): number {
  return columnsOf(stripVTControlCharacters(line));
}
