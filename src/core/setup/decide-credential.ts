import type { PullCredential } from "../../domain/docker-config.ts";
import { refused } from "../../domain/errors.ts";
import type { Application } from "../../domain/identity.ts";
import { isKeyOf, type EntryMark } from "../../domain/ownership.ts";
import { entryFor, isAsMarked, isOlderType, type PullSecret } from "../../domain/pull-secret.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { timeText } from "../../domain/time-text.ts";
import { identifyKey } from "../identity/identify-key.ts";
import { credentialState, type CredentialState } from "../proof/credential-state.ts";
import type { ProofContext } from "../proof/prove-pull.ts";

/** An entry of ours as some secret of the cluster holds it. */
export interface HeldEntry {
  readonly namespace: string;
  readonly name: string;
  readonly mark: EntryMark;
  readonly credential: PullCredential | undefined;
  /** Whether nobody here can tell what it holds: its mark alone says which key that is. */
  readonly sealed?: boolean;
}

/** A credential to be put into the targets that lack it. */
export interface LivingCredential {
  readonly kind: "living";
  readonly credential: PullCredential;
  readonly keyId: string | null;
  /** RFC 3339 UTC; null where the directory does not say. */
  readonly createdAt: string | null;
  /** RFC 3339 UTC, as the directory lists it; null where it does not: what a mark says is nobody's word. */
  readonly expiresAt: string | null;
  readonly state: Exclude<CredentialState, "dead">;
  /** Where it was found: a target, another secret of the cluster, or given by the user. */
  readonly from: "target" | "copy" | "user";
  /** Every one that lives, this one first: a target keeps its own. */
  readonly alive: ReadonlyArray<Omit<LivingCredential, "alive">>;
}

/** Every credential that could be found is dead, or there is none: a key is to be made. */
interface CredentialToMake {
  readonly kind: "make";
}

/** The key in use lives, as the directory lists it; its password is in sealed documents alone. */
export interface SealedCredential extends Pick<LivingCredential, "keyId" | "createdAt" | "expiresAt"> {
  readonly kind: "sealed";
  readonly from: "target";
}

export type CredentialDecision = LivingCredential | SealedCredential | CredentialToMake;

/** What the decision is made from. */
export interface CredentialQuestion {
  readonly clusterId: string;
  readonly appId: string | undefined;
  /** What Graph lists; undefined when Azure is not called or there is no application yet. */
  readonly application: Application | undefined;
  /** The application is deleted or has no principal today: nothing of it signs in before that is mended. */
  readonly cannotSignInYet: boolean;
  readonly loginServer: string;
  readonly targets: readonly HeldEntry[];
  readonly known: SecretText | undefined;
  /** By Azure's clock. */
  readonly now: Date;
  /** Its passwords, when Graph was asked until it listed these keys, or often enough. */
  listed(keyIds: ReadonlySet<string>): Promise<Application["passwords"]>;
  /** Entries of the cluster's other managed secrets; undefined when they may not be listed. */
  elsewhere(): Promise<readonly HeldEntry[] | undefined>;
  /** Ids of the application's keys that secrets beside the targets hold, whoever wrote them; undefined likewise. */
  heldBesideTargets(): Promise<ReadonlySet<string> | undefined>;
}

/**
 * Finds the credential that works, in the targets first and then in the cluster's other managed secrets, and says
 * to make one only when there is none.
 * @throws ActionableError `credential.refused`, exit 2, when the password the user gave does not sign in
 */
export async function decideCredential(
  question: CredentialQuestion,
  proof: ProofContext,
  signal: AbortSignal,
): Promise<CredentialDecision> {
  if (question.known) return decideKnown(question, question.known, proof, signal);
  const inTargets = await firstLiving(question, { entries: question.targets, from: "target" }, proof, signal);
  if (inTargets) return inTargets;
  const inSealed = await sealedKey(question);
  if (inSealed) return inSealed;
  const others = await question.elsewhere();
  const copy = await firstLiving(question, { entries: others ?? [], from: "copy" }, proof, signal);
  return copy ?? { kind: "make" };
}

