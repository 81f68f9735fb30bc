import type { RotateIntent, RotatePlan } from "../../core/flows/rotate-contract.ts";
import type { ShownPlan } from "../views/plan-lines.ts";

/**
 * How long tokens work that a registry gives out for a password; nothing takes them back.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-authentication
 */
export const tokensLive =
  "Tokens that the registry gave out for the leaked key may go on pulling for up to 3 hours: only removing the role of the service principal cuts them off at once, and with them every pull of the cluster";

/** The plan of `rotate` as it is shown. */
export function shownPlan({ changes, warnings }: RotatePlan, intent: RotateIntent): ShownPlan {
  return {
    title: "Plan for the rotation",
    changes,
    warnings: intent === "compromised" ? [...warnings, tokensLive] : warnings,
  };
}
