import { fail, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { isPrincipal, signedIn } from "./outcomes.ts";

/** Do the very bytes of the secret sign in? */
export const signIn: Check<EntryFacts> = {
  id: "sign-in",
  needs: ["host", "registry-reachable", "principal", "expiry", "password"],
  look: (facts) => {
    const { pull, signIn: atEntra, host, credential } = facts;
    const ids = { host, ...(isPrincipal(facts) && { appId: credential.username }) };
    if (signedIn(facts)) return pass(`${host} signs in what the secret holds.`, { ids });
    if (atEntra.known && atEntra.value.kind === "accepted") {
      return pass("Entra signs in what the secret holds.", { ids });
    }
    if (pull?.kind !== "refused") return skip(`${host} was not asked.`, { ids });
    const said = atEntra.known && atEntra.value.kind === "refused" ? atEntra.value.reason : pull.reason;
    return fail(`${host} refuses what the secret holds: ${said}`, {
      hint: isPrincipal(facts)
        ? "The password is wrong, has ended or was removed, or its service principal is gone, disabled or without a role: run verify signed in to Azure (az login), and it says which."
        : "The token or the admin user is disabled, or its password was made anew: look at az acr token list and az acr credential show.",
      docs: "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login",
      ids,
    });
  },
};
