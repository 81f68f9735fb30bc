import { dockerConfigType, type PullCredential } from "../../domain/docker-config.ts";
import { ActionableError, refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { credentialsIn, isAsMarked, type PullSecret } from "../../domain/pull-secret.ts";
import type { EntryMark } from "../../domain/ownership.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import { judgeTarget, targetName, type PresentTarget } from "../turn/pull-secret.ts";
import type { Target } from "./read-targets.ts";
import { isMeant } from "./registry-meant.ts";
import { isChosen, type ClusterView } from "./view.ts";

/** A secret that holds a key for a registry, by our mark and by its bytes. */
export interface Holder {
  readonly target: Target;
  readonly secret: PullSecret;
  readonly mark: EntryMark;
  readonly credential: PullCredential;
  /** The credential before it, while that is on its way out. */
  readonly second: PullCredential | undefined;
  /** Whether this run was asked for the key that it holds. */
  readonly chosen: boolean;
}

/** A secret that holds the password of a key in an entry that we may not write. */
export interface Copy {
  readonly target: Target;
  readonly credentials: readonly PullCredential[];
  readonly error: ActionableError;
}

/** Every secret of one cluster that pulls from one registry as one application. */
export interface HeldKeys {
  readonly seen: ClusterView;
  readonly loginServer: string;
  readonly appId: string;
  /** The registry's resource id, as recorded. */
  readonly registry: string;
  readonly holders: readonly Holder[];
  readonly copies: readonly Copy[];
  /** Entries of ours that say they hold such a key, and hold something else. */
  readonly changed: readonly Target[];
  /** Why secrets with our marks, that this run was asked for, cannot be written. */
  readonly refused: readonly ActionableError[];
  /** Sealed documents of which nobody can tell what they hold, because they were not applied. */
  readonly unapplied: readonly Target[];
  /** Pending marks of this registry, also in secrets that hold no key yet. */
  readonly pending: ReadonlyArray<{
    readonly target: Target;
    readonly mark: NonNullable<EntryMark["pending"]>;
  }>;
}

/** What of a run's wishes decides which keys are meant. */
export interface KeyChoice {
  readonly registry: RegistryReference | undefined;
  readonly secretName: string | undefined;
}

/**
 * The keys that a cluster's secrets hold. Only bytes make a secret a holder: anybody who may write in one namespace
 * can put a mark there that names any application.
 */
export function heldKeys(seen: ClusterView, choice: KeyChoice): HeldKeys[] {
  const groups = new Map<string, Group>();
  const pending: Array<{ loginServer: string; target: Target; mark: NonNullable<EntryMark["pending"]> }> = [];
  for (const secret of seen.secrets) {
    // Of the older type acr-pull writes none: whatever holds a key there is a copy.
    if (secret.type !== dockerConfigType) continue;
    const target = targetOf(seen, secret);
    for (const [loginServer, mark] of Object.entries(secret.marks)) {
      if (mark.clusterId !== seen.clusterId) continue;
      if (mark.pending) pending.push({ loginServer, target, mark: mark.pending });
      if (mark.appId === undefined) continue;
      const name = `${loginServer} ${mark.appId}`;
      const group = groups.get(name) ?? newGroup(loginServer, mark.appId);
      groups.set(name, group);
      const chosen = isChosen(secret, seen, choice.secretName);
      const meant = isMeant(choice.registry, loginServer, mark.registry);
      const state = stateOf(target, secret, loginServer);
      if (state instanceof ActionableError) {
        if (chosen && meant) group.refused.push(state);
        continue;
      }
      const { credential, second } = state;
      if (state.sealed) {
        if (chosen && meant) group.unapplied.push(target);
        continue;
      }
      if (!isAsMarked(mark, credential)) {
        group.changed.push(target);
        continue;
      }
      group.holders.push({ target, secret, mark, credential, second, chosen });
      if (meant) group.registry ??= mark.registry;
    }
  }
  return [...groups.values()]
    .filter(
      ({ holders, refused, unapplied, registry }) =>
        (registry !== undefined && holders.some(({ chosen }) => chosen)) ||
        refused.length > 0 ||
        unapplied.length > 0,
    )
    .map(({ loginServer, appId, holders, changed, refused, unapplied, registry }) => ({
      seen,
      loginServer,
      appId,
      registry: registry ?? holders[0]?.mark.registry ?? loginServer,
      holders,
      copies: copiesOf(seen, loginServer, holders),
      changed,
      refused,
      unapplied,
      pending: pending.filter((one) => one.loginServer === loginServer),
    }));
}

/** The keys of one application for one registry, while they are looked for. */
interface Group {
  readonly loginServer: string;
  readonly appId: string;
  readonly holders: Holder[];
  readonly changed: Target[];
  readonly refused: ActionableError[];
  readonly unapplied: Target[];
  /**
   * As an entry records it that is of the registry which was asked for; undefined while none is. A registry that was
   * moved keeps its login server: until `setup` has been everywhere, some entries record where it was before.
   */
  registry: string | undefined;
}

function newGroup(loginServer: string, appId: string): Group {
  return { loginServer, appId, holders: [], changed: [], refused: [], unapplied: [], registry: undefined };
}

/**
 * Other entries that hold one of these passwords: their pulls would fail when it is retired. A kubelet also takes an
 * entry for a repository or for a pattern of hosts, and other registries may know the same password, so that what an
 * entry is for does not matter.
 */
function copiesOf(seen: ClusterView, loginServer: string, holders: readonly Holder[]): Copy[] {
  const known = new Set(holders.map(({ target }) => `${target.namespace}/${target.name}`));
  const passwords = new Set(
    holders.flatMap(({ credential, second }) => [credential, second]).map((one) => one?.password.reveal()),
  );
  return seen.secrets.flatMap((secret) => {
    const isKnown = known.has(`${secret.namespace}/${secret.name}`);
    const marks = secret.marks;
    const credentials = credentialsIn(secret).filter(({ host, username, password }) => {
      if (!passwords.has(password.reveal())) return false;
      if (host === loginServer) return !isKnown;
      // Of another registry's rotation, which brings it to a key of its own.
      const mark = marks[host];
      return mark?.clusterId !== seen.clusterId || mark.appId !== username;
    });
    const [first] = credentials;
    if (!first) return [];
    const target = targetOf(seen, secret);
    const isOlder = secret.type !== dockerConfigType;
    const state = isKnown || isOlder ? undefined : stateOf(target, secret, loginServer);
    const strange = isOlder ? olderCopy(target, secret.type, first.host) : strangeCopy(target, first.host);
    const error = state instanceof ActionableError ? state : strange;
    return [{ target, credentials, error }];
  });
}

/** An entry that is for something else, or says that it is of another cluster or application. */
function strangeCopy(target: Target, host: string): ActionableError {
  return refused(
    "secret.not-ours",
    `Secret ${targetName(target)} holds a password for ${inOneLine(host)} that has to be replaced, in an entry that acr-pull did not write there for this cluster.`,
    "Remove that entry. If it belongs to another cluster or application, run setup with --switch-principal for its namespace instead.",
  );
}

/** A secret of the type before today's, which `setup` cannot take over either: a type cannot be changed. */
function olderCopy(target: Target, type: string, host: string): ActionableError {
  return refused(
    "secret.wrong-type",
    `Secret ${targetName(target)} holds a password for ${inOneLine(host)} that has to be replaced, but has the older type ${inOneLine(type)}, which acr-pull does not write.`,
    `Delete it, or replace it by a secret of the type ${dockerConfigType}: run acr-pull setup for its namespace with another --secret-name, make its Pods and service accounts name that one, and delete the old one.`,
  );
}

function targetOf({ cluster }: ClusterView, { namespace, name }: PullSecret): Target {
  return { cluster, namespace, name };
}

function stateOf(target: Target, secret: PullSecret, loginServer: string): PresentTarget | ActionableError {
  try {
    const policy = { loginServer, adopt: false, createNamespace: false };
    const state = judgeTarget(target, { secret, namespace: undefined }, policy);
    if (state.kind !== "present") throw new TypeError("a secret that was read is present");
    return state;
  } catch (error) {
    if (error instanceof ActionableError) return error;
    throw error;
  }
}
