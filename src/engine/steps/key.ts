import { ActionableError, OutcomeUnknownError } from "../../domain/errors.ts";
import { formatDuration } from "../../domain/duration.ts";
import { credentialsIn } from "../../domain/pull-secret.ts";
import {
  bearsId,
  installationId,
  isMade,
  newKeyName,
  sha256,
  withoutKey,
  withoutOldNames,
  type Key,
  type MadeKey,
  type State,
} from "../../domain/state.ts";
import { waitUntil } from "../../core/patience.ts";
import { provePull } from "../../core/proof/prove-pull.ts";
import { isRefusedSteadily, proveSteadily } from "../../core/proof/prove-steadily.ts";
import type { Identity, KeyLife } from "../identity.ts";
import { leastGraceMs } from "./state.ts";
import type { Step } from "../step.ts";
import { credentialOf, stateOf, timeToGo, type Seen, type World } from "../world.ts";

const mostLostAnswers = 3;

/**
 * Makes a key, under a name that was saved before.
 * @param becomes how the other keys and the new one stand afterwards
 * @param also what else of the state is saved with it
 */
export function makeKey(
  { registry }: Seen,
  life: KeyLife,
  becomes: (keys: readonly Key[], made: MadeKey, world: World) => readonly Key[],
  also: Partial<State> = {},
): Step {
  return {
    kind: "password",
    action: "create",
    name: `for ${registry.name}`,
    run: async (world) => {
      const { made, tries } = await makeUnderName(world, life);
      const { keys } = stateOf(world);
      const changed = becomes(
        keys.map((key) => (key.name === made.name ? made : key)),
        made,
        world,
      );
      const identity = world.identity?.record;
      await world.store.save({ ...also, ...(identity && { identity }), keys: changed }, world.signal);
      if (tries > 1) await sweepLost(made.id, world);
    },
  };
}

async function makeUnderName(
  world: World,
  life: KeyLife,
): Promise<{ readonly made: MadeKey; readonly tries: number }> {
  const { signal, passwords } = world;
  const identity = identityOf(world);
  for (let tries = 1; ; tries += 1) {
    const { name, namedAt } = unusedName(world, tries) ?? (await anotherName(world));
    try {
      const { id, password, expiresAt } = await identity.makeKey(name, life, signal);
      const hash = sha256(password.reveal());
      passwords.set(hash, password);
      const madeAt = world.time().toISOString();
      const made = { name, namedAt, id, madeAt, expiresAt: expiresAt.toISOString(), sha256: hash };
      return { made, tries };
    } catch (error) {
      // It may exist, and nobody knows its password. Its name is kept until it was seen and removed.
      if (!(error instanceof OutcomeUnknownError) || tries === mostLostAnswers) throw error;
      world.report({
        kind: "note",
        level: "info",
        text: "The answer with the new password was lost: another one is made, and that one removed",
      });
    }
  }
}

/** A replica that lists the newest key knows the earlier ones too. If none does for a minute, a later run sweeps. */
async function sweepLost(newest: string, world: World): Promise<void> {
  const { clock, signal, store } = world;
  const identity = identityOf(world);
  const listed = await waitUntil(
    async () => {
      const keys = await identity.listKeys(signal);
      return keys.some(({ id }) => id === newest) ? keys : undefined;
    },
    { timeoutMs: 60_000 },
    clock,
    signal,
  );
  const lost = new Set(
    stateOf(world)
      .keys.filter((key) => !isMade(key))
      .map(({ name }) => name),
  );
  for (const { id, name = "" } of listed ?? []) {
    if (id === newest || !lost.has(name)) continue;
    await identity.removeKey(id, signal);
    await store.save({ keys: withoutKey(stateOf(world).keys, name) }, signal);
  }
}

/** The name that a new state was made with, if no key can have it yet. */
function unusedName(world: World, tries: number): Key | undefined {
  const [only, ...more] = stateOf(world).keys;
  return world.isNew && tries === 1 && more.length === 0 && !isMade(only) ? only : undefined;
}

async function anotherName(world: World): Promise<Key> {
  const state = stateOf(world);
  const now = world.time();
  const key = { name: newKeyName(installationId(state)), namedAt: now.toISOString() };
  await world.store.save({ keys: [...withoutOldNames(state.keys, now), key] }, world.signal);
  return key;
}

/** A document holds no second password for replicas of Entra that do not know the first one yet. */
const beforeDocument = { times: 8, spreadMs: 60_000 };

/** Proves that the key pulls. @param times once, or as often as a key has to be accepted that replaces another */
export function prove(
  { registry }: Seen,
  key: (world: World) => Key | undefined,
  times: "once" | "steadily",
): Step {
  return {
    kind: "proof",
    action: "check",
    name: `a pull from ${registry.loginServer}`,
    run: async (world) => {
      const credential = world.given ?? credentialOf(world, key(world));
      if (!credential) throw new TypeError("what is to be proved has been made");
      const { proof, signal, identity } = world;
      const inCluster = times === "once" ? undefined : identity?.proof;
      const steadiness = world.documents === undefined ? inCluster : beforeDocument;
      if (!steadiness) return provePull(proof, credential, signal);
      await proveSteadily(proof, credential, { ...steadiness, signInSuffices: false }, signal);
    },
  };
}

