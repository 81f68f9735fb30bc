import type { PasswordCredential } from "../../domain/identity.ts";
import { registryHostOf } from "../../domain/login-server.ts";
import { isGuid } from "../../domain/names.ts";
import { isTokenUser, registryTokenIn } from "../../domain/registry-token.ts";
import { isEndNear, isRenewalDue } from "../../domain/renewal.ts";
import { timeText } from "../../domain/time-text.ts";
import { fail, notKnown, pass, skip, warn, type Check, type Verdict } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { valueOf } from "../known.ts";
import { az, azAcr, changing, registryOf, setupAdopting, setupAgain } from "../remedies.ts";

/** Checks of what an entry signs in with, in the order in which they are shown. */
export const credentialChecks: ReadonlyArray<Check<EntryFacts>> = [
  { id: "token", needs: ["host"], look: token },
  { id: "principal", needs: ["host", "token"], look: principal },
  { id: "expiry", needs: ["principal"], look: expiry },
  { id: "sign-in", needs: ["host", "token", "principal", "expiry"], look: signIn },
  { id: "second-entry", needs: ["host", "registry-reachable"], look: secondEntry },
];

/** Numbers of Entra's refusals: https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const refusals = { disabled: 7_000_112, notFound: 700_016, wrong: 7_000_215, expired: 7_000_222 };

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Parts of Entra learn late of what is new. */
const lookAgain = "If it was made minutes ago, run verify again. Otherwise";

/** Whether the user name is an application's id. A registry's tokens and its admin user are not principals of Entra. */
export function isPrincipal({ credential }: Pick<EntryFacts, "credential">): boolean {
  return isGuid(credential.username) && !isTokenUser(credential);
}

/** Whether the registry let the credential in, whatever it may do there. */
function isLetIn({ pull }: Pick<EntryFacts, "pull">): boolean {
  return pull !== undefined && pull.kind !== "refused";
}

/** The number of Entra's refusal; undefined if it refused nothing or was not asked. */
function refusalOf({ signIn }: Pick<EntryFacts, "signIn">): number | undefined {
  const answer = valueOf(signIn);
  return answer?.kind === "refused" ? answer.number : undefined;
}

/** Is it a token instead of a password, when does it end, and who renews it? */
function token(facts: EntryFacts): Verdict | undefined {
  const { credential, host, now, writtenBy } = facts;
  if (!isTokenUser(credential)) return undefined;
  const renew =
    writtenBy === undefined
      ? `A job that writes it has to run before the token expires, which can be after little more than an hour. Or have acr-pull write a password that is valid for months: ${setupAdopting(facts)}`
      : `${writtenBy} writes this secret: renew the token there.`;
  const found = registryTokenIn(credential);
  if (!found && !isLetIn(facts))
    return fail("The user name is that of a registry token, but the password is not a token.", renew);
  const { audience, expiresAt } = found ?? {};
  if (audience !== undefined && audience !== registryHostOf(host) && !isLetIn(facts))
    return fail(`The token is for ${audience}, but the entry is for ${host}.`, renew);
  if (!expiresAt) return skip("When the token expires is not known: the token does not say.");
  const by =
    writtenBy === undefined
      ? "Nothing is known to renew it."
      : `${writtenBy} writes it, and has to renew it before that.`;
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs <= 0) return fail(`The token expired on ${timeText(expiresAt)}.`, renew);
  const minutes = Math.floor(leftMs / minuteMs);
  const left = minutes < 240 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} hours`;
  const life = `The token expires on ${timeText(expiresAt)}, in ${left}. ${by}`;
  return writtenBy === undefined ? warn(life, renew) : pass(life);
}

/** Does the service principal exist, and may it sign in? */
function principal(facts: EntryFacts): Verdict | undefined {
  const { credential, principal: found, meantApplication } = facts;
  if (isTokenUser(credential)) return undefined;
  const appId = credential.username;
  if (!isPrincipal(facts)) {
    return skip(
      `${appId} is not an application's id, so it is a token or the admin user of the registry, which Entra does not know.`,
    );
  }
  const there = valueOf(found);
  const refusal = refusalOf(facts);
  const enable = `If that was not intended, enable it: ${az("ad", "sp", "update", "--id", appId, "--set", "accountEnabled=true")}`;
  if (isLetIn(facts)) {
    if (there?.enabled !== false) return pass(`The service principal ${named(facts)} signs in.`);
    return warn(
      `The service principal ${appId} is disabled but still signs in: it will be refused within minutes.`,
      enable,
    );
  }
  if (refusal === refusals.disabled || there?.enabled === false)
    return fail(`The service principal ${appId} is disabled: it may not sign in.`, enable);
  if (meantApplication) {
    return fail(
      `The user name ${appId} is an object id of the application ${meantApplication.displayName}: it signs in by its application id, ${meantApplication.appId}.`,
      changing(
        facts,
        `Write the entry with that id as the user name, or let acr-pull write it: ${setupAgain(facts)}`,
      ),
    );
  }
  if (refusal === refusals.notFound || (found.known && !there)) {
    return fail(
      `The directory has no service principal ${appId}: it was deleted, belongs to another tenant, or is too new to be known everywhere.`,
      changing(
        facts,
        `${lookAgain} make another: ${setupAgain(facts)}; or sign in to its tenant with --tenant.`,
      ),
    );
  }
  if (there) return pass(`The service principal ${named(facts)} exists and is enabled.`);
  return found.known ? skip(`Whether ${appId} may sign in is not known.`) : notKnown(found);
}

