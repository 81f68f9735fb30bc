import { inOneLine } from "../../../domain/in-one-line.ts";
import { timeText } from "../../../domain/time-text.ts";
import { warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { keyOf } from "./expiry.ts";

/** Can the password be renewed? Reported while it is valid: a tenant's rule otherwise shows only at the renewal. */
export const renewal: Check<EntryFacts> = {
  id: "renewal",
  needs: [],
  look: (facts) => {
    const { application, passwordPolicy, credential } = facts;
    if (!passwordPolicy.known || passwordPolicy.value.passwords !== "forbidden") return undefined;
    const { forbiddenToMadeAfter: after } = passwordPolicy.value;
    const name = inOneLine((application.known && application.value?.displayName) || credential.username);
    const end = keyOf(facts)?.endDateTime;
    return warn(
      `The tenant forbids new passwords for ${name}${after ? ` and for all applications made after ${timeText(after)}` : ""}: this one ${end ? `expires on ${timeText(end)}` : "will expire"} and cannot be renewed.`,
      {
        hint: "Ask a tenant administrator to exempt the application before the password expires: acr-pull rotate says what to send.",
        docs: "https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy",
        ids: { appId: credential.username },
      },
    );
  },
};
