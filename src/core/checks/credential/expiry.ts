import { isGuid } from "../../../domain/names.ts";
import type { PasswordCredential } from "../../../domain/identity.ts";
import { isKeyOf } from "../../../domain/ownership.ts";
import { isEndNear, isRenewalDue } from "../../../domain/renewal.ts";
import { timeText } from "../../../domain/time-text.ts";
import { fail, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { az, changing, isOwnEntry, renewingSetup, suggestSetup } from "../remedies.ts";
import { isPrincipal, registryOf, signedIn } from "./outcomes.ts";
import { ofToken } from "./token.ts";

const dayMs = 86_400_000;

const docs =
  "https://learn.microsoft.com/entra/identity-platform/howto-create-service-principal-portal#option-3-create-a-new-client-secret";

/** How long is the password still valid? */
export const expiry: Check<EntryFacts> = {
  id: "expiry",
  needs: ["principal"],
  look: (facts) => {
    const isToken = ofToken(facts);
    if (isToken) return isToken;
    if (!isPrincipal(facts))
      return skip("When it expires is not known: it is not a password of an application.");
    const { credential, mark, now, application } = facts;
    const key = keyOf(facts);
    const keyId = key?.keyId ?? mark?.keyId ?? undefined;
    const ids = { appId: credential.username, ...(typeof keyId === "string" && { keyId }) };
    const hint = changing(facts, renewal(facts));
    const end = key?.endDateTime ?? dateOf(mark?.expiresAt);
    const leftMs = end && end.getTime() - now.getTime();
    if (leftMs !== undefined && leftMs <= 0 && !signedIn(facts)) {
      return fail(`The password expired on ${timeText(end)}.`, { hint, docs, ids });
    }
    if (end === undefined || leftMs === undefined) {
      return skip(
        application.known
          ? "When the password expires is not known: the secret does not say which key of the application it is."
          : `When the password expires is not known: the secret does not say. ${application.why}`,
        { ids },
      );
    }
    if (leftMs <= 0) {
      return warn(
        `The secret says that its password expired on ${timeText(end)}, but it signs in: somebody replaced it.`,
        {
          hint: changing(facts, `Correct its marks: ${renewingSetup(facts)}`),
          ids,
        },
      );
    }
    const days = Math.floor(leftMs / dayMs);
    const left = `The password expires on ${timeText(end)}, ${days === 0 ? "within a day" : days === 1 ? "in one day" : `in ${days} days`}`;
    const life = { createdAt: timeText(key?.startDateTime), expiresAt: timeText(end) };
    if (isEndNear(life, now)) return fail(`${left}.`, { hint, docs, ids });
    if (isRenewalDue(life, now)) return warn(`${left}.`, { hint, docs, ids });
    return pass(`${left}.`, { ids });
  },
};

/** The key that the secret holds: the one that its mark names, else the only one that begins with the same text. */
export function keyOf({
  application,
  principal,
  mark,
  credential,
}: EntryFacts): PasswordCredential | undefined {
  const all = [
    ...((application.known && application.value?.passwords) || []),
    ...((principal.known && principal.value?.passwords) || []),
  ];
  const marked = all.find(({ keyId }) => keyId === mark?.keyId);
  if (marked && begins(credential.password.reveal(), marked)) return marked;
  const [only, ...more] = all.filter(
    (key) => key.hint !== undefined && begins(credential.password.reveal(), key),
  );
  return more.length === 0 ? only : undefined;
}

/** Whether a password can be the text of a key. The directory shows the first three characters of each key. */
export function begins(password: string, { hint }: PasswordCredential): boolean {
  return hint === undefined || password.startsWith(hint);
}

/** Advice that gives every secret with this key a new one. */
function renewal(facts: EntryFacts): string {
  const { mark, place, suggest, credential, isOfAnotherCluster } = facts;
  if (mark?.appId === credential.username) {
    const key = keyOf(facts);
    const isOwnKey = !isOfAnotherCluster && key !== undefined && isKeyOf(key, mark.clusterId);
    // `rotate` makes a password for another application only if acr-pull made its key for this cluster and it signs in.
    if (!isOwnEntry(facts) && !(isOwnKey && signedIn(facts)))
      return `Make and write a new password: ${renewingSetup(facts)}`;
    const options = [
      ["--registry", registryOf(facts)],
      ["--context", place.context],
    ] as const;
    return `Replace it in every secret that holds it: ${suggest("rotate", options)}`;
  }
  const adopt = suggestSetup(place, suggest, registryOf(facts), [["--adopt"]]);
  const append = isGuid(credential.username)
    ? `; or make a new password for the same application (${az("ad", "app", "credential", "reset", "--id", credential.username, "--append")}) and write it into the secret`
    : "";
  return `Let acr-pull manage the entry from now on: ${adopt}${append}.`;
}

function dateOf(text: string | null | undefined): Date | undefined {
  const date = new Date(text ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
