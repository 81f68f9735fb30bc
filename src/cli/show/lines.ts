import { type Line, type Toned, toned } from "./terminal.ts";
import { wrapped, columnsOf } from "./text-width.ts";
import { oneLine } from "./foreign-text.ts";
import type { Action } from "../../core/plan.ts";

/**
 * A sign of one column, and a sentence behind it over as many lines as it takes.
 * @param width columns that the terminal has
 */
export function signedLines(sign: Toned, text: string, width: number): Line[] {
  const [first = "", ...more] = wrapped(text, width - 2);
  return [[sign, ` ${first}`], ...more.map((line) => `  ${line}`)];
}

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

/** What became of one thing in a namespace. */
export interface ShownTarget {
  readonly context: string;
  readonly namespace: string;
  /** "secret" */
  readonly kind: string;
  readonly name: string;
  readonly action: Action;
  readonly error?: { readonly message: string; readonly hint?: string };
}

/** More rows than these are counted: nobody reads them, and they push the rest off the screen. */
const mostRows = 20;

/** What became of each secret and service account, and why one was left out. */
export function targetLines(targets: readonly ShownTarget[], width: number): Line[] {
  const inOrder = targets.filter(({ error }) => error === undefined);
  const lines: Line[] = [];
  if (inOrder.length > mostRows) {
    const counts = countsOf(inOrder.map(({ kind, action }) => [`${kind}s`, action]));
    const failed = targets.length - inOrder.length;
    lines.push(...tableLines(["TARGETS", "RESULT", "COUNT"], counts, width));
    if (failed > 0) lines.push("", `${failed} failed:`);
  } else {
    const rows = targets.map(({ context, namespace, name, kind, action }) => [
      context,
      namespace,
      `${kind} ${name}`,
      action,
    ]);
    lines.push(...tableLines(["CONTEXT", "NAMESPACE", "TARGET", "RESULT"], rows, width));
  }
  for (const { context, namespace, error } of targets) {
    if (error === undefined) continue;
    lines.push("", [toned("bad", `✗ ${context}/${namespace}:`), ` ${error.message}`]);
    if (error.hint) lines.push([toned("strong", "  fix:"), ` ${error.hint}`]);
  }
  return lines;
}

/** Each row once, and how often it was there. */
function countsOf(rows: ReadonlyArray<readonly string[]>): string[][] {
  const counts = new Map<string, { readonly row: readonly string[]; count: number }>();
  for (const row of rows) {
    const counted = counts.get(row.join()) ?? { row, count: 0 };
    counted.count += 1;
    counts.set(row.join(), counted);
  }
  return [...counts.values()].map(({ row, count }) => [...row, String(count)]);
}
