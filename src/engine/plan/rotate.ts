import { refused, type ActionableError } from "../../domain/errors.ts";
import {
  isMade,
  isOver,
  placeOf,
  ripeKeys,
  successor,
  waitedFor,
  type MadeKey,
  type StateTarget,
} from "../../domain/state.ts";
import { foundEntry, type TargetEntry } from "../../domain/target-entry.ts";
import type { KeyLife } from "../identity.ts";
import type { Step } from "../step.ts";
import {
  knownEverywhere,
  makeKey,
  markLeaked,
  nowAlone,
  prove,
  proveRefused,
  removeStrays,
  retire,
  strayKeys,
  sweep,
  type Hold,
} from "../steps/key.ts";
import { lifeOf } from "../status.ts";
import { leftOut, writeTarget } from "../steps/secret.ts";
import { forDocuments, notApplied, refuseStrays } from "./documents.ts";
import { changeState, exchange, giveUp } from "../steps/state.ts";
import {
  credentialOf,
  entryToHold,
  isUsable,
  keyIn,
  newestKey,
  secretIn,
  stateOf,
  unreadable,
  type Seen,
  type World,
} from "../world.ts";

/** What `rotate` was asked for. */
export interface RotateWish {
  readonly mode: "now" | "if due" | "finish" | "compromised";
  readonly life: KeyLife;
  /** How long the old password works on, in milliseconds. */
  readonly graceMs: number;
  /** Whether an old password goes although a secret still holds it, or may. */
  readonly force: boolean;
}

/** A new password wherever the present one stands, with no failed pull in between. */
export function planRotate(seen: Seen, wish: RotateWish): Step[] {
  const keys = seen.state.keys.filter(isMade);
  if (seen.replaces === "deleted")
    throw refused(
      "rotate.application-gone",
      `The application that pulls from ${seen.registry.loginServer} was deleted.`,
      "Run setup: it makes another one for the same secrets.",
    );
  if (keys.length === 0)
    throw refused(
      "rotate.no-password",
      `acr-pull made no password for ${seen.registry.loginServer}.`,
      "Run setup to make one, or to write another one that you know: --password-stdin.",
    );
  const begin = [...sweep(seen), ...(wish.force ? removeStrays(seen) : [])];
  const isLeaked = wish.mode === "compromised" || keys.some(({ leaked }) => leaked);
  const work = isLeaked ? replaceLeaked : newestKey(seen, keys) ? renew : replaceDead;
  if (!wish.force && (wish.mode === "compromised" || work === replaceDead)) refuseStrays(seen);
  return forDocuments(seen, [...begin, ...work(seen, keys, wish)]);
}

/**
 * Goes on with what is under way. Begins anew if that is wanted and no earlier password is in its grace: rotations do
 * not pile up.
 */
function renew(seen: Seen, keys: readonly MadeKey[], wish: RotateWish): Step[] {
  const newest = newestKey(seen, keys);
  if (!newest) throw new TypeError("a dead password is replaced");
  const isHandedOut = successor(keys)?.name === newest.name;
  const isWaitedFor = waitedFor(keys).length > 0;
  const grace = keys.filter(({ retireAfter }) => retireAfter !== undefined);
  const isInGrace = grace.some((key) => !isOver(key.retireAfter, seen.now) && isUsable(seen, key));
  const isWanted =
    wish.mode === "now" ? !isInGrace : wish.mode === "if due" && lifeOf(newest, seen.now) !== "good";
  const isInCluster = seen.documents === undefined;
  const after = isInCluster ? "the new password, the old one beside it" : "the new password";
  // A document may have been reverted, whatever the state says.
  const isBehind = !isInCluster && writeHeld(seen, newest, after, beside).length > 0;
  const isUnderWay = isHandedOut || isWaitedFor || isBehind;
  // What stands in sealed documents alone cannot be handed out any further: another one is made for all of them.
  const isBegun = isUnderWay ? !credentialOf(seen, newest) : isWanted;
  if (isBegun && keys.length >= (seen.identity?.mostKeys ?? 0)) throw noRoom();

  const lost = keys.filter((key) => !key.current && !key.retireAfter && !isUsable(seen, key));
  const isFinish = wish.mode === "finish";
  const before = keys.slice(0, keys.indexOf(newest)).filter((key) => !lost.includes(key));
  const isApplied = isInCluster || (isFinish && !isUnderWay);
  const over = isFinish && isApplied ? before : ripeKeys(keys, seen.now);
  const hold: Hold = wish.force ? "nothing" : "copies";
  return [
    ...giveUp(seen, lost),
    ...(isBegun ? [makeKey(seen, wish.life, (all) => all)] : []),
    ...(isBegun || isHandedOut ? [prove(seen, newestNow, "steadily")] : []),
    ...(isBegun || isUnderWay
      ? [
          ...writeHeld(seen, isBegun ? undefined : newest, after, beside),
          exchange(seen, isFinish ? 0 : wish.graceMs),
        ]
      : []),
    ...(isFinish && over.length > 0 ? knownEverywhere(seen, newest) : []),
    ...(isBegun ? [] : clean(seen, over)),
    ...[...(isApplied ? lost : []), ...over].map((key) => retire(key, hold)),
    ...(isFinish && !isApplied ? notApplied(seen, before) : []),
  ];
}

