import type { SetupPlan } from "../../core/flows/setup-contract.ts";
import { hasChanges, type Action, type PlannedChange } from "../../core/plan.ts";
import { toned, type Line, type Tone } from "../terminal.ts";

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

/** A plan for people. */
export function planLines({ registry, changes, warnings }: SetupPlan): Line[] {
  const lines: Line[] = [[toned("strong", `Plan for ${registry.loginServer}`)], ""];
  lines.push(...changes.flatMap(changeLines), "");
  lines.push(...warnings.map((warning): Line => [toned("warning", "! warning:"), ` ${warning}`]));
  lines.push(hasChanges(changes) ? summary(changes) : "Nothing to change: everything is as asked.");
  return lines;
}

function changeLines({ target, action, before, after }: PlannedChange): Line[] {
  const [sign, tone] = signs[action];
  const lines: Line[] = [["  ", toned(tone, `${sign} ${planned[action].padEnd(6)}`), ` ${target}`]];
  const [old, next] = [shown(before, target), shown(after, target)];
  if (old !== "" && next !== "" && old !== next) lines.push(`             ${old} → ${next}`);
  else if (next !== "" && old === "") lines.push(`             ${next}`);
  return lines;
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
const forPrograms = new Set(["uniqueName"]);

function summary(changes: readonly PlannedChange[]): string {
  const count = (...actions: Action[]) => changes.filter(({ action }) => actions.includes(action)).length;
  return `${count("created", "copied")} to create, ${count("updated")} to update, ${count("removed")} to remove.`;
}
