import type { KeptReason, RemovePlan } from "../../core/remove/contract.ts";
import type { PlannedChange } from "../../core/plan.ts";
import type { ShownPlan } from "../show/plan-lines.ts";
import { reasonText } from "./reason-text.ts";

/** The plan of `remove` as it is shown. */
export function shownPlan({ loginServer, changes, warnings }: RemovePlan): ShownPlan {
  return {
    title: `Plan to remove ${loginServer}`,
    changes: changes.map(inWords),
    warnings,
  };
}

/** What stays says why, in words; what goes needs none but its name. */
function inWords(change: PlannedChange): PlannedChange {
  const { because, by } = (change.after ?? {}) as {
    readonly because?: KeptReason;
    readonly by?: readonly string[];
  };
  if (because === undefined) return { ...change, before: change.action === "removed" ? null : change.before };
  return { ...change, before: null, after: reasonText(because, by) };
}
