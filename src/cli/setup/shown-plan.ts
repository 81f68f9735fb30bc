import type { SetupPlan } from "../../core/setup/contract.ts";
import type { ShownPlan } from "../show/plan-lines.ts";

/** The plan of `setup` as it is shown: by the registry that it is for. */
export function shownPlan({ registry, changes, warnings, changesRights }: SetupPlan): ShownPlan {
  return { title: `Plan for ${registry.loginServer}`, changes, warnings, cautious: changesRights };
}
