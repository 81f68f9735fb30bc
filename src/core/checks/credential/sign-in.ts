import { inOneLine } from "../../../domain/in-one-line.ts";
import { isTokenUser } from "../../../domain/registry-token.ts";
import { fail, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { azAcr, namedRegistry } from "../remedies.ts";
import { isPrincipal, signedIn } from "./outcomes.ts";

/** Does the credential sign in exactly as the secret holds it? */
export const signIn: Check<EntryFacts> = {
  id: "sign-in",
  needs: ["host", "registry-reachable", "token", "principal", "expiry", "password"],
  look: (facts) => {
    const { pull, signIn: atEntra, host, credential } = facts;
    const ids = { host, ...(isPrincipal(facts) && { appId: credential.username }) };
    if (signedIn(facts)) return pass(`${host} accepts the credential in the secret.`, { ids });
    if (atEntra.known && atEntra.value.kind === "accepted") {
      return pass("Entra accepts the credential in the secret.", { ids });
    }
    if (pull?.kind !== "refused") return skip(`${host} was not asked.`, { ids });
    const said = atEntra.known && atEntra.value.kind === "refused" ? atEntra.value.reason : pull.reason;
    return fail(`${host} refuses the credential in the secret: ${said}`, {
      hint: isPrincipal(facts)
        ? "The password is wrong, expired or removed, or its service principal is gone, disabled or without a role. To learn which, sign in to Azure (az login) and run verify again."
        : isTokenUser(credential)
          ? "The identity that signed in for the token may have lost its role, or the registry may be gone. Get a new token, and check who writes the secret."
          : tokenHint(facts),
      docs: "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login",
      ids,
    });
  },
};

/** A user name that is not an id belongs to a token or the admin user, unless somebody took a name for an id. */
function tokenHint({ registry, host, credential }: EntryFacts): string {
  const named = namedRegistry(registry, host);
  const tokens = azAcr(named, ["token", "list"], { flag: "--registry" });
  const admin = azAcr(named, ["show"], { more: ["--query", "adminUserEnabled"] });
  return `A service principal signs in by its application's id, and ${inOneLine(credential.username)} is not one. A token of the registry may be disabled or have a new password: ${tokens}; so may the admin user: ${admin}`;
}