function named({ credential, principal: found }: EntryFacts): string {
  const there = valueOf(found);
  return there ? `${there.displayName} (${credential.username})` : credential.username;
}

/** How long is the password still valid, and can it be renewed? A tenant's rule otherwise shows only at the renewal. */
function expiry(facts: EntryFacts): Verdict | undefined {
  if (!isPrincipal(facts)) return undefined;
  const { now, application, passwordPolicy, place, suggest } = facts;
  const key = keyOf(facts);
  const end = key?.endDateTime;
  const policy = valueOf(passwordPolicy);
  const isForbidden = policy?.passwords === "forbidden";
  const after = policy?.forbiddenToMadeAfter;
  const rule = isForbidden
    ? ` The tenant forbids new passwords for ${valueOf(application)?.displayName}${after ? ` and for all applications made after ${timeText(after)}` : ""}, so this one cannot be renewed.`
    : "";
  const rotate = suggest("rotate", [
    ["--registry", registryOf(facts)],
    ["--context", place.context],
  ]);
  const renew = isForbidden
    ? "Ask a tenant administrator to exempt the application before the password expires: acr-pull rotate says what to send."
    : changing(
        facts,
        facts.isOurs
          ? `Replace it in every secret that holds it: ${rotate}`
          : `Let acr-pull manage the entry from now on: ${setupAgain(facts)}`,
      );
  if (end === undefined) {
    if (isForbidden) return warn(`When the password expires is not known.${rule}`, renew);
    return application.known
      ? skip("When the password expires is not known: nothing shows which key of the application it is.")
      : notKnown(application);
  }
  const leftMs = end.getTime() - now.getTime();
  if (leftMs <= 0) return fail(`The password expired on ${timeText(end)}.${rule}`, renew);
  const days = Math.floor(leftMs / dayMs);
  const left = days === 0 ? "within a day" : days === 1 ? "in one day" : `in ${days} days`;
  const message = `The password expires on ${timeText(end)}, ${left}.${rule}`;
  const life = { createdAt: timeText(key?.startDateTime), expiresAt: timeText(end) };
  if (isEndNear(life, now)) return fail(message, renew);
  if (isForbidden || isRenewalDue(life, now)) return warn(message, renew);
  return pass(message);
}

/** The keys of the application and of its principal, which have passwords of their own. */
function keysOf({ application, principal: found }: EntryFacts): PasswordCredential[] {
  return [...(valueOf(application)?.passwords ?? []), ...(valueOf(found)?.passwords ?? [])];
}

/** The key that the entry holds: the only one that begins like it. */
function keyOf(facts: EntryFacts): PasswordCredential | undefined {
  const [only, ...more] = keysOf(facts).filter((key) => key.hint !== undefined && begins(facts, key));
  return more.length === 0 ? only : undefined;
}

