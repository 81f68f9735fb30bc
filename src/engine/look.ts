import pMap from "p-map";
import { ActionableError, hasCode, refused } from "../domain/errors.ts";
import type { PullCredential } from "../domain/docker-config.ts";
import type { NamespaceObject, ServiceAccountObject } from "../domain/kubernetes-objects.ts";
import { credentialsIn, type PullSecret } from "../domain/pull-secret.ts";
import { SecretText } from "../domain/secret-text.ts";
import {
  currentKey,
  installationId,
  isMade,
  isOver,
  newKeyName,
  newSeed,
  placeOf,
  sha256,
  successor,
  withTargets,
  type Key,
  type MadeKey,
  type State,
  type StateTarget,
} from "../domain/state.ts";
import { ifAvailable } from "../core/cluster/failure-of-one.ts";
import { credentialState } from "../core/proof/credential-state.ts";
import type { ProofContext } from "../core/proof/prove-pull.ts";
import type { Clock, Directory, WritableCluster } from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import { width } from "./apply.ts";
import type { Identity } from "./identity.ts";
import { stateSecretName, type StateStore } from "./state-store.ts";
import { mayNotKeepState } from "./steps/state.ts";
import type { KnownRegistry, SeenNamespace, World } from "./world.ts";

/** From this many targets on, one list of the whole cluster costs less than a read for each. */
const manyTargets = 20;

/** What is looked at, and with what. */
export interface Looking {
  readonly registry: KnownRegistry;
  readonly store: StateStore;
  readonly stateNamespace: string;
  /** The file or folder of the documents that secrets are; undefined if they lie in the cluster. */
  readonly documents: string | undefined;
  readonly cluster: WritableCluster;
  /** Undefined where Azure is not asked. */
  readonly directory: Pick<Directory, "serverTime"> | undefined;
  /** Looks at the identity of an installation. Undefined where Azure is not asked; answers so if it is gone. */
  readonly lookAtIdentity:
    | ((id: string, state: State | undefined, signal: AbortSignal) => Promise<Identity | undefined>)
    | undefined;
  /** The targets that were named in this run. */
  readonly named: readonly StateTarget[];
  /** A password that was given, and the user name if that was given with it. */
  readonly given: { readonly userName: string | undefined; readonly password: SecretText } | undefined;
  /** Whether the passwords are tried: a dead one is then known. */
  readonly tries: boolean;
  /** Whether a state that is a copy may be taken over. */
  readonly adopt: boolean;
  /** Whether an installation may be begun. */
  readonly mayBegin: boolean;
  readonly proof: ProofContext;
  readonly clock: Clock;
  readonly report: Report;
}

/**
 * Looks at everything that a plan needs, and writes nothing.
 * @throws ActionableError `state.none`, `state.copy`, exit 2
 */
export async function look(looking: Looking, signal: AbortSignal): Promise<World> {
  const { registry, store, documents, cluster, named, given, clock, directory, report, proof } = looking;
  await store.read(signal).catch((error: unknown) => {
    throw hasCode(error, "kubernetes.forbidden") ? mayNotKeepState(looking.stateNamespace, error) : error;
  });
  const found = store.state;
  if (!found && !looking.mayBegin) throw noState(looking);
  if (store.isCopy && !looking.adopt) throw copied(store);
  const time = () => directory?.serverTime() ?? clock.now();
  const begun = found ?? newState(looking, time());
  const targets = withTargets(begun.targets, named);
  const lookAtIdentity = looking.lookAtIdentity;
  const [exists, secrets, namespaces, closed, accounts, seenIdentity] = await Promise.all([
    found || documents !== undefined ? true : stateNamespaceExists(looking, signal),
    readSecrets(targets, cluster, signal),
    readNamespaces(targets, cluster, signal),
    closedNamespaces(named, cluster, signal),
    readAccounts(targets, cluster, signal),
    lookAtIdentity?.(installationId(begun), found, signal),
  ]);
  // Its unique name stays taken for thirty days, so what follows is a new installation for the same targets.
  const isGone = lookAtIdentity !== undefined && seenIdentity === undefined;
  const anew = isGone ? renewed(begun, newState(looking, time())) : begun;
  const identity = isGone ? await lookAtIdentity(installationId(anew), anew, signal) : seenIdentity;
  // One that was named is recorded before anything is made for it.
  const state = found ? anew : { ...anew, identity: identity?.record ?? anew.identity };
  const keys = state.keys.filter(isMade);
  const passwords = passwordsOf(keys, secrets.values());
  if (keys.some((key) => !isOver(key.expiresAt, time()) && !passwords.has(key.sha256))) {
    // A copy that somebody made has the same bytes: they go back to the targets.
    const everywhere = await cluster.listPullSecrets(signal);
    for (const [hash, password] of passwordsOf(keys, everywhere ?? [])) passwords.set(hash, password);
  }
  const world: World = {
    registry,
    store,
    state,
    isNew: found === undefined,
    replaces: isGone ? "deleted" : store.isCopy ? "copied" : undefined,
    place: {
      name:
        documents === undefined
          ? `${looking.stateNamespace}/${stateSecretName(registry.loginServer)}`
          : store.place,
      namespace: looking.stateNamespace,
      exists,
    },
    documents,
    identity,
    cluster,
    context: cluster.context,
    now: time(),
    time,
    namespaces,
    closed,
    secrets,
    accounts,
    passwords,
    refused: new Set(),
    given: given && givenCredential(given, identity),
    proof,
    clock,
    report,
    signal,
  };
  if (!looking.tries || given) return world;
  return { ...world, refused: await refusedKeys(world, signal) };
}

