import { stripVTControlCharacters } from "node:util";
import { columnsOf } from "../text-width.ts";

/** What is on the screen: lines, and how many of them stand below the one with the cursor, which is as long as typed. */
export interface Shown {
  readonly lines: readonly string[];
  readonly below: number;
}

/**
 * What to write before a question is drawn anew in a terminal of another width. Terminals break lines that became too
 * long, so inquirer, which counts the lines it drew, would leave some of them behind: this erases them all, and leaves
 * as many empty ones as inquirer believes to be there, with the cursor where it left it.
 */
export function eraseReflowed({ lines, below }: Shown, columns: number): string {
  const cursorLine = lines.length - 1 - below;
  const rows = lines
    .slice(0, cursorLine)
    .map((line) => Math.max(Math.ceil(columnsOf(stripVTControlCharacters(line)) / columns), 1))
    .reduce((sum, count) => sum + count, 0);
  return `\r${up(rows)}\u001b[J${"\n".repeat(lines.length - 1)}${up(below)}`;
}

function up(rows: number): string {
  return rows > 0 ? `\u001b[${rows}A` : "";
}
