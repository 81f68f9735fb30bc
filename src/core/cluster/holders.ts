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

/** A secret that holds a key for a registry, according to both our mark and its bytes. */
export interface Holder {
  readonly target: Target;
  readonly secret: PullSecret;
  readonly mark: EntryMark;
  readonly credential: PullCredential;
  /** The previous credential, until it is removed. */
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
  /** Entries of ours whose mark says that they hold such a key, but that hold something else. */
  readonly changed: readonly Target[];
  /** Why secrets that have our marks, and that this run was asked for, cannot be written. */
  readonly refused: readonly ActionableError[];
  /** Sealed documents that were not applied, so that nobody can say what they hold. */
  readonly unapplied: readonly Target[];
  /** Pending marks for this registry, also in secrets that hold no key yet. */
  readonly pending: ReadonlyArray<{
    readonly target: Target;
    readonly mark: NonNullable<EntryMark["pending"]>;
  }>;
}

/** The options that decide which keys are meant. */
export interface KeyChoice {
  readonly registry: RegistryReference | undefined;
  readonly secretName: string | undefined;
}

/**
 * The keys that a cluster's secrets hold. Only its bytes make a secret a holder: anybody who may write in one
 * namespace can put a mark there that names any application.
 */
export function heldKeys(seen: ClusterView, choice: KeyChoice): HeldKeys[] {
  const groups = new Map<string, Group>();
  const pending: Array<{ loginServer: string; target: Target; mark: NonNullable<EntryMark["pending"]> }> = [];
  for (const secret of seen.secrets) {
    // acr-pull writes no secret of the older type, so one that holds a key is a copy.
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

/** The keys of one application for one registry, while they are collected. */
interface Group {
  readonly loginServer: string;
  readonly appId: string;
  readonly holders: Holder[];
  readonly changed: Target[];
  readonly refused: ActionableError[];
  readonly unapplied: Target[];
  /**
   * As recorded by an entry for the registry that was asked for. Undefined until there is such an entry. A registry
   * that was moved keeps its login server: some entries record its old resource id until `setup` has run for them.
   */
  registry: string | undefined;
}

function newGroup(loginServer: string, appId: string): Group {
  return { loginServer, appId, holders: [], changed: [], refused: [], unapplied: [], registry: undefined };
}

/**
 * Other entries that hold one of these passwords: their pulls fail when it is retired. It does not matter what an
 * entry is for. A kubelet also takes an entry for a repository or for a pattern of hosts, and other registries may
 * know the same password.
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
      // The rotation of that other registry gives this entry its own new key.
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

/** For an entry that is for something else, or whose mark names another cluster or application. */
function strangeCopy(target: Target, host: string): ActionableError {
  return refused(
    "secret.not-ours",
    `Secret ${targetName(target)} holds a password for ${inOneLine(host)} that has to be replaced, in an entry that acr-pull did not write there for this cluster.`,
    "Remove that entry. If it belongs to another cluster, run setup with --adopt for its namespace instead.",
  );
}

/** For a secret of the older type. `setup` cannot take it over either, because a type cannot be changed. */
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
