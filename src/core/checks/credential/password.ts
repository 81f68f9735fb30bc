import { isGuid } from "../../../domain/names.ts";
import { fail, notKnown, pass, skip, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { changing, setupCommand } from "../remedies.ts";
import { begins } from "./expiry.ts";
import { isPrincipal, refusalOf, registryOf, signedIn } from "./outcomes.ts";
import { ofToken } from "./token.ts";

// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const wrongSecret = 7_000_215;
const expiredSecret = 7_000_222;
const docs = "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login";

/** Is it the text of a password that the application has today? */
export const password: Check<EntryFacts> = {
  id: "password",
  needs: ["principal", "expiry"],
  look: (facts) => {
    const isToken = ofToken(facts);
    if (isToken) return isToken;
    if (!isPrincipal(facts)) return skip("It is no password of an application.");
    const { credential, mark, signIn, application, principal, place, suggest } = facts;
    const appId = credential.username;
    const ids = { appId, ...(typeof mark?.keyId === "string" && { keyId: mark.keyId }) };
    const text = credential.password.reveal();
    const accepted = signedIn(facts) || (signIn.known && signIn.value.kind === "accepted");
    if (accepted) return pass("The password is one that the application has.", { ids });
    const anew = setupCommand(place, suggest, registryOf(facts), mark ? [] : [["--adopt"]]);
    if (text === "")
      return fail("The entry has no password.", { hint: changing(facts, `Write one: ${anew}`), docs, ids });
    if (isGuid(text)) {
      return fail(
        "What stands there as the password is the id of a key, not its value: a value is shown once, when the key is made.",
        {
          hint: changing(
            facts,
            `A value that was not kept cannot be had again. Have another made and written: ${anew}`,
          ),
          docs,
          ids,
        },
      );
    }
    if (text.trim() !== text) {
      return fail(
        "What stands there as the password begins or ends with a blank or a line break, and no password does: it was written with one behind it, as echo adds it.",
        { hint: changing(facts, `Write it without, or have another made and written: ${anew}`), docs, ids },
      );
    }
    if (application.known && application.value && principal.known) {
      const keys = [...application.value.passwords, ...(principal.value?.passwords ?? [])];
      const gone = typeof mark?.keyId === "string" && keys.every(({ keyId }) => keyId !== mark.keyId);
      if (gone) {
        return fail(`The key ${mark.keyId} that the secret holds was removed from the application.`, {
          hint: changing(facts, `Have another made and written: ${anew}`),
          docs,
          ids,
        });
      }
      if (keys.every((key) => !begins(text, key))) {
        return fail(
          "No key of the application begins as the password does: it was removed, or is another application's.",
          {
            hint: changing(facts, `Have another made and written: ${anew}`),
            docs,
            ids,
          },
        );
      }
    }
    const refusal = refusalOf(facts);
    if (refusal === wrongSecret || refusal === expiredSecret) {
      return fail(
        refusal === wrongSecret
          ? "The password is wrong: Entra knows the application, and refuses this text."
          : "Entra says that the password has ended, and nothing else says so.",
        {
          hint: changing(
            facts,
            `Made in the last minutes, it may not be known everywhere: run verify again. Else have another made and written: ${anew}`,
          ),
          docs,
          ids,
        },
      );
    }
    if (!signIn.known) return notKnown(signIn);
    return skip("Whether the password is right is not known.", { ids });
  },
};
