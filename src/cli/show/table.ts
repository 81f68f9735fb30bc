import { oneLine } from "./foreign-text.ts";
import type { Line } from "./terminal.ts";
import { columnsOf, cutInside, wrapped } from "./text-width.ts";

const gap = "  ";

/** A column of a list. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** If there is no room for all columns, those with the lowest number go first. One without a number always stays. */
  readonly expendable?: number;
}

/** No column is cut to less than this. */
const leastWidth = 6;

/**
 * A list in columns, without lines between them. If they do not fit, expendable columns go first, and then long cells
 * are cut in the middle.
 * @param width columns that the terminal has
 */
export function listLines<Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: readonly Row[],
  width: number,
): Line[] {
  const cells = columns.map(({ head, cell }) => [head, ...rows.map((row) => oneLine(cell(row)))]);
  const widths = cells.map((column) => Math.max(...column.map(columnsOf)));
  const order = columns
    .flatMap(({ expendable }, index) => (expendable === undefined ? [] : [{ index, expendable }]))
    .sort((left, right) => left.expendable - right.expendable);
  let shown = columns.map((_column, index) => index);
  for (const { index } of order) {
    if (whole(shown.map((one) => widths[one] ?? 0)) <= width) break;
    shown = shown.filter((one) => one !== index);
  }
  const fitting = cutToFit(
    shown.map((index) => widths[index] ?? 0),
    width,
  );
  return [undefined, ...rows].map((_row, line) =>
    inColumns(
      shown.map((index, place) => cutInside(fitting[place] ?? 0, cells[index]?.[line] ?? "")),
      fitting,
    ),
  );
}

/**
 * Labels with their values, and what became of each. A long value takes several lines. If even its words do not fit,
 * every row becomes lines of `label: value`.
 * @param rows a label, a value, and what became of it
 * @param width columns that the terminal has
 */
export function labelLines(rows: ReadonlyArray<readonly string[]>, width: number): Line[] {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((row) => columnsOf(row[column] ?? ""))));
  const [labels = 0, values = 0, actions = 0] = widths;
  const room = Math.min(values, width - whole([labels, 0, actions]));
  const words = cells.flatMap(([, value = ""]) => value.split(" "));
  if (words.every((word) => columnsOf(word) <= room)) {
    return cells.flatMap(([label = "", value = "", action = ""]) =>
      wrapped(value, room).map((line, index) =>
        inColumns(index === 0 ? [label, line, action] : ["", line], [labels, room, actions]),
      ),
    );
  }
  return cells.flatMap(([label = "", value = "", action = ""]) =>
    wrapped(action === "" ? `${label}: ${value}` : `${label}: ${value} (${action})`, width),
  );
}

function inColumns(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - columnsOf(cell))))
    .join(gap)
    .trimEnd();
}

function whole(widths: readonly number[]): number {
  return widths.reduce((sum, columns) => sum + columns, gap.length * Math.max(0, widths.length - 1));
}

/** Narrows the widest column first. */
function cutToFit(widths: readonly number[], width: number): readonly number[] {
  const cut = [...widths];
  while (whole(cut) > width) {
    const widest = Math.max(...cut);
    if (widest <= leastWidth) break;
    cut[cut.indexOf(widest)] = widest - 1;
  }
  return cut;
}
