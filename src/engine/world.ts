import type { PullCredential } from "../domain/docker-config.ts";
import type { NamespaceObject, ServiceAccountObject } from "../domain/kubernetes-objects.ts";
import { troubleOf, type PullSecret } from "../domain/pull-secret.ts";
import type { Registry } from "../domain/registry.ts";
import type { SecretText } from "../domain/secret-text.ts";
import {
  currentKey,
  isMade,
  isOver,
  placeOf,
  sha256,
  successor,
  type Key,
  type MadeKey,
  type State,
} from "../domain/state.ts";
import { expiryAnnotation, foundEntry, type TargetEntry } from "../domain/target-entry.ts";
import { ActionableError } from "../domain/errors.ts";
import type { Clock, WritableCluster } from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import type { ProofContext } from "../core/proof/prove-pull.ts";
import type { Identity } from "./identity.ts";
import type { StateStore } from "./state-store.ts";

/** What a registry is known by: all of it, or only its login server where Azure is not asked. */
export type KnownRegistry = Pick<Registry, "name" | "loginServer"> & Partial<Registry>;

/** A namespace, or why it could not be read: then writing there shows whether it exists. */
export type SeenNamespace = NamespaceObject | "unreadable" | undefined;

/** The world as one run saw it. Plans read it. */
export interface Seen {
  readonly registry: KnownRegistry;
  /** The installation's state; for a new one, what it begins with. */
  readonly state: State;
  /** Whether it is yet to be made. */
  readonly isNew: boolean;
  /** Why it takes another one's place: its application was deleted, or it lay in another object. */
  readonly replaces: "deleted" | "copied" | undefined;
  /** Where the state lies, as plans name it. Documents need no namespace for it, so for them it always exists. */
  readonly place: { readonly name: string; readonly namespace: string; readonly exists: boolean };
  /**
   * The file or folder of the documents that secrets are; undefined if they lie in the cluster. Nobody sees here when
   * documents are applied.
   */
  readonly documents: string | undefined;
  readonly identity: Identity | undefined;
  readonly context: string;
  readonly now: Date;
  readonly namespaces: ReadonlyMap<string, SeenNamespace>;
  /** Those of the named namespaces in which the caller may not write secrets, by the API server's word. */
  readonly closed: ReadonlySet<string>;
  /** Secrets by place, each in the version that was last seen or written; or why it could not be read. */
  readonly secrets: ReadonlyMap<string, PullSecret | ActionableError | undefined>;
  readonly accounts: ReadonlyMap<string, ServiceAccountObject | ActionableError | undefined>;
  /** Passwords of the state's keys by their hash, as far as they were found. */
  readonly passwords: ReadonlyMap<string, SecretText>;
  /** Ids of keys whose password is refused. */
  readonly refused: ReadonlySet<string>;
  /** A password that was given, and the user name that it is for. */
  readonly given: PullCredential | undefined;
  /** What pulls with the secrets that are to go. Looked at for `remove` alone. */
  readonly users?: SecretUsers;
}

/** Who will no longer pull, in words. */
export interface SecretUsers {
  /** Pods and service accounts. */
  readonly naming: readonly string[];
  /** Secrets elsewhere that somebody copied. */
  readonly copies: readonly string[];
}

/** The world while it is being changed. Steps get it. */
export interface World extends Seen {
  readonly store: StateStore;
  readonly cluster: WritableCluster;
  readonly secrets: Map<string, PullSecret | ActionableError | undefined>;
  readonly passwords: Map<string, SecretText>;
  readonly proof: ProofContext;
  readonly clock: Clock;
  /** Azure's time, by which passwords end; this machine's, where Azure is not asked. */
  time(): Date;
  readonly report: Report;
  /** Ends requests and waiting: at the run's deadline. Waiting ends with the lock, too. */
  readonly signal: AbortSignal;
}

/** The state as it stands now. */
export function stateOf({ store, state }: World): State {
  return store.state ?? state;
}

/** Whether a key's password stands somewhere and works, as far as it was looked at. */
export function isUsable(seen: Seen, key: Key | undefined): boolean {
  const { passwords, refused, now } = seen;
  return (
    isMade(key) &&
    !key.leaked &&
    !isOver(key.expiresAt, now) &&
    !refused.has(key.id) &&
    (passwords.has(key.sha256) || isSealedSomewhere(seen, key))
  );
}

