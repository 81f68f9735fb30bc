import type { Action } from "../../core/plan.ts";
import { toned, type Line } from "./terminal.ts";
import { tableLines } from "./table-lines.ts";

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
