import Table from "cli-table3";
import { oneLine } from "../foreign-text.ts";
import type { Line } from "../terminal.ts";
import { wrapped } from "./wrapped.ts";

/** What stands around and between the cells; only two spaces are left of it. */
const frame =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid";

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
  const table = new Table({
    chars: { ...Object.fromEntries(frame.split(" ").map((part) => [part, ""])), middle: "  " },
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  if (head) table.push([...head]);
  for (const row of rows) table.push(row.map(oneLine));
  // The table pads each line to its whole width.
  if (table.width > width) return rows.flatMap((row, index) => rowLines(head, row, index, width));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
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
