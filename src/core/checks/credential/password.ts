import { isGuid } from "../../../domain/names.ts";
import { fail, notKnown, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { changing, renewingSetup } from "../remedies.ts";
import { begins } from "./expiry.ts";
import { isPrincipal, refusalOf, signedIn } from "./outcomes.ts";
import { ofToken } from "./token.ts";

// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const wrongSecret = 7_000_215;
const expiredSecret = 7_000_222;
const docs = "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login";

/** Is it a password that the application has today? */
export const password: Check<EntryFacts> = {
  id: "password",
  needs: ["principal", "expiry"],
  look: (facts) => {
    const isToken = ofToken(facts);
    if (isToken) return isToken;
    if (!isPrincipal(facts)) return skip("It is not a password of an application.");
    const { credential, mark, signIn, application, principal, mayBeYoung } = facts;
    const appId = credential.username;
    const ids = { appId, ...(typeof mark?.keyId === "string" && { keyId: mark.keyId }) };
    const text = credential.password.reveal();
    const accepted = signedIn(facts) || (signIn.known && signIn.value.kind === "accepted");
    if (accepted) return pass("The application has this password.", { ids });
    const anew = renewingSetup(facts);
    if (text === "")
      return fail("The entry has no password.", { hint: changing(facts, `Write one: ${anew}`), docs, ids });
    if (isGuid(text)) {
      return fail(
        "The password field holds the id of a key, not its value. The value is shown only once, when the key is made.",
        {
          hint: changing(facts, `A lost value cannot be read again. Make and write a new password: ${anew}`),
          docs,
          ids,
        },
      );
    }
    if (text.trim() !== text) {
      return fail(
        "The password field begins or ends with a space or a line break, such as echo adds; a real password has neither.",
        {
          hint: changing(facts, `Write it without that, or make and write a new password: ${anew}`),
          docs,
          ids,
        },
      );
    }
    if (application.known && application.value && principal.known) {
      const keys = [...application.value.passwords, ...(principal.value?.passwords ?? [])];
      const gone = typeof mark?.keyId === "string" && keys.every(({ keyId }) => keyId !== mark.keyId);
      if (gone) {
        return fail(
          mayBeYoung
            ? `The directory does not list the key ${mark.keyId} that the secret holds: it was removed, or is too new to be known everywhere.`
            : `The key ${mark.keyId} that the secret holds was removed from the application.`,
          { hint: changing(facts, unlessNew(anew)), docs, ids },
        );
      }
      if (keys.every((key) => !begins(text, key))) {
        return fail(
          mayBeYoung
            ? "No key of the application begins like this password: it was removed, belongs to another application, or is too new to be known everywhere."
            : "No key of the application begins like this password: it was removed, or belongs to another application.",
          { hint: changing(facts, unlessNew(anew)), docs, ids },
        );
      }
    }
    const refusal = refusalOf(facts);
    if (refusal === wrongSecret || refusal === expiredSecret) {
      return fail(
        refusal === expiredSecret
          ? "Only Entra says that the password has expired."
          : mayBeYoung
            ? "Entra knows the application, but refuses this password: it is wrong, or too new to be known everywhere."
            : "The password is wrong: Entra knows the application, but refuses this password.",
        { hint: changing(facts, unlessNew(anew)), docs, ids },
      );
    }
    if (!signIn.known) return notKnown(signIn);
    return skip("Whether the password is right is not known.", { ids });
  },
};

/** The fix for a password that no part of Entra that was asked knows. */
function unlessNew(anew: string): string {
  return `A password made minutes ago may not be known everywhere yet: run verify again. Otherwise make and write a new password: ${anew}`;
}
