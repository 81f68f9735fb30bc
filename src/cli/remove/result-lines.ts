import type { RemovedItem, RemoveResult } from "../../core/remove/contract.ts";
import { toned, type Line } from "../show/terminal.ts";
import { tableLines } from "../show/lines.ts";
import { reasonText } from "./reason-text.ts";

/** What the lines depend on besides the result. */
export interface ResultContext {
  /** The same command without a question. */
  readonly again: string;
  /** Whether a person was asked for something that the command line could have said. */
  readonly asked: boolean;
  /** Columns that the terminal has. */
  readonly width: number;
}

/** More rows of one kind than these are counted: nobody reads them. */
const mostRows = 20;

/** What became of each thing, and why something stays: for people. */
export function resultLines({ removed }: RemoveResult, { again, asked, width }: ResultContext): Line[] {
  if (removed.length === 0)
    return ["Nothing to remove: nothing of acr-pull's for it is left where it was looked for."];
  const failed = removed.filter(({ error }) => error !== undefined);
  return [
    ...tableLines(["WHAT", "WHICH", "RESULT"], rowsOf(removed), width),
    ...failed.flatMap(({ error, ...item }): Line[] => [
      "",
      [toned("bad", `✗ ${placeOf(item)}:`), ` ${error?.message ?? ""}`],
      ...(error?.hint === undefined ? [] : [[toned("strong", "  fix:"), ` ${error.hint}`] as const]),
    ]),
    ...(asked ? ["", [toned("strong", "The same without a question:")] as const, `  ${again}`] : []),
  ];
}

function rowsOf(removed: readonly RemovedItem[]): string[][] {
  const rows = removed.map((item) => [words[item.kind], placeOf(item), resultOf(item)]);
  const counts = new Map<string, number>();
  for (const [what = "", , result = ""] of rows) {
    const key = `${what} ${result}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const told = new Set<string>();
  return rows.flatMap(([what = "", which = "", result = ""]) => {
    const key = `${what} ${result}`;
    const count = counts.get(key) ?? 1;
    if (count <= mostRows) return [[what, which, result]];
    if (told.has(key)) return [];
    told.add(key);
    return [[what, `${count} of them`, result]];
  });
}

const words: Readonly<Record<RemovedItem["kind"], string>> = {
  "service-account": "service account",
  secret: "secret",
  key: "key",
  "role-assignment": "role assignment",
  "service-principal": "service principal",
  application: "application",
};

/** A role assignment by the name that ends its id: the rest says where. */
function placeOf({ kind, id, context, namespace }: RemovedItem | Omit<RemovedItem, "error">): string {
  if (context !== undefined) return [context, namespace, id].join("/");
  return kind === "role-assignment" ? (id.split("/").at(-1) ?? id) : id;
}

const evidenceTexts: Readonly<Record<NonNullable<RemovedItem["evidence"]>, string>> = {
  refused: "removed, and refused",
  unlisted: "removed, and listed no more",
  untried: "removed, not tried",
  "not-yet-refused": "removed, not refused everywhere yet",
};

function resultOf({ kind, action, reason, evidence, heldBy }: RemovedItem): string {
  if (evidence !== undefined) return evidenceTexts[evidence];
  if (action === "skipped") return "not reached";
  const taken = reason === "unfinished" ? "emptied" : "entry removed";
  const done = action === "updated" ? (kind === "secret" ? taken : "unlinked") : action;
  return reason === undefined ? done : `${done}: ${reasonText(reason, heldBy)}`;
}
