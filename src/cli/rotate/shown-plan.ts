import type { RotateIntent, RotatePlan } from "../../core/rotate/contract.ts";
import type { ShownPlan } from "../show/plan-lines.ts";

/**
 * What stays open after a leak: nothing takes back the tokens that a registry gave out.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-authentication
 */
export const tokensOutliveTheKey =
  "Tokens that the registry gave out for the leaked key may go on pulling for up to 3 hours: only removing the role of the service principal cuts them off at once, and with them every pull of the cluster";

/** The plan of `rotate` as it is shown. */
export function shownPlan({ changes, warnings }: RotatePlan, intent: RotateIntent): ShownPlan {
  return {
    title: "Plan for the rotation",
    changes,
    warnings: intent === "compromised" ? [...warnings, tokensOutliveTheKey] : warnings,
  };
}
