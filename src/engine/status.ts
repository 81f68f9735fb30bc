import { ActionableError } from "../domain/errors.ts";
import { isOlderType } from "../domain/pull-secret.ts";
import {
  currentKey,
  installationId,
  isMade,
  isOver,
  placeOf,
  type Key,
  type MadeKey,
  type StateTarget,
} from "../domain/state.ts";
import { foundEntry } from "../domain/target-entry.ts";
import { isOurUser, keyIn, newestKey, secretIn, type Seen } from "./world.ts";

/** How a target stands. */
export type TargetState =
  /** It holds the password that it is to hold, and its service accounts name it. */
  | "in sync"
  /** It holds something else, or a service account no longer names it. */
  | "changed"
  | "missing"
  /** It may not be read. */
  | "unknown";

/** One target, and how it stands. */
export interface TargetStatus extends StateTarget {
  readonly state: TargetState;
}

/** How an installation stands, from its state and its secrets alone. */
export interface InstallationStatus {
  readonly id: string;
  readonly targets: readonly TargetStatus[];
  /** The current key; undefined if the password was given or is yet to be made. */
  readonly key: MadeKey | undefined;
  /** `due` in the last third of its life, `ending` in the last sixth, `ended` after it. */
  readonly life: "good" | "due" | "ending" | "ended" | undefined;
  /** Keys that leaked and are not gone yet. */
  readonly leaked: readonly Key[];
  /** Keys whose time was over and that are still there. */
  readonly overdue: readonly MadeKey[];
  /** Whether `rotate` has something to go on with. */
  readonly isUnderWay: boolean;
  readonly isInOrder: boolean;
}

/** How an installation stands. */
export function statusOf(seen: Seen): InstallationStatus {
  const { state, now } = seen;
  const targets = state.targets.map((target) => ({ ...target, state: targetState(seen, target) }));
  const key = currentKey(state.keys);
  const life = key && lifeOf(key, now);
  const leaked = state.keys.filter((one) => one.leaked);
  const overdue = state.keys
    .filter(isMade)
    .filter((one) => !one.current && isOver(one.retireAfter, now) && !isOver(one.expiresAt, now));
  const isUnderWay = state.keys.some((one) => isMade(one) && !one.current && one.retireAfter === undefined);
  const isInOrder =
    !state.removing &&
    targets.every((target) => target.state === "in sync") &&
    life !== "ending" &&
    life !== "ended" &&
    leaked.length === 0 &&
    overdue.length === 0;
  return { id: installationId(state), targets, key, life, leaked, overdue, isUnderWay, isInOrder };
}

/** One rule for all that is soon: the last third of a life, and its half. */
export function lifeOf({ madeAt, expiresAt }: MadeKey, now: Date): NonNullable<InstallationStatus["life"]> {
  const [from, to] = [Date.parse(madeAt), Date.parse(expiresAt)];
  const leftMs = to - now.getTime();
  if (leftMs <= 0) return "ended";
  if (leftMs <= (to - from) / 6) return "ending";
  return leftMs <= (to - from) / 3 ? "due" : "good";
}

function targetState(seen: Seen, target: StateTarget): TargetState {
  const place = placeOf(target);
  const content = seen.secrets.get(place);
  if (content === undefined) return "missing";
  const secret = secretIn(seen, target);
  if (!secret) return "unknown";
  const { keys } = seen.state;
  const isLinked = target.serviceAccounts.every((name) => {
    const account = seen.accounts.get(`${target.namespace}/${name}`);
    // One that may not be read says nothing.
    return account instanceof ActionableError || account?.imagePullSecrets.includes(target.secret);
  });
  if (!isLinked || isOlderType(secret)) return "changed";
  const held = keyIn(seen, keys, place);
  // A password that was given is known by its user alone.
  if (!keys.some(isMade))
    return isOurUser(seen, foundEntry(secret, seen.registry.loginServer).plain?.username)
      ? "in sync"
      : "changed";
  return held !== undefined && held.name === (newestKey(seen, keys) ?? currentKey(keys))?.name
    ? "in sync"
    : "changed";
}
