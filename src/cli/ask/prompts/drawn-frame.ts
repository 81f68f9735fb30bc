import { stripVTControlCharacters } from "node:util";
import { columnsOf } from "../../show/text-width.ts";
import type { Frame, Size } from "./layout.ts";

/** A question as it stands on the screen. */
export interface Drawn {
  /** How many columns each of its rows takes, from top to bottom. */
  readonly rows: readonly number[];
  /** The row of the cursor. */
  readonly cursorRow: number;
  /** How many columns are before the cursor. */
  readonly cursorColumn: number;
  /** The terminal that it was drawn for. */
  readonly size: Size;
}

/**
 * Where the parts of a frame are on the screen.
 * @param text the text after its label
 * @param cursor how many characters of the text are before the cursor
 */
export function drawnFrame({ above, label, below }: Frame, text: string, cursor: number, size: Size): Drawn {
  const { columns } = size;
  const typed = width(label + text);
  const before = width(label + text.slice(0, cursor));
  // Typed text takes as many rows as it needs.
  const whole = Array.from({ length: Math.floor(typed / columns) }, () => columns);
  return {
    rows: [...above.map(width), ...whole, typed % columns, ...below.map(width)],
    cursorRow: above.length + Math.floor(before / columns),
    cursorColumn: before % columns,
    size,
  };
}

/**
 * What to write before inquirer redraws a question in a terminal that was resized since. inquirer erases as many rows
 * as it drew. But a narrower terminal breaks some of them into more rows, and a lower one has no room for all of
 * them. Lines above the question would be erased, or rows of the question would stay. So the old question is erased
 * from its first row to the end of the screen, and inquirer gets empty rows to erase instead.
 * @param miscounts whether the terminal also moves the cursor for rows that it adds below the cursor
 */
export function roomToRedraw(drawn: Drawn, now: Size, miscounts: boolean): string {
  const { size } = drawn;
  if (now.columns === size.columns && now.rows === size.rows) return "";
  const row = miscounts ? rowInXtermJs(drawn, now) : rowOfCursor(drawn, now);
  return `\r${up(row)}\u001b[J${emptyRows(drawn)}`;
}

/** Which row of the question the cursor is in now: it stays after the same text. */
function rowOfCursor({ rows, cursorRow, cursorColumn }: Drawn, { columns }: Size): number {
  const above = rows.slice(0, cursorRow).reduce((sum, width) => sum + 1 + addedTo(width, columns), 0);
  return above + addedTo(cursorColumn, columns);
}

/**
 * The same, but for xterm.js. It goes from the last row to the first, and moves the cursor down for each row that it
 * adds. It skips the row that it takes for the cursor's. If the terminal became lower, xterm.js may have cut off the
 * last rows before that.
 * Source: `_reflowSmaller` in https://github.com/xtermjs/xterm.js/blob/6.0.0/src/common/buffer/Buffer.ts
 */
function rowInXtermJs({ rows, cursorRow, size }: Drawn, now: Size): number {
  const left = rows.slice(0, Math.max(rows.length - Math.max(size.rows - now.rows, 0), cursorRow + 1));
  return left.reduceRight(
    (cursor, width, row) => (row === cursor ? cursor : cursor + addedTo(width, now.columns)),
    cursorRow,
  );
}

/** How many rows a terminal with this many columns adds to a row of this width. */
function addedTo(width: number, columns: number): number {
  return Math.max(Math.ceil(width / columns) - 1, 0);
}

/** Empty rows that inquirer erases in place of the question. The cursor ends where it was in the question. */
export function emptyRows({ rows, cursorRow }: Pick<Drawn, "rows" | "cursorRow">): string {
  const last = rows.length - 1;
  return `${"\n".repeat(last)}${up(last - cursorRow)}`;
}

/** A text that moves the cursor below the question, so that others can write there. */
export function wayOut({ rows, cursorRow }: Drawn): string {
  return "\r" + "\n".repeat(rows.length - cursorRow);
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : "";
}

function width(line: string): number {
  return columnsOf(stripVTControlCharacters(line));
}