/** Proves that the password of a key that leaked is refused. Nothing to do if it is not known. */
export function proveRefused(seen: Seen, key: MadeKey): Step[] {
  const credential = credentialOf(seen, key);
  if (!credential) return [];
  return [
    {
      kind: "proof",
      action: "check",
      name: "that the leaked password is refused",
      run: async (world) => {
        const { proof, signal } = world;
        if (stateOf(world).keys.some(({ name }) => name === key.name)) return "it could not be removed";
        if (await isRefusedSteadily(proof, credential, { times: 3, spreadMs: 0 }, signal)) return undefined;
        throw new ActionableError("The leaked password is removed, but it still works.", {
          code: "rotate.still-accepted",
          hint: "Parts of Entra may take some minutes: run the same command again.",
          retryable: true,
        });
      },
    },
  ];
}

/**
 * Removes keys whose answer was lost, and that no state ever named but by the name that they were to get.
 */
export function sweep({ state, identity }: Seen): Step[] {
  const names = new Set(state.keys.filter((key) => !isMade(key)).map(({ name }) => name));
  return (identity?.keys ?? [])
    .filter(({ name }) => name !== undefined && names.has(name))
    .map(({ id, name = "" }) => ({
      kind: "password",
      action: "remove",
      name: id,
      before: "left by a run that was cut off",
      run: async (world) => {
        await identityOf(world).removeKey(id, world.signal);
        await world.store.save({ keys: withoutKey(stateOf(world).keys, name) }, world.signal);
      },
    }));
}

/** Keys that bear the installation's id and that its state does not name: another copy of the state made them. */
export function strayKeys({ state, identity }: Seen): Identity["keys"] {
  const id = installationId(state);
  const known = new Set(state.keys.flatMap((key) => [key.id, key.name]));
  return (identity?.keys ?? []).filter(
    (key) => bearsId(key.name, id) && !known.has(key.id) && !known.has(key.name),
  );
}

/** Removes keys that the state does not name. */
export function removeStrays(seen: Seen): Step[] {
  return strayKeys(seen).map(({ id }) => ({
    kind: "password",
    action: "remove",
    name: id,
    before: "not in the state",
    run: (world) => identityOf(world).removeKey(id, world.signal),
  }));
}

/** What a key's removal waits for. */
export type Hold =
  /** A copy of its password somewhere in the cluster. */
  "copies" | "nothing";

/** Waits until all of Entra knows a key. Until then, the one before stays beside it. */
export function knownEverywhere({ now }: Seen, { madeAt }: MadeKey): Step[] {
  const readyAt = Date.parse(madeAt) + leastGraceMs;
  if (readyAt <= now.getTime()) return [];
  return [
    {
      kind: "proof",
      action: "check",
      name: "that all of Entra knows the new password",
      run: async (world) => {
        const { clock, signal, report } = world;
        const leftMs = readyAt - world.time().getTime();
        if (leftMs <= 0) return;
        const minutes = formatDuration(Math.ceil(leftMs / 60_000) * 60_000);
        const text = `Waiting ${minutes}: parts of Entra may not know the new password yet`;
        report({ kind: "waiting", id: "grace", text });
        await clock.sleep(leftMs, signal);
        report({ kind: "ended", id: "grace" });
      },
    },
  ];
}

/** Removes a key that is out of time, if no secret of the cluster holds it any longer. */
export function retire(key: MadeKey, hold: Hold): Step {
  return {
    kind: "password",
    action: "remove",
    name: key.id,
    alone: true,
    before: key.leaked ? "leaked" : "the old one",
    run: async (world) => {
      const looks = hold === "copies" && !key.leaked && world.documents === undefined;
      const keptBecause = looks ? await holdersOf(key, world) : undefined;
      if (keptBecause) return keptBecause;
      await identityOf(world).removeKey(key.id, world.signal);
      await world.store.save({ keys: withoutKey(stateOf(world).keys, key.name) }, world.signal);
      return undefined;
    },
  };
}

const mostNamed = 3;

/** Where the key's password still stands, as a sentence; undefined if it stands nowhere. */
async function holdersOf(key: MadeKey, { cluster, signal }: World): Promise<string | undefined> {
  const all = await cluster.listPullSecrets(signal);
  if (!all)
    return "you may not list the secrets of other namespaces, which may hold it: it works until it ends";
  const holders = all.filter((secret) =>
    credentialsIn(secret).some(({ password }) => sha256(password.reveal()) === key.sha256),
  );
  const names = holders.slice(0, mostNamed).map(({ namespace, name }) => `${namespace}/${name}`);
  const more = holders.length > mostNamed ? ` and ${holders.length - mostNamed} more` : "";
  return names.length === 0 ? undefined : `${names.join(", ")}${more} still holds it`;
}

function identityOf({ identity }: World): Identity {
  if (!identity) throw new TypeError("keys belong to an identity");
  return identity;
}

/** The keys with the new one current, and every other one out of time. */
export function nowAlone(keys: readonly Key[], made: MadeKey, world: World): readonly Key[] {
  return keys.map(({ current: _current, ...key }): Key => {
    if (key.name === made.name) return { ...key, current: true };
    return !isMade(key) || key.retireAfter !== undefined
      ? key
      : { ...key, retireAfter: timeToGo(world, key, 0) };
  });
}

/** The keys with every one that exists leaked. */
export function markLeaked(keys: readonly Key[]): readonly Key[] {
  return keys.map((key) => (isMade(key) ? { ...key, leaked: true } : key));
}