/**
 * A new installation in the place of one whose application is gone: what was agreed to stands. By the user name, the
 * entries of the former one are known until they are written.
 */
function renewed({ role, targets, identity }: State, fresh: State): State {
  const { id: _gone, ...named } = identity;
  return { ...fresh, ...(role && { role }), targets, identity: named };
}

function newState({ registry, given }: Looking, now: Date): State {
  const seed = newSeed();
  const first: Key = { name: newKeyName(installationId({ seed })), namedAt: now.toISOString() };
  const { id, loginServer } = registry;
  return {
    version: 1,
    seed,
    registry: { ...(id !== undefined && { id }), loginServer },
    identity: { kind: "service-principal" },
    keys: given ? [] : [first],
    targets: [],
  };
}

function givenCredential(
  { userName, password }: NonNullable<Looking["given"]>,
  identity: Identity | undefined,
): PullCredential {
  const username = identity?.record.userName ?? userName;
  if (username === undefined)
    throw refused(
      "service-principal.needed",
      "A password belongs to a service principal, and none was named.",
      "Name it with --service-principal.",
    );
  return { username, password };
}

function noState({ registry, stateNamespace, cluster, documents, store }: Looking): ActionableError {
  if (documents !== undefined)
    return refused(
      "state.none",
      `There is no state ${store.place}.`,
      "Run setup with the same --manifest first, or name the file or folder beside which the state lies.",
    );
  return refused(
    "state.none",
    `There is no state for ${registry.loginServer} in namespace ${stateNamespace} of context ${cluster.context}.`,
    "Run setup first. If it is kept elsewhere: --state-namespace. If it was lost: setup --adopt --service-principal ID, where ID is the user name in a pull secret; kubectl get secret -A -l acr-pull/managed lists them.",
  );
}

function copied({ place }: StateStore): ActionableError {
  return refused(
    "state.copy",
    `The state in ${place} is a copy: it was made for another object, in another cluster or before a restore.`,
    "If the one that it was copied from is gone, take it over: setup --adopt. Else delete the copy, and run setup for an installation of its own.",
  );
}

/** One that may not be read counts as there: writing shows it. */
async function stateNamespaceExists(
  { cluster, stateNamespace }: Looking,
  signal: AbortSignal,
): Promise<boolean> {
  const namespace = await readNamespace(stateNamespace, cluster, signal);
  return namespace !== undefined;
}

async function readNamespace(
  name: string,
  cluster: WritableCluster,
  signal: AbortSignal,
): Promise<SeenNamespace> {
  try {
    return await cluster.findNamespace(name, signal);
  } catch (error) {
    if (hasCode(error, "kubernetes.forbidden")) return "unreadable";
    throw error;
  }
}

