import { oneLine } from "./foreign-text.ts";
import type { Line } from "./terminal.ts";
import { columnsOf } from "./text-width.ts";
import { wrapped } from "./wrapped.ts";

const gap = "  ";

/**
 * Columns without lines between them; where they do not fit, each row by itself, as lines of `label: cell`.
 * @param head the columns' names; without them a row is a label, a value, and what became of it
 * @param width columns that the terminal has
 */
export function tableLines(
  head: readonly string[] | undefined,
  rows: ReadonlyArray<readonly string[]>,
  width: number,
): Line[] {
  const cells = [...(head ? [head] : []), ...rows.map((row) => row.map(oneLine))];
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, columnsOf(cell));
    }
  }
  const whole = widths.reduce((sum, columns) => sum + columns, gap.length * Math.max(0, widths.length - 1));
  if (whole > width) return rows.flatMap((row, index) => rowLines(head, row, index, width));
  return cells.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join(gap)
      .trimEnd(),
  );
}

function rowLines(
  head: readonly string[] | undefined,
  row: readonly string[],
  index: number,
  width: number,
): Line[] {
  if (head) {
    const lines = row.flatMap((cell, column) => wrapped(`${head[column]?.toLowerCase()}: ${cell}`, width));
    return index === 0 ? lines : ["", ...lines];
  }
  const [label = "", value = "", action = ""] = row;
  return wrapped(action === "" ? `${label}: ${value}` : `${label}: ${value} (${action})`, width);
}
