import type { PullCredential } from "../../domain/docker-config.ts";
import { refused } from "../../domain/errors.ts";
import type { Application } from "../../domain/identity.ts";
import { isKeyOf, type EntryMark } from "../../domain/ownership.ts";
import { entryFor, isAsMarked, isOlderType, type PullSecret } from "../../domain/pull-secret.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { timeText } from "../../domain/time-text.ts";
import { identifyKey } from "../identity/identify-key.ts";
import type { ClusterReads } from "../ports.ts";
import {
  credentialState,
  mayHoldYoungKey,
  youngPatienceMs,
  type CredentialState,
} from "../proof/credential-state.ts";
import type { ProofContext } from "../proof/prove-pull.ts";

/** An entry of ours, as a secret of the cluster holds it. */
export interface HeldEntry {
  readonly namespace: string;
  readonly name: string;
  readonly mark: EntryMark;
  readonly credential: PullCredential | undefined;
  /** Whether nobody here can read what it holds. Then only its mark says which key that is. */
  readonly sealed?: boolean;
  /** Whether the secret was written so recently that parts of Azure may not know the key yet. */
  readonly mayBeYoung: boolean;
}

/** A credential for the targets that do not have it. */
export interface LivingCredential {
  readonly kind: "living";
  readonly credential: PullCredential;
  readonly keyId: string | null;
  /** RFC 3339 UTC; null if the directory does not say. */
  readonly createdAt: string | null;
  /** RFC 3339 UTC, as the directory lists it; null if it does not. What a mark says does not count. */
  readonly expiresAt: string | null;
  readonly state: Exclude<CredentialState, "dead">;
  /** Where it was found: in a target, in another secret of the cluster, or given by the user. */
  readonly from: "target" | "copy" | "user";
  /** Every living credential, this one first. A target keeps its own. */
  readonly alive: ReadonlyArray<Omit<LivingCredential, "alive">>;
}

/** Every credential that was found is dead, or there is none. A key is to be made. */
interface CredentialToMake {
  readonly kind: "make";
}

/** The key in use lives, according to the directory, but only sealed documents hold its password. */
export interface SealedCredential extends Pick<LivingCredential, "keyId" | "createdAt" | "expiresAt"> {
  readonly kind: "sealed";
  readonly from: "target";
}

export type CredentialDecision = LivingCredential | SealedCredential | CredentialToMake;

/** What the decision is based on. */
export interface CredentialQuestion {
  readonly clusterId: string;
  readonly appId: string | undefined;
  /** What Graph lists. Undefined if Azure is not called, or if there is no application yet. */
  readonly application: Application | undefined;
  /** The application is deleted, or has no principal today. Nothing signs in as it until that is fixed. */
  readonly cannotSignInYet: boolean;
  readonly loginServer: string;
  readonly targets: readonly HeldEntry[];
  readonly known: SecretText | undefined;
  /** By Azure's clock. */
  readonly now: Date;
  /** The application's passwords, after Graph was asked until it listed these keys, or often enough. */
  listed(keyIds: ReadonlySet<string>): Promise<Application["passwords"]>;
  /** Entries of the cluster's other managed secrets. Undefined if they may not be listed. */
  elsewhere(): Promise<readonly HeldEntry[] | undefined>;
  /**
   * Ids of the application's keys in secrets that are not targets, whoever wrote them. Undefined if they may not be
   * listed.
   */
  heldOutsideTargets(): Promise<ReadonlySet<string> | undefined>;
}

/**
 * Finds the credential that works, first in the targets and then in the cluster's other managed secrets. Decides to
 * make one only if there is none.
 * @throws ActionableError `credential.refused`, exit 2, if the password that the user gave does not sign in
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

/** The key in sealed targets that lives longest, if the directory lists it as made for this cluster. */
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
  const state = question.cannotSignInYet
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
  const tryAll = async (some: ReturnType<typeof distinct>, leastPatienceMs: number) => {
    const tried = await Promise.all(
      some.map(async ({ mark, credential }) => {
        const { keyId, listed: key } = identify(credential, application?.passwords);
        if (key?.endDateTime && key.endDateTime <= now) return [];
        // A key that another run has just made works, although the directory may not list it yet.
        const state =
          question.cannotSignInYet && key
            ? ("signs-in" as const)
            : await credentialState(proof, credential, { key, now, leastPatienceMs }, signal);
        return state === "dead" ? [] : [{ mark, credential, state, unlisted: key ? null : keyId }];
      }),
    );
    return tried.flat();
  };
  const held = distinct(ofThis);
  const found = await tryAll(held, 0);
  // A target that holds a dead key gets another one. A secret to copy from stays as it is.
  if (found.length === 0 || from === "target") {
    const young = held.filter(
      ({ credential, mayBeYoung }) =>
        mayBeYoung &&
        identify(credential, application?.passwords).keyId !== null &&
        !found.some((one) => one.credential === credential),
    );
    found.push(...(await tryAll(young, youngPatienceMs)));
  }
  const unlisted = new Set(found.map((one) => one.unlisted).filter((keyId) => keyId !== null));
  const passwords = unlisted.size > 0 ? await question.listed(unlisted) : application?.passwords;
  const living = found.map(({ mark, credential, state }) => {
    const { keyId, listed: key } = identify(credential, passwords);
    const [createdAt, expiresAt] = [timeText(key?.startDateTime), timeText(key?.endDateTime)];
    const one = { kind: "living" as const, credential, keyId, createdAt, expiresAt, state, from };
    return { one, rank: rank(state, expiresAt ?? mark.expiresAt ?? null) };
  });
  // A credential that pulls comes first. Among equals, the one that lives longest comes first.
  living.sort((left, right) => right.rank - left.rank);
  const alive = living.map(({ one }) => one);
  return alive[0] && { ...alive[0], alive };
}

/** Ids of the key that this password is, according to the marks of secrets that hold it. */
function claimsOf(password: SecretText, entries: readonly HeldEntry[]): ReadonlySet<string> {
  const holding = entries.filter(({ credential }) => credential?.password.equals(password) === true);
  return new Set(holding.map(({ mark }) => mark.keyId).filter((keyId) => typeof keyId === "string"));
}

function rank(state: LivingCredential["state"], expiresAt: string | null): number {
  return (state === "pulls" ? 1e15 : 0) + (expiresAt === null ? 0 : Date.parse(expiresAt));
}

/** Whether a mark is about the application in question, for this cluster. */
export function isOfThis(
  { clusterId, appId }: Pick<CredentialQuestion, "clusterId" | "appId">,
  mark: EntryMark,
): boolean {
  return appId !== undefined && mark.appId === appId && mark.clusterId === clusterId;
}

/** One entry for each password, with the user name that the kubelet would send. */
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

/** The entry that a secret holds for a login server. Undefined if it has none or cannot be read. */
export function heldEntry(
  secret: PullSecret,
  loginServer: string,
  cluster: Pick<ClusterReads, "serverTime">,
): HeldEntry | undefined {
  const { mark, credential } = entryFor(secret, loginServer);
  // A secret that nobody can read holds nothing to copy, but that is no reason to stop.
  if (!mark || !secret.config || isOlderType(secret)) return undefined;
  const { namespace, name } = secret;
  return { namespace, name, mark, credential, mayBeYoung: mayHoldYoungKey(secret, cluster) };
}
