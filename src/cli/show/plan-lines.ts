import { hasChanges, type Action, type PlannedChange } from "../../core/plan.ts";
import { alike, apartFrom, placesText, several, type Alike, type NamespacePlace } from "./folding.ts";
import { failedTargetLines, signedLines, type ShownTarget } from "./lines.ts";
import { changeText } from "./plan-words.ts";
import { toned, type Line, type Tone } from "./terminal.ts";
import { wrapped } from "./text-width.ts";

/** A sign and a colour for each action, shown beside its word. */
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

/** The width of the sign and the verb. */
const targetIndent = 11;
const detailIndent = 13;

/** A plan as it is shown, whichever command would carry it out. */
export interface ShownPlan {
  /** "Plan for myregistry.azurecr.io". */
  readonly title: string;
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes. */
  readonly warnings: readonly string[];
  /** What nobody can undo, in sentences. It does not count as trouble in a run that was agreed to. */
  readonly lasting?: readonly string[];
  /** What cannot be written, and why. The result of a run says so, too. */
  readonly leftOut?: readonly ShownTarget[];
  /** Whether Enter alone must not agree to it, although nothing is removed. */
  readonly cautious?: boolean;
  /** What a person types to confirm when a plain yes is not enough. */
  readonly typed?: { readonly message: string; readonly names: readonly string[] };
  /** Further fields of its document. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A plan for people. What is the same in many namespaces is shown once.
 * @param width columns that the terminal has
 * @param isWhole whether every namespace has a line of its own
 */
export function planLines(plan: ShownPlan, width = Infinity, isWhole = false): Line[] {
  const { title, changes, lasting = [], leftOut = [] } = plan;
  const shown = isWhole ? changes.map(alone) : folded(changes.map(alone));
  const lines: Line[] = wrapped(title, width).map((line): Line => [toned("strong", line)]);
  lines.push("", ...shown.flatMap((change) => changeLines(change, width)), "");
  if (leftOut.length > 0) lines.push(...failedTargetLines(leftOut, width), "");
  const warnings = [...foldedWarnings(plan), ...lasting];
  // Kept apart from the count below, which does not include them.
  if (warnings.length > 0)
    lines.push(...warnings.flatMap((text) => signedLines(toned("warning", "! warning:"), text, width)), "");
  const isFolded = shown.length < changes.length;
  lines.push(
    hasChanges(changes)
      ? `${summary(changes)}${isFolded ? " --verbose lists each." : ""}`
      : "Nothing to change: everything is as asked.",
  );
  return lines;
}

/** A line of the plan, perhaps for several changes. */
interface ShownChange {
  readonly action: Action;
  readonly what: string;
  readonly details: string;
}

type LoneChange = ShownChange & Pick<PlannedChange, "target">;

function alone({ target, action, before, after }: PlannedChange): LoneChange {
  return { target, action, what: target, details: changeText(before, after, target) };
}

/** Fewer changes than this are listed one by one. */
const leastFolded = 6;

/** Changes that are the same in many namespaces become one line each, in the place of the first of them. */
function folded(changes: readonly LoneChange[]): ShownChange[] {
  const groups = alike(changes, ({ target, action, details }) => {
    const one = placed(target);
    return one
      ? JSON.stringify([action, one.what, one.context, apartFrom(one.namespace, details)])
      : JSON.stringify([action, target, details]);
  });
  const first = new Map(groups.map((group) => [group[0], group] as const));
  const isFolded = new Set(groups.filter(({ length }) => length >= leastFolded).flat());
  return changes.flatMap((change) => {
    if (!isFolded.has(change)) return change;
    const group = first.get(change);
    return group ? together(group) : [];
  });
}

function together(group: Alike<LoneChange>): ShownChange {
  const [{ action, details }] = group;
  const places = group.flatMap(({ target }) => placed(target) ?? []);
  const [one, ...more] = places;
  if (!one) return group[0];
  const where = placesText([one, ...more]);
  const what = one.what === "namespace" ? where : `${one.what} in ${where}`;
  return { action, what, details };
}

/** What a line of a plan is about, if it is in a namespace. A context's name may contain slashes. */
function placed(target: string): (NamespacePlace & { readonly what: string }) | undefined {
  const namespaced = /^(secret|service account|pending mark of) (.+)\/([^/]+)\/([^/]+)$/.exec(target);
  if (namespaced) {
    const [, kind = "", context = "", namespace = "", name = ""] = namespaced;
    return { context, namespace, what: `${kind} ${name}` };
  }
  const [, context, namespace] = /^namespace (.+)\/([^/]+)$/.exec(target) ?? [];
  return context !== undefined && namespace !== undefined
    ? { context, namespace, what: "namespace" }
    : undefined;
}

function changeLines({ what, action, details }: ShownChange, width: number): Line[] {
  const [sign, tone] = signs[action];
  const verb = `${sign} ${planned[action].padEnd(6)}`;
  const [first = "", ...more] = wrapped(what, width - targetIndent);
  return [
    ["  ", toned(tone, verb), ` ${first}`],
    ...more.map((line) => " ".repeat(targetIndent) + line),
    ...(details === "" ? [] : wrapped(details, width, detailIndent)),
  ];
}

/** Warnings that say the same about several namespaces are shown once, with the names of the others. */
export function foldedWarnings({ changes, warnings }: Pick<ShownPlan, "changes" | "warnings">): string[] {
  const places = changes.flatMap(({ target }) => placed(target) ?? []);
  const ofWarnings = warnings.map((text) => {
    const place = places.find(({ context, namespace }) => text.includes(`${context}/${namespace}/`));
    return { text, place, key: place ? `${place.context} ${apartFrom(place.namespace, text)}` : text };
  });
  return alike(ofWarnings, ({ key }) => key).map(([first, ...more]) => {
    const others = new Set(more.flatMap(({ place }) => place?.namespace ?? []));
    return others.size === 0 ? first.text : `${first.text} (The same in ${several([...others])}.)`;
  });
}

function summary(changes: readonly PlannedChange[]): string {
  const count = (...actions: Action[]) => changes.filter(({ action }) => actions.includes(action)).length;
  return `${count("created", "copied")} to create, ${count("updated")} to update, ${count("removed")} to remove.`;
}
