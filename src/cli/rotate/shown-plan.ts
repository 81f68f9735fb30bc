import type { RotatePlan } from "../../core/flows/rotate-contract.ts";
import type { ShownPlan } from "../views/plan-lines.ts";

/** The plan of `rotate` as it is shown. */
export function shownPlan({ changes, warnings }: RotatePlan): ShownPlan {
  return { title: "Plan for the rotation", changes, warnings };
}
