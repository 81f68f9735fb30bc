import { inOneLine } from "../../../domain/in-one-line.ts";
import { fail, notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { az, changing, renewingSetup } from "../remedies.ts";
import { isPrincipal, refusalOf, signedIn } from "./outcomes.ts";
import { ofToken } from "./token.ts";

// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const disabled = 7_000_112;
const notFound = 700_016;
const disabledDocs = "https://learn.microsoft.com/entra/identity/enterprise-apps/disable-user-sign-in-portal";

/** Does the service principal exist, and may it sign in? */
export const principal: Check<EntryFacts> = {
  id: "principal",
  needs: ["host", "token"],
  look: (facts) => {
    const { credential, principal: found, meantApplication, mayBeYoung } = facts;
    const isToken = ofToken(facts);
    if (isToken) return isToken;
    if (!isPrincipal(facts)) {
      return skip(
        `${inOneLine(credential.username)} is not an application's id, so it is a token or the admin user of the registry, which Entra does not know.`,
      );
    }
    const appId = credential.username;
    const there = found.known ? found.value : undefined;
    const ids = { appId, ...(there && { objectId: there.objectId }) };
    const number = refusalOf(facts);
    if (!signedIn(facts) && (number === disabled || there?.enabled === false)) {
      return fail(`The service principal ${appId} is disabled: it may not sign in.`, {
        hint: enableHint(appId),
        docs: disabledDocs,
        ids,
      });
    }
    if (!signedIn(facts) && (number === notFound || (found.known && !there))) {
      const anew = renewingSetup(facts);
      if (meantApplication) {
        return fail(
          `The user name ${appId} is an object id of the application ${inOneLine(meantApplication.displayName)}: it signs in by its application id, ${meantApplication.appId}.`,
          {
            hint: changing(
              facts,
              `Write the entry with that id as the user name, or let acr-pull write it: ${anew}`,
            ),
            docs: "https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals",
            ids: { appId: meantApplication.appId },
          },
        );
      }
      const recreate = mayBeYoung
        ? "What was made minutes ago may not be known everywhere yet: run verify again. Otherwise recreate"
        : "Recreate";
      return fail(
        mayBeYoung
          ? `The directory has no service principal ${appId}: it was deleted, belongs to another tenant, or is too new to be known everywhere.`
          : `The directory has no service principal ${appId}: it was deleted, or belongs to another tenant.`,
        {
          hint: changing(
            facts,
            `${recreate} it (a deleted application of acr-pull is restored): ${anew}; or sign in to its tenant with --tenant.`,
          ),
          docs: "https://learn.microsoft.com/entra/identity/enterprise-apps/restore-application",
          ids,
        },
      );
    }
    if (there?.enabled === false) {
      return warn(
        `The service principal ${appId} is disabled but still signs in: it will be refused within minutes.`,
        { hint: enableHint(appId), docs: disabledDocs, ids },
      );
    }
    if (there)
      return pass(`The service principal ${inOneLine(there.displayName)} (${appId}) exists and is enabled.`, {
        ids,
      });
    if (signedIn(facts)) return pass(`The service principal ${appId} signs in.`, { ids });
    return found.known ? skip(`Whether ${appId} may sign in is not known.`, { ids }) : notKnown(found);
  },
};

function enableHint(appId: string): string {
  return `If that was not intended, enable it: ${az("ad", "sp", "update", "--id", appId, "--set", "accountEnabled=true")}`;
}
