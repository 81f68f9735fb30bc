import { isMade, placeOf, type Key, type MadeKey, type State } from "../../domain/state.ts";
import type { Step } from "../step.ts";
import { isUsable, keyIn, stateOf, timeToGo, unreadable, type Seen, type World } from "../world.ts";
import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";

/** The namespace that states are kept in unless another one is named. */
export const usualStateNamespace = "acr-pull";

/**
 * The namespace of the state, if it is yet to be made.
 * @throws ActionableError `state.namespace-not-found`: one that was named has to be there
 */
export function makeStateNamespace({ place: { namespace, exists }, context }: Seen): Step[] {
  if (exists) return [];
  if (namespace === usualStateNamespace) return [makeNamespace(namespace)];
  throw refused(
    "state.namespace-not-found",
    `Namespace ${namespace}, which is to hold the state, does not exist in context ${context}.`,
    "Check --state-namespace, or create the namespace first.",
  );
}

export function makeNamespace(name: string): Step {
  return {
    kind: "namespace",
    action: "create",
    name,
    run: ({ cluster, signal }) => cluster.createNamespace(name, signal),
  };
}

/** The first thing that an installation makes: its id, and the name of its first key. */
export function createState({ state, place }: Seen): Step {
  return {
    kind: "state",
    action: "create",
    name: place.name,
    run: async ({ store, signal }) => {
      try {
        if (!store.state) await store.create(state, signal);
      } catch (error) {
        throw hasCode(error, "kubernetes.forbidden") ? mayNotKeepState(place.namespace, error) : error;
      }
    },
  };
}

/** Who may not write there has two ways. */
export function mayNotKeepState(namespace: string, cause: ActionableError): ActionableError {
  return new ActionableError(
    `You may not keep the state in namespace ${namespace}: ${cause.message}`,
    {
      code: "state.forbidden",
      hint: `Ask for the rights to get, list, create, patch and delete secrets in ${namespace}. Or keep the state where you may write: --state-namespace NAMESPACE, the same in every later command.`,
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

/** Writes a state that takes the place of another one: its application is gone, or it was copied. */
export function beginAgain(seen: Seen): Step[] {
  const { replaces, state, place } = seen;
  if (!replaces) return [];
  const [before, after] =
    replaces === "deleted"
      ? ["its application was deleted", "a new installation for the same secrets"]
      : ["a copy of another state", "taken over"];
  return [
    {
      kind: "state",
      action: "update",
      name: place.name,
      before,
      after,
      run: ({ store, signal }) => store.replace(state, signal),
    },
  ];
}

/** What a state is changed to, by what it says when the step runs. */
type Change = (state: State, world: World) => Partial<State>;

export function changeState(
  { place }: Seen,
  says: { readonly before?: string; readonly after: string },
  change: Change,
): Step {
  return {
    kind: "state",
    action: "update",
    name: place.name,
    ...says,
    run: (world) => world.store.save(change(stateOf(world), world), world.signal),
  };
}

/** The shortest time that an old key goes on after its successor was made, so that all of Entra knows that one. */
export const leastGraceMs = 30 * 60_000;

/**
 * The youngest key that a target holds becomes the current one, and the others get the time after which they may go;
 * none while a target waits for its successor.
 * @param graceMs how long the old password works on, in milliseconds
 */
export function exchange(seen: Seen, graceMs: number): Step {
  const says = { before: "the old password", after: "the new password" };
  return changeState(seen, says, ({ keys, targets }, world) => {
    const held = new Set(targets.map((target) => keyIn(world, keys, placeOf(target))?.name));
    // A target that could not be read may hold any of them.
    const isAnyUnread = targets.some((target) => unreadable(world, target));
    const newest = keys.findLast(({ name, leaked }) => held.has(name) && !leaked);
    if (!newest && !keys.some(({ leaked }) => leaked)) throw nothingWritten();
    const untilKnownMs =
      newest && isMade(newest) ? Date.parse(newest.madeAt) + leastGraceMs - world.time().getTime() : 0;
    return {
      keys: keys.map(({ current: _current, ...key }): Key => {
        if (key.name === newest?.name) return { ...key, current: true };
        if (!isMade(key)) return key;
        if (key.leaked) return { ...key, retireAfter: timeToGo(world, key, 0) };
        if (key.retireAfter !== undefined || held.has(key.name) || isAnyUnread) return key;
        const leastMs = isUsable(world, key) ? Math.max(graceMs, untilKnownMs) : 0;
        return { ...key, retireAfter: timeToGo(world, key, leastMs) };
      }),
    };
  });
}

function nothingWritten(): ActionableError {
  return new ActionableError("No secret could be given the new password.", {
    code: "rotate.nothing-written",
    hint: "The old one stays. Fix what is named above, and run the same command again.",
  });
}

/** Keys that were never handed out, and whose passwords are lost: they never become current. */
export function giveUp(seen: Seen, lost: readonly MadeKey[]): Step[] {
  if (lost.length === 0) return [];
  const names = new Set(lost.map(({ name }) => name));
  return [
    changeState(seen, { before: "a new password was to come", after: "it is lost" }, ({ keys }, world) => ({
      keys: keys.map((key) =>
        isMade(key) && names.has(key.name) ? { ...key, retireAfter: timeToGo(world, key, 0) } : key,
      ),
    })),
  ];
}
