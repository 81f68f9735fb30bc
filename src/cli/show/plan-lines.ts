import { hasChanges, type Action, type PlannedChange } from "../../core/plan.ts";
import { toned, type Line, type Tone } from "./terminal.ts";
import { wrapped } from "./text-width.ts";

/** A sign and a colour for each action; the word stands beside them. */
const signs: Readonly<Record<Action, readonly [sign: string, tone: Tone]>> = {
  created: ["+", "good"],
  copied: ["+", "good"],
  updated: ["~", "warning"],
  removed: ["-", "bad"],
  reused: ["=", "plain"],
  unchanged: ["=", "faint"],
  kept: ["=", "plain"],
  skipped: ["!", "warning"],
  failed: ["✗", "bad"],
};

const planned: Readonly<Record<Action, string>> = {
  created: "create",
  copied: "copy",
  updated: "update",
  removed: "remove",
  reused: "reuse",
  unchanged: "leave",
  kept: "keep",
  skipped: "skip",
  failed: "cannot",
};

/** Behind sign and verb. */
const targetIndent = 11;
const detailIndent = 13;

/** A plan as it is shown, whichever command would carry it out. */
export interface ShownPlan {
  /** "Plan for myregistry.azurecr.io". */
  readonly title: string;
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes. */
  readonly warnings: readonly string[];
  /** Whether it does what nobody agrees to by Enter alone, though nothing goes. */
  readonly cautious?: boolean;
  /** What a person types to agree, where a yes is too little. */
  readonly typed?: { readonly message: string; readonly names: readonly string[] };
  /** Fields that its document has besides. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A plan for people.
 * @param width columns that the terminal has
 */
export function planLines({ title, changes, warnings }: ShownPlan, width = Infinity): Line[] {
  const lines: Line[] = [[toned("strong", title)], ""];
  lines.push(...changes.flatMap((change) => changeLines(change, width)), "");
  for (const warning of warnings) {
    const [first = "", ...more] = wrapped(warning, width - "! warning: ".length);
    lines.push([toned("warning", "! warning:"), ` ${first}`], ...more.map((line) => `           ${line}`));
  }
  lines.push(hasChanges(changes) ? summary(changes) : "Nothing to change: everything is as asked.");
  return lines;
}

function changeLines({ target, action, before, after }: PlannedChange, width: number): Line[] {
  const [sign, tone] = signs[action];
  const verb = `${sign} ${planned[action].padEnd(6)}`;
  const [first = "", ...more] = wrapped(target, width - targetIndent);
  const [old, next] = [shown(before, target), shown(after, target)];
  const details = old !== "" && next !== "" && old !== next ? `${old} → ${next}` : old === "" ? next : "";
  return [
    ["  ", toned(tone, verb), ` ${first}`],
    ...more.map((line) => " ".repeat(targetIndent) + line),
    ...(details === "" ? [] : wrapped(details, width, detailIndent)),
  ];
}

/** A change in four cells: what would be done, to what, and what it is before and after. */
export function planRow({ target, action, before, after }: PlannedChange): string[] {
  return [`${signs[action][0]} ${planned[action]}`, target, shown(before, target), shown(after, target)];
}

/** A side of a change in one line: fields as `name value`, without those that the line above says already. */
function shown(side: unknown, target = ""): string {
  if (side === null || side === undefined) return "";
  if (typeof side !== "object") return typeof side === "string" ? side : JSON.stringify(side);
  if (Array.isArray(side)) return side.map((one) => shown(one)).join(", ");
  return Object.entries(side)
    .filter(([name]) => !forPrograms.has(name))
    .filter(([, value]) => value !== null && value !== undefined)
    .filter(([, value]) => typeof value !== "string" || value === "" || !target.includes(value))
    .map(([name, value]) => `${name} ${shown(value)}`)
    .join(", ");
}

/** Fields that tell a person nothing. */
const forPrograms = new Set(["condition", "uniqueName"]);

function summary(changes: readonly PlannedChange[]): string {
  const count = (...actions: Action[]) => changes.filter(({ action }) => actions.includes(action)).length;
  return `${count("created", "copied")} to create, ${count("updated")} to update, ${count("removed")} to remove.`;
}
