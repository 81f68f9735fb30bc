import type { Action } from "../../core/plan.ts";
import { alike, apartFrom, counted, fixOfAll, placesText, type Alike } from "./folding.ts";
import { listLines } from "./table.ts";
import { type Line, type Toned, toned } from "./terminal.ts";
import { columnsOf, wrapped } from "./text-width.ts";

/**
 * A sign or a label, followed by a sentence in as many lines as it needs.
 * @param width columns that the terminal has
 */
export function signedLines(sign: Toned, text: string, width: number): Line[] {
  const indent = columnsOf(sign.text) + 1;
  const [first = "", ...more] = wrapped(text, width - indent);
  return [[sign, ` ${first}`], ...more.map((line) => " ".repeat(indent) + line)];
}

const fix = "  fix:";

/** What to do about a failure, one fix on each line. A line that begins with a space continues the one above. */
export function fixLines(hint: string, width: number): Line[] {
  return hint
    .split("\n")
    .flatMap((line): Line[] =>
      line.startsWith(" ")
        ? wrapped(line.trim(), width, fix.length + 1)
        : signedLines(toned("strong", fix), line, width),
    );
}

/** Parts of an answer, with an empty line between those that are not empty. */
export function paragraphs(parts: readonly Line[][]): Line[] {
  return parts
    .filter(({ length }) => length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

/** What became of one thing in a namespace. */
export interface ShownTarget {
  /** Empty for a thing that is in no cluster. */
  readonly context: string;
  readonly namespace: string;
  /** "secret" */
  readonly kind: string;
  readonly name: string;
  readonly action: Action;
  readonly error?: { readonly message: string; readonly hint?: string };
}

type FailedTarget = ShownTarget & Required<Pick<ShownTarget, "error">>;

/** More rows than these are counted: nobody reads them, and they push the rest off the screen. */
const mostRows = 20;

/** Why some failed, then what became of each secret and service account. */
export function targetLines(targets: readonly ShownTarget[], width: number): Line[] {
  const failures = failedTargetLines(targets, width);
  const inOrder = targets.filter(({ error }) => error === undefined);
  if (inOrder.length === 0 && failures.length > 0) return failures;
  const table = inOrder.length > mostRows ? countLines(inOrder, width) : rowLines(inOrder, width);
  return failures.length > 0 ? [...failures, "", ...table] : table;
}

function rowLines(targets: readonly ShownTarget[], width: number): Line[] {
  // A target that was written for several registries is listed once.
  const once = alike(targets, ({ context, namespace, kind, name, action }) =>
    JSON.stringify([context, namespace, kind, name, action]),
  ).map(([first]) => first);
  const columns = [
    { head: "CONTEXT", cell: ({ context }: ShownTarget) => context },
    { head: "NAMESPACE", cell: ({ namespace }: ShownTarget) => namespace },
    { head: "TARGET", cell: ({ kind, name }: ShownTarget) => `${kind} ${name}` },
    { head: "RESULT", cell: ({ action }: ShownTarget) => action },
  ];
  return listLines(columns, once, width);
}

function countLines(targets: readonly ShownTarget[], width: number): Line[] {
  const columns = [
    { head: "CONTEXT", cell: ([one]: Alike<ShownTarget>) => one.context },
    { head: "TARGETS", cell: (all: Alike<ShownTarget>) => counted(all.length, all[0].kind) },
    { head: "RESULT", cell: ([one]: Alike<ShownTarget>) => one.action },
  ];
  const rows = alike(targets, ({ context, kind, action }) => JSON.stringify([context, kind, action]));
  return listLines(columns, rows, width);
}

/** What failed, and what helps. Said once if several namespaces of a cluster have the same trouble. */
export function failedTargetLines(targets: readonly ShownTarget[], width: number): Line[] {
  const failed = targets.filter((one): one is FailedTarget => one.error !== undefined);
  const groups = alike(failed, ({ context, namespace, kind, error: { message, hint = "" } }) =>
    JSON.stringify([context, kind, apartFrom(namespace, message), apartFrom(namespace, hint)]),
  );
  return groups.flatMap((group, index): Line[] => {
    const [{ context, namespace, kind, name, error }] = group;
    const where = context === "" ? `${kind} ${name}` : placesText(group);
    const isSame = group.length === 1 || apartFrom(namespace, error.message) === error.message;
    const lines = isSame
      ? signedLines(toned("bad", "✗"), `${where}: ${error.message}`, width)
      : [
          ...signedLines(toned("bad", "✗"), where, width),
          ...wrapped(`In ${namespace}: ${error.message}`, width, 2),
        ];
    if (error.hint) lines.push(...fixLines(fixOfAll(error.hint, group), width));
    return index === 0 ? lines : ["", ...lines];
  });
}