function isSealedSomewhere({ documents, secrets }: Seen, key: MadeKey): boolean {
  // A cluster has no sealed secrets to go through for each target.
  return documents !== undefined && [...secrets.values()].some((secret) => isSealedFor(secret, key));
}

/** Whether a sealed document holds a key: the annotation outside the seal has the end of its life. */
function isSealedFor(secret: PullSecret | ActionableError | undefined, { expiresAt }: MadeKey): boolean {
  return isSealed(secret) && secret.annotations[expiryAnnotation] === expiresAt;
}

/** Whether it is a document whose password cannot be read back. */
export function isSealed(secret: PullSecret | ActionableError | undefined): secret is PullSecret {
  return secret !== undefined && !("code" in secret) && troubleOf(secret, "sealed") !== undefined;
}

/** The key that targets ought to hold: the one that is being handed out, else the current one. */
export function newestKey(seen: Seen, keys: readonly Key[]): MadeKey | undefined {
  return [successor(keys), currentKey(keys)].find((key) => isUsable(seen, key));
}

/** The key whose password stays beside the newest one, for replicas that do not know that one yet. */
export function overlapKey(seen: Seen, keys: readonly Key[]): MadeKey | undefined {
  const newest = newestKey(seen, keys);
  if (!newest) return undefined;
  const earlier = keys.slice(
    0,
    keys.findIndex(({ name }) => name === newest.name),
  );
  return earlier.filter(isMade).findLast((key) => isUsable(seen, key) && !isOver(key.retireAfter, seen.now));
}

/** The password of a key, for the identity's user. */
export function credentialOf(seen: Seen, key: Key | undefined): PullCredential | undefined {
  const userName = userNameOf(seen);
  const password = seen.passwords.get(key?.sha256 ?? "");
  return password && userName !== undefined ? { username: userName, password } : undefined;
}

/** The name that nodes sign in with; undefined until the identity is made. */
export function userNameOf({ identity, given, state }: Seen): string | undefined {
  return given?.username ?? identity?.record.userName ?? state.identity.userName;
}

/** Whether an entry's user is the installation's, now or before. */
export function isOurUser(seen: Seen, name: string | undefined): boolean {
  const ours = [userNameOf(seen), seen.state.identity.userName];
  return name !== undefined && ours.some((one) => one?.toLowerCase() === name.toLowerCase());
}

/** When a key that has a successor may go. One of documents works until its own end: some may not be applied yet. */
export function timeToGo(world: World, { expiresAt }: MadeKey, graceMs: number): string {
  const isInCluster = world.documents === undefined;
  return isInCluster ? new Date(world.time().getTime() + graceMs).toISOString() : expiresAt;
}

/** What a target is to hold now: a document, one password alone. Undefined while none is known. */
export function entryToHold(
  seen: Seen,
  keys: readonly Key[],
  { alone = seen.documents !== undefined }: { readonly alone?: boolean } = {},
): TargetEntry | undefined {
  if (seen.given) return { plain: seen.given };
  const newest = newestKey(seen, keys);
  const plain = credentialOf(seen, newest);
  if (!newest || !plain) return undefined;
  const overlap = alone ? undefined : credentialOf(seen, overlapKey(seen, keys));
  return { plain, overlap, expiresAt: newest.expiresAt };
}

/** The key whose password stands in a target's first entry; undefined if it is none of ours. */
export function keyIn(seen: Seen, keys: readonly Key[], place: string): MadeKey | undefined {
  const secret = seen.secrets.get(place);
  if (!secret || secret instanceof ActionableError) return undefined;
  const made = keys.filter(isMade);
  if (isSealed(secret)) return made.findLast((key) => isSealedFor(secret, key));
  const { plain } = foundEntry(secret, seen.registry.loginServer);
  if (!plain || plain.username.toLowerCase() !== userNameOf(seen)?.toLowerCase()) return undefined;
  const hash = sha256(plain.password.reveal());
  return made.find((key) => key.sha256 === hash);
}

/** Why a target could not be read; undefined if it could. */
export function unreadable(seen: Seen, target: Parameters<typeof placeOf>[0]): ActionableError | undefined {
  const secret = seen.secrets.get(placeOf(target));
  return secret instanceof ActionableError ? secret : undefined;
}

/** The secret of a place, if it was read. */
export function secretIn(seen: Seen, target: Parameters<typeof placeOf>[0]): PullSecret | undefined {
  const secret = seen.secrets.get(placeOf(target));
  return secret && !(secret instanceof ActionableError) ? secret : undefined;
}