function noRoom(): ActionableError {
  return refused(
    "rotate.no-room",
    "There is no room for another password before the old one goes.",
    "Finish the rotation first: rotate --finish",
  );
}

/** The password works no longer, or stands nowhere: no overlap, no grace. */
function replaceDead(seen: Seen, keys: readonly MadeKey[], { life, force }: RotateWish): Step[] {
  const writes = writeHeld(seen, undefined, "a new one", alone);
  if (writes.length === 0 && force && strayKeys(seen).length > 0) return [];
  const [unread] = seen.state.targets.flatMap((target) => unreadable(seen, target) ?? []);
  if (unread && writes.every(({ refusal }) => refusal)) throw unread;
  if (writes.length === 0)
    throw refused(
      "rotate.nowhere",
      `No secret of this installation holds its password for ${seen.registry.loginServer} any longer.`,
      "Run setup: it makes a new one and writes the secrets.",
    );
  return [
    makeKey(seen, life, nowAlone),
    prove(seen, newestNow, "once"),
    ...writes,
    ...(seen.documents === undefined ? keys.map((key) => retire(key, "nothing")) : []),
  ];
}

/**
 * Every key that exists counts as leaked, one that was being handed out too. Neither a copy nor a target that cannot
 * be written keeps a leaked key alive.
 */
function replaceLeaked(seen: Seen, keys: readonly MadeKey[], { life, mode }: RotateWish): Step[] {
  const isGoingOn = keys.some(({ leaked }) => leaked);
  const leaked = keys.filter((key) => !isGoingOn || key.leaked);
  const mark = changeState(seen, { before: "the password is in use", after: "it has leaked" }, (state) => ({
    keys: markLeaked(state.keys),
  }));
  const newest = isGoingOn ? newestKey(seen, keys) : undefined;
  const isHeld = writeHeld(seen, newest, "the new password", alone).length === 0;
  // What stands in sealed documents alone cannot be handed out any further.
  const made = isHeld || credentialOf(seen, newest) ? newest : undefined;
  // Made by a run that was cut off before any target got it.
  const lost = keys.filter((key) => !leaked.includes(key) && key !== made);
  const writes = writeHeld(seen, made, "the new password", alone);
  const isWritten = writes.some(({ refusal }) => !refusal);
  const isApplied = seen.documents === undefined || (mode === "finish" && isHeld);
  return [
    ...(isGoingOn ? [] : [mark]),
    ...(made || !isWritten ? [] : [makeKey(seen, life, (all) => all)]),
    ...(isWritten ? [prove(seen, newestNow, "once")] : []),
    ...writes,
    ...(made?.current ? [] : [exchange(seen, 0)]),
    ...(isApplied
      ? [
          ...leaked.map((key) => retire({ ...key, leaked: true }, "nothing")),
          ...lost.map((key) => retire(key, "nothing")),
          ...leaked.flatMap((key) => proveRefused(seen, key)),
        ]
      : notApplied(
          seen,
          leaked.map((key) => ({ ...key, leaked: true })),
        )),
  ];
}

function newestNow(world: World): MadeKey | undefined {
  return newestKey(world, stateOf(world).keys);
}

/** The new password, and the old one for replicas that do not know the new one yet. */
function beside(world: World): TargetEntry | undefined {
  return entryToHold(world, stateOf(world).keys);
}

function alone(world: World): TargetEntry | undefined {
  return entryToHold(world, stateOf(world).keys, { alone: true });
}

/**
 * Writes where a password of the installation stands, and nowhere else: a target that is missing, changed or whose
 * namespace is gone is left to `setup`.
 * @param newest the key that targets are to get, if it was made before: those that hold it are done
 */
function writeHeld(
  seen: Seen,
  newest: MadeKey | undefined,
  after: string,
  wanted: (world: World) => TargetEntry | undefined,
): Step[] {
  const { keys, targets } = seen.state;
  const holdsOld = (target: StateTarget) => {
    const held = keyIn(seen, keys, placeOf(target));
    return held !== undefined && held.name !== newest?.name;
  };
  const says = { before: "the old password", after };
  return targets.flatMap((target) => {
    const unread = unreadable(seen, target);
    if (unread) return [leftOut(target, unread)];
    return holdsOld(target) ? [writeTarget(seen, target, wanted, { consent: "held", says })] : [];
  });
}

/** Takes passwords whose time is over out of the targets that still hold them. */
function clean(seen: Seen, over: readonly MadeKey[]): Step[] {
  if (over.length === 0) return [];
  const gone = new Set(over.map(({ name }) => name));
  const without = (world: World) =>
    entryToHold(
      world,
      stateOf(world).keys.filter(({ name }) => !gone.has(name)),
    );
  const holdsOne = (target: StateTarget) => {
    const { overlap } = foundEntry(secretIn(seen, target), seen.registry.loginServer);
    const held = keyIn(seen, seen.state.keys, placeOf(target));
    return held !== undefined && (overlap !== undefined || gone.has(held.name));
  };
  const says = { before: "both passwords", after: "the new one alone" };
  return seen.state.targets
    .filter(holdsOne)
    .map((target) => writeTarget(seen, target, without, { consent: "held", says }));
}
