import { placeOf, type StateTarget } from "../../domain/state.ts";
import { refused, type ActionableError } from "../../domain/errors.ts";
import type { Step } from "../step.ts";
import { unlinkAccounts } from "../steps/account.ts";
import { mayHold, releaseTarget } from "../steps/secret.ts";
import { changeState } from "../steps/state.ts";
import { stateOf, type Seen, type World } from "../world.ts";

/** What `remove` was asked for. */
export interface RemoveWish {
  /** Undefined for all. */
  readonly targets: ReadonlyArray<{ readonly namespace: string; readonly secret?: string }> | undefined;
  /** Whether a target that cannot be written keeps nothing. */
  readonly force: boolean;
}

/** Undoes `setup` for some targets; with the last one, everything. */
export function planRemove(seen: Seen, wish: RemoveWish): Step[] {
  const { state, identity, place } = seen;
  const leaving = leavingTargets(state.targets, wish.targets);
  for (const { namespace, secret } of wish.targets ?? [])
    if (!leaving.some((one) => one.namespace === namespace && (secret ?? one.secret) === one.secret))
      throw refused(
        "remove.not-a-target",
        `${secret === undefined ? `Namespace ${namespace}` : `Secret ${namespace}/${secret}`} is not a target of ${state.registry.loginServer}.`,
        `The targets are: ${state.targets.map(placeOf).join(", ")}.`,
      );
  const { naming = [], copies = [] } = seen.users ?? {};
  if (naming.length > 0 && !wish.force) throw stillNamed(naming);
  const isLast = leaving.length === state.targets.length;
  const count = (targets: readonly StateTarget[]) =>
    `${targets.length} ${targets.length === 1 ? "secret" : "secrets"}`;
  const stay = (world: World) => {
    const isOut = (target: StateTarget) =>
      leaving.includes(target) && (!mayHold(world, target) || wish.force);
    return stateOf(world).targets.filter((target) => !isOut(target));
  };
  const forget = changeState(
    seen,
    {
      before: count(state.targets),
      after: isLast ? "being removed" : count(state.targets.slice(leaving.length)),
    },
    (_state, world) => {
      const targets = stay(world);
      return { targets, ...(targets.length === 0 && isLast && ({ removing: true } as const)) };
    },
  );
  const everything: Step[] = [
    ...(identity?.toRemove() ?? []).map((step) => ({
      ...step,
      ...(copies.length > 0 && { after: `${listed(copies)} no longer pulls` }),
    })),
    {
      kind: "state",
      action: "remove",
      name: place.name,
      run: ({ store, signal }) => store.delete(signal),
    },
  ];
  return [
    ...unlinkAccounts(seen, leaving),
    ...leaving.flatMap((target) => releaseTarget(seen, target)),
    ...(state.removing && state.targets.length === 0 ? [] : [forget]),
    ...(isLast ? everything.map((step) => onlyIfEmpty(step)) : []),
  ];
}

function stillNamed(names: readonly string[]): ActionableError {
  return refused(
    "remove.still-named",
    `${listed(names)} still names the secret, and could no longer pull.`,
    "Delete these, or let them pull with another secret first. Or remove it all the same: --force",
  );
}

const mostListed = 5;

function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return `${names.slice(0, mostListed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The targets that are asked for. */
export function leavingTargets(targets: readonly StateTarget[], asked: RemoveWish["targets"]): StateTarget[] {
  return targets.filter((target) => isMeant(target, asked));
}

function isMeant({ namespace, secret }: StateTarget, asked: RemoveWish["targets"]): boolean {
  return (
    asked === undefined ||
    asked.some((one) => one.namespace === namespace && (one.secret ?? secret) === secret)
  );
}

/** What a target that could not be written keeps alive. */
function onlyIfEmpty(step: Step): Step {
  return {
    ...step,
    run: async (world) => {
      const left = stateOf(world).targets.map(placeOf);
      return left.length > 0 ? `${left.join(", ")} could not be written` : step.run(world);
    },
  };
}