/** Whether a password can be the text of a key. The directory shows the first three characters of each key. */
function begins({ credential }: EntryFacts, { hint }: PasswordCredential): boolean {
  return hint === undefined || credential.password.reveal().startsWith(hint);
}

/** Does the credential sign in exactly as the secret holds it, and if not, why? */
function signIn(facts: EntryFacts): Verdict {
  const { pull, signIn: atEntra, host, credential } = facts;
  if (isLetIn(facts)) return pass(`${host} accepts the credential in the secret.`);
  const answer = valueOf(atEntra);
  if (answer?.kind === "accepted") return pass("Entra accepts the credential in the secret.");
  const [fault, advice] = (isPrincipal(facts) && faultOf(facts)) || [];
  if (fault !== undefined) return fail(fault, changing(facts, `${advice}: ${setupAgain(facts)}`));
  if (pull === undefined) return skip(`${host} was not asked.`);
  const said = answer?.reason ?? ("reason" in pull ? pull.reason : "");
  return fail(`${host} refuses the credential in the secret: ${said}`, remedyFor(facts, credential.username));
}

/** What is wrong with a password that is refused, and what to do about it; undefined if that is not known. */
function faultOf(facts: EntryFacts): readonly [fault: string, advice: string] | undefined {
  const text = facts.credential.password.reveal();
  const anew = "make and write a new password";
  if (text === "") return ["The entry has no password.", "Write one"];
  if (isGuid(text)) {
    return [
      "The password field holds the id of a key, not its value. The value is shown only once, when the key is made.",
      "A lost value cannot be read again. Make and write a new password",
    ];
  }
  if (text.trim() !== text) {
    return [
      "The password field begins or ends with a space or a line break, such as echo adds; a real password has neither.",
      `Write it without that, or ${anew}`,
    ];
  }
  if (
    valueOf(facts.application) &&
    facts.principal.known &&
    keysOf(facts).every((key) => !begins(facts, key))
  ) {
    return [
      "No key of the application begins like this password: it was removed, belongs to another application, or is too new to be known everywhere.",
      `${lookAgain} ${anew}`,
    ];
  }
  const refusal = refusalOf(facts);
  if (refusal === refusals.expired)
    return ["Entra says that the password has expired.", `${lookAgain} ${anew}`];
  if (refusal === refusals.wrong) {
    return [
      "The password is wrong: Entra knows the application, but refuses this password.",
      `${lookAgain} ${anew}`,
    ];
  }
  return undefined;
}

/** What to do about a credential that is refused for a reason that is not known. */
function remedyFor(facts: EntryFacts, username: string): string {
  if (isPrincipal(facts)) {
    return "The password is wrong, expired or removed, or its service principal is gone, disabled or without a role. To learn which, sign in to Azure (az login) and run verify again.";
  }
  if (isTokenUser(facts.credential)) {
    return "The identity that signed in for the token may have lost its role, or the registry may be gone. Get a new token, and check who writes the secret.";
  }
  const tokens = azAcr(facts, ["token", "list"], { flag: "--registry" });
  const admin = azAcr(facts, ["show"], { more: ["--query", "adminUserEnabled"] });
  return `A service principal signs in by its application's id, and ${username} is not one. A token of the registry may be disabled or have a new password: ${tokens}; so may the admin user: ${admin}`;
}

/** During a rotation, the secret also holds the old key. Does that one work? */
function secondEntry(facts: EntryFacts): Verdict | undefined {
  const { second, host, place, suggest } = facts;
  if (second === undefined) return undefined;
  if (second.kind !== "refused")
    return pass(`The secret also holds a second password for ${host}, which signs in.`);
  const finish = suggest("rotate", [
    ["--registry", registryOf(facts)],
    ["--context", place.context],
    ["--finish"],
  ]);
  return warn(
    `The secret also holds a second password for ${host}, which is refused: readers that try only one entry may get it.`,
    facts.isOurs
      ? `If it is from before a rotation, remove it: ${finish}`
      : `Have acr-pull write the entry: ${setupAdopting(facts)}`,
  );
}