async function readNamespaces(
  targets: readonly StateTarget[],
  cluster: WritableCluster,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SeenNamespace>> {
  const names = [...new Set(targets.map(({ namespace }) => namespace))];
  const listed =
    names.length >= manyTargets ? await ifAvailable(cluster.listNamespaces("", signal), signal) : undefined;
  if (listed) {
    const byName = new Map(listed.map((namespace) => [namespace.name, namespace]));
    return new Map(names.map((name): [string, NamespaceObject | undefined] => [name, byName.get(name)]));
  }
  return readEach(
    names,
    (name) => name,
    (name) => readNamespace(name, cluster, signal),
  );
}

/** Asked before anything is made in Azure, so that a refusal leaves nothing behind. */
async function closedNamespaces(
  named: readonly StateTarget[],
  cluster: WritableCluster,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const names = [...new Set(named.map(({ namespace }) => namespace))];
  if (names.length === 0 || !(await cluster.mayNotWriteSecrets(undefined, signal))) return new Set();
  const said = await readEach(
    names,
    (name) => name,
    (name) => cluster.mayNotWriteSecrets(name, signal),
  );
  return new Set(names.filter((name) => said.get(name)));
}

async function readSecrets(
  targets: readonly StateTarget[],
  cluster: WritableCluster,
  signal: AbortSignal,
): Promise<Map<string, PullSecret | ActionableError | undefined>> {
  const names = new Set(targets.map(({ secret }) => secret));
  const isListed = targets.length >= manyTargets && names.size === 1;
  const [name = ""] = names;
  const listed = isListed ? await ifAvailable(cluster.listSecretsNamed(name, signal), signal) : undefined;
  if (listed) {
    const byNamespace = new Map(listed.map((secret) => [secret.namespace, secret]));
    return new Map(targets.map((target) => [placeOf(target), byNamespace.get(target.namespace)]));
  }
  return readEach(targets, placeOf, ({ namespace, secret }) =>
    orWhyNot(cluster.findSecret(namespace, secret, signal), signal),
  );
}

/** One thing that cannot be read fails alone. */
async function orWhyNot<T>(reading: Promise<T>, signal: AbortSignal): Promise<T | ActionableError> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ActionableError && !signal.aborted) return error;
    throw error;
  }
}

function readAccounts(
  targets: readonly StateTarget[],
  cluster: WritableCluster,
  signal: AbortSignal,
): Promise<Map<string, ServiceAccountObject | ActionableError | undefined>> {
  const accounts = targets.flatMap(({ namespace, serviceAccounts }) =>
    serviceAccounts.map((name) => ({ namespace, name })),
  );
  return readEach(
    accounts,
    ({ namespace, name }) => `${namespace}/${name}`,
    ({ namespace, name }) => orWhyNot(cluster.findServiceAccount(namespace, name, signal), signal),
  );
}

async function readEach<T, V>(
  list: readonly T[],
  keyOf: (one: T) => string,
  read: (one: T) => Promise<V>,
): Promise<Map<string, V>> {
  return new Map(
    await pMap(list, async (one): Promise<[string, V]> => [keyOf(one), await read(one)], {
      concurrency: width,
    }),
  );
}

/** The passwords of keys, wherever they stand in secrets: the bytes with the hash are the password. */
function passwordsOf(
  keys: readonly MadeKey[],
  secrets: Iterable<PullSecret | ActionableError | undefined>,
): Map<string, SecretText> {
  const hashes = new Set(keys.map((key) => key.sha256));
  const found = new Map<string, SecretText>();
  for (const secret of secrets) {
    if (!secret || secret instanceof ActionableError) continue;
    for (const { password } of credentialsIn(secret)) {
      const hash = sha256(password.reveal());
      if (hashes.has(hash)) found.set(hash, password);
    }
  }
  return found;
}

/** Ids of the keys that are refused, of those that targets hold. A refusal is believed only when it repeats. */
async function refusedKeys(world: World, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const { identity, passwords, proof } = world;
  const { keys } = world.state;
  const userName = identity?.record.userName;
  if (userName === undefined) return new Set();
  const tried = [currentKey(keys), successor(keys)].filter(
    (key) => key !== undefined && !isOver(key.expiresAt, world.now) && passwords.has(key.sha256),
  ) as MadeKey[];
  const dead = await pMap(tried, async (key) => {
    const password = passwords.get(key.sha256) ?? new SecretText("");
    const known = {
      keyId: key.id,
      displayName: key.name,
      startDateTime: new Date(key.madeAt),
      endDateTime: new Date(key.expiresAt),
      hint: undefined,
    };
    const state = await credentialState(
      proof,
      { username: userName, password },
      { key: known, now: world.now },
      signal,
    );
    return state === "dead" ? [key.id] : [];
  });
  return new Set(dead.flat());
}