/** The key of sealed targets that lives longest, if the directory lists it as made for this cluster. */
async function sealedKey(question: CredentialQuestion): Promise<SealedCredential | undefined> {
  const { targets, now, clusterId } = question;
  const claimed = targets
    .filter(({ mark, sealed }) => sealed && isOfThis(question, mark))
    .flatMap(({ mark }) => mark.keyId ?? []);
  if (claimed.length === 0) return undefined;
  const [key] = (await question.listed(new Set(claimed)))
    .filter((one) => claimed.includes(one.keyId) && isKeyOf(one, clusterId))
    .filter(({ endDateTime }) => endDateTime === undefined || endDateTime > now)
    .toSorted((one, other) => (other.endDateTime?.getTime() ?? 0) - (one.endDateTime?.getTime() ?? 0));
  return (
    key && {
      kind: "sealed",
      keyId: key.keyId,
      createdAt: timeText(key.startDateTime),
      expiresAt: timeText(key.endDateTime),
      from: "target",
    }
  );
}

async function decideKnown(
  question: CredentialQuestion,
  password: SecretText,
  proof: ProofContext,
  signal: AbortSignal,
): Promise<LivingCredential> {
  const { appId, application, now } = question;
  if (appId === undefined) {
    throw refused(
      "credential.principal-unknown",
      "A password was given without the service principal that it belongs to, and acr-pull has none for this cluster.",
      "Name it: --service-principal APP_ID.",
    );
  }
  const credential = { username: appId, password };
  const untried = proof.kind === "none" || question.cannotSignInYet;
  const state = untried
    ? "signs-in"
    : await credentialState(proof, credential, { key: undefined, now }, signal);
  if (state === "dead") {
    throw refused(
      "credential.refused",
      `The given password does not sign in: it does not belong to ${appId}, or has expired.`,
      "Check that it is the secret's value and not its id, and that it belongs to this service principal.",
      "https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
    );
  }
  const matching = (application?.passwords ?? []).filter(
    ({ hint }) => hint !== undefined && password.reveal().startsWith(hint),
  );
  const key = matching.length === 1 ? matching[0] : undefined;
  const living = {
    kind: "living" as const,
    credential,
    keyId: key?.keyId ?? null,
    createdAt: timeText(key?.startDateTime),
    expiresAt: timeText(key?.endDateTime),
    state,
    from: "user" as const,
  };
  return { ...living, alive: [living] };
}

async function firstLiving(
  question: CredentialQuestion,
  { entries, from }: { readonly entries: readonly HeldEntry[]; readonly from: "target" | "copy" },
  proof: ProofContext,
  signal: AbortSignal,
): Promise<LivingCredential | undefined> {
  const { now, application } = question;
  const ofThis = entries.filter(({ mark }) => isOfThis(question, mark));
  const identify = ({ password }: PullCredential, passwords: Application["passwords"] = []) =>
    identifyKey(password, claimsOf(password, ofThis), passwords);
  const tried = await Promise.all(
    distinct(ofThis).map(async ({ mark, credential }) => {
      const { keyId, listed: key } = identify(credential, application?.passwords);
      if (key?.endDateTime && key.endDateTime <= now) return undefined;
      // What another run makes at this moment may not be listed yet, and works all the same.
      const state =
        question.cannotSignInYet && key
          ? ("signs-in" as const)
          : await credentialState(proof, credential, { key, now }, signal);
      return state === "dead" ? undefined : { mark, credential, state, unlisted: key ? null : keyId };
    }),
  );
  const found = tried.filter((one) => one !== undefined);
  const unlisted = new Set(found.map((one) => one.unlisted).filter((keyId) => keyId !== null));
  const passwords = unlisted.size > 0 ? await question.listed(unlisted) : application?.passwords;
  const living = found.map(({ mark, credential, state }) => {
    const { keyId, listed: key } = identify(credential, passwords);
    const [createdAt, expiresAt] = [timeText(key?.startDateTime), timeText(key?.endDateTime)];
    const one = { kind: "living" as const, credential, keyId, createdAt, expiresAt, state, from };
    return { one, rank: rank(state, expiresAt ?? mark.expiresAt ?? null) };
  });
  // The one that lives longest; of two that pull and do not, the one that pulls.
  living.sort((left, right) => right.rank - left.rank);
  const alive = living.map(({ one }) => one);
  return alive[0] && { ...alive[0], alive };
}

/** Ids of the keys that marks of secrets which hold a password say it is. */
function claimsOf(password: SecretText, entries: readonly HeldEntry[]): ReadonlySet<string> {
  const holding = entries.filter(({ credential }) => credential?.password.equals(password) === true);
  return new Set(holding.map(({ mark }) => mark.keyId).filter((keyId) => typeof keyId === "string"));
}

