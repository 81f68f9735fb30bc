import { notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { az } from "../remedies.ts";
import { keyOf } from "./expiry.ts";
import { isPrincipal } from "./outcomes.ts";

/** Does the password belong to the application or its principal? The portal and most commands list only one of them. */
export const passwordPlace: Check<EntryFacts> = {
  id: "password-place",
  needs: ["principal", "password"],
  look: (facts) => {
    if (!isPrincipal(facts)) return undefined;
    const { application, principal, credential } = facts;
    if (!application.known) return notKnown(application);
    if (!principal.known) return notKnown(principal);
    const key = keyOf(facts);
    if (!key) return skip("Nothing shows which key of the application it is.");
    const ids = { appId: credential.username, keyId: key.keyId };
    if (principal.value?.passwords.includes(key) === true) {
      return warn(
        "The password belongs to the service principal, not to the application: the portal and az ad app credential list do not show it.",
        {
          hint: `See it, and when it expires, with ${az("ad", "sp", "credential", "list", "--id", credential.username)}`,
          docs: "https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals",
          ids,
        },
      );
    }
    return pass("The password belongs to the application, where the portal shows it.", { ids });
  },
};
