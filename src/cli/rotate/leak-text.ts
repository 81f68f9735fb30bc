import type { ResultRotation } from "../../core/rotate/contract.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import { signedLines } from "../show/lines.ts";
import { toned, type Line } from "../show/terminal.ts";

/**
 * What a rotation cannot fix after a leak: nothing revokes the tokens that a registry has issued.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-authentication
 */
export const tokensOutliveTheKey =
  "Tokens that the registry issued for the leaked key may still pull for up to 3 hours: only removing the role assignment of the service principal stops them at once, and every pull of the cluster with them";

/** What remains to be done after a leak. */
export function tokenLines(rotations: readonly ResultRotation[], width: number): Line[] {
  const cuts = rotations
    .filter(({ registry, state }) => registry.startsWith("/") && state !== "failed")
    .map(
      ({ registry, appId }) =>
        `az role assignment delete --assignee ${appId} --scope ${shellQuote(registry)}`,
    );
  const until = cuts.length > 0 ? ", until acr-pull setup grants it again:" : ".";
  return [
    ...signedLines(toned("warning", "!"), tokensOutliveTheKey + until, width),
    ...[...new Set(cuts)].map((command) => `    ${command}`),
  ];
}