function rank(state: LivingCredential["state"], expiresAt: string | null): number {
  return (state === "pulls" ? 1e15 : 0) + (expiresAt === null ? 0 : Date.parse(expiresAt));
}

/** Whether a mark speaks of the application in question, for this cluster. */
function isOfThis(
  { clusterId, appId }: Pick<CredentialQuestion, "clusterId" | "appId">,
  mark: EntryMark,
): boolean {
  return appId !== undefined && mark.appId === appId && mark.clusterId === clusterId;
}

/** One of each password, as the user name that the kubelet would send it with. */
function distinct(entries: readonly HeldEntry[]): Array<HeldEntry & { credential: PullCredential }> {
  const found = new Map<string, HeldEntry & { credential: PullCredential }>();
  for (const entry of entries) {
    const { credential, mark } = entry;
    if (!isAsMarked(mark, credential)) continue;
    const key = credential.password.reveal();
    if (!found.has(key)) found.set(key, { ...entry, credential });
  }
  return [...found.values()];
}

/** The entry that a secret holds for a login server; undefined when it has none or cannot be read. */
export function heldEntry(secret: PullSecret, loginServer: string): HeldEntry | undefined {
  const { mark, credential } = entryFor(secret, loginServer);
  // Another secret that nobody can read is no source of a copy, and no reason to stop either.
  if (!mark || !secret.config || isOlderType(secret)) return undefined;
  return { namespace: secret.namespace, name: secret.name, mark, credential };
}

/** Keys of ours that do not sign in any more, and what that means for the cluster's secrets. */
export interface DeadKeys {
  /** Ids of those that no secret names any more when the targets are written: they are removed afterwards. */
  readonly obsolete: readonly string[];
  /** Secrets beside the targets that hold one: nobody asked for their namespaces. */
  readonly stranded: readonly Stranded[];
}

/** A secret whose password does not sign in, and that this run does not write. */
interface Stranded extends Pick<HeldEntry, "namespace" | "name"> {
  /** As its mark says. */
  readonly keyId: string | null;
  /** Whether the directory lists its key: that is how a rotation tells such a secret from a forged one. */
  readonly isListed: boolean;
}

/**
 * Tells which of our keys are dead, and who holds them. One that other secrets still name stays listed in the
 * directory until they have another.
 */
export async function findDeadKeys(
  question: CredentialQuestion,
  decision: CredentialDecision,
): Promise<DeadKeys> {
  const passwords = question.application?.passwords ?? [];
  const ours = passwords.filter((key) => isKeyOf(key, question.clusterId));
  const namesDead = isDead(decision, ours, question.now);
  const inTargets = question.targets.filter(({ mark }) => isOfThis(question, mark) && namesDead(mark.keyId));
  const isLookedFor = decision.kind === "make" || decision.from === "copy" || inTargets.length > 0;
  const others = isLookedFor ? await question.elsewhere() : undefined;
  if (!others) return { obsolete: [], stranded: [] };
  const elsewhere = others.filter(({ mark }) => isOfThis(question, mark) && namesDead(mark.keyId));
  const named = new Set(others.map(({ mark }) => mark.keyId));
  const going = new Set(inTargets.map(({ mark }) => mark.keyId));
  const obsolete = ours.map(({ keyId }) => keyId).filter((keyId) => going.has(keyId) && !named.has(keyId));
  // A text that is wrong in a target may be right in a copy that nobody marked.
  const held = obsolete.length > 0 ? await question.heldBesideTargets() : undefined;
  return {
    obsolete: obsolete.filter((keyId) => held?.has(keyId) !== true),
    stranded: elsewhere.map(({ namespace, name, mark }) => ({
      namespace,
      name,
      keyId: mark.keyId ?? null,
      isListed: passwords.some(({ keyId }) => keyId === mark.keyId),
    })),
  };
}

/** Where no key lives all are dead; beside a living one only those that have ended, for a text may be held wrongly. */
function isDead(
  decision: CredentialDecision,
  ours: ReadonlyArray<{ readonly keyId: string; readonly endDateTime: Date | undefined }>,
  now: Date,
): (keyId: string | null | undefined) => boolean {
  if (decision.kind === "make") return () => true;
  if (decision.from === "user") return () => false;
  const ended = new Set(
    ours.filter(({ endDateTime }) => endDateTime && endDateTime <= now).map(({ keyId }) => keyId),
  );
  return (keyId) => typeof keyId === "string" && ended.has(keyId);
}
