import type { RetireMark } from "../../domain/ownership.ts";
import type { RotateInput } from "./contract.ts";
import type { Holder } from "../cluster/holders.ts";
import { endOf, isDue, retirementDueAt } from "./due.ts";
import type { SeenKey, SeenKeys } from "./look.ts";
import { oldKeyIn } from "./old-key.ts";

/*
 * A rotation has two steps: the change-over to another key, and the retirement of the old one. Each step looks at
 * everything again. The secrets alone say which step is next, so the next run, on any machine, continues what a
 * crashed run began.
 */

/** What has to be done next for the keys of one application. */
export type NextStep =
  /** Nothing, or nothing yet. */
  | { readonly kind: "none"; readonly because: "in-order" | "not-due" | "done" | "pending" }
  /** Removes the keys that a run left behind before any secret held them. */
  | { readonly kind: "tidy" }
  | ChangeOver
  | Retirement;

/** Each of these secrets gets another key. */
export interface ChangeOver {
  readonly kind: "change-over";
  /** Undefined if the key has yet to be made. */
  readonly to: SeenKey | undefined;
  readonly holders: readonly Holder[];
  /** When the old key may be retired. */
  readonly after: Date;
  readonly why: RetireMark["why"];
}

/** Takes the old key out of the secrets, and removes it. */
export interface Retirement {
  readonly kind: "retire";
  /** Null if its id is not known. */
  readonly keyId: string | null;
  /** The key itself, as long as some secret still holds its password, as far as one can tell. */
  readonly old: SeenKey | undefined;
  /** The secrets that were changed over from it. */
  readonly holders: readonly Holder[];
}

/** What this run has done so far for the same keys. */
export interface Done {
  /** Ids of keys that it changed secrets over to: a new key, or a living one that replaced dead ones. */
  readonly changedTo: ReadonlySet<string>;
  /** Those of them that it made. */
  readonly made: ReadonlySet<string>;
  /** Why it retired keys. */
  readonly retired: ReadonlySet<RetireMark["why"] | "renewal">;
  /** Keys that cannot be retired for a reason that this run cannot change. */
  readonly blocked: ReadonlySet<string | null>;
}

/** What a run has done at its start. */
export const nothingDone: Done = {
  changedTo: new Set(),
  made: new Set(),
  retired: new Set(),
  blocked: new Set(),
};

/** The part of the input that decides what comes next. */
export type StepWish = Pick<RotateInput, "intent" | "ifDue" | "graceMs">;

/** Decides what comes next. */
export function nextStep(keys: SeenKeys, wish: StepWish, done: Done): NextStep {
  const step = stepOf(keys, wish, done);
  const maySweep = keys.seen.whole;
  return step.kind === "none" && maySweep && keys.staleMarks.length > 0 ? { kind: "tidy" } : step;
}

function stepOf(keys: SeenKeys, wish: StepWish, done: Done): NextStep {
  const { holders } = keys;
  const changedOver = holders.filter(({ mark }) => mark.retire && !done.blocked.has(mark.retire.keyId));
  if (changedOver.length > 0) {
    return changeOverTo(keys, changedOver, wish) ?? retirement(keys, changedOver, wish);
  }
  return replaceDeadKeys(keys, wish) ?? begin(keys, wish, done);
}

/**
 * The change-over that a run begins after it has retired what is due. The plan shows both.
 * @returns undefined if it begins none
 */
export function stepAfterRetirement(
  step: Retirement,
  keys: SeenKeys,
  wish: StepWish,
): ChangeOver | undefined {
  const why = step.holders[0]?.mark.retire?.why ?? "renewal";
  const next = begin(keys, wish, { ...nothingDone, retired: new Set([why]) });
  return next.kind === "change-over" ? next : undefined;
}

/** Changes over the secrets that an earlier change-over did not reach. */
function changeOverTo(
  keys: SeenKeys,
  changedOver: readonly Holder[],
  wish: StepWish,
): ChangeOver | undefined {
  const living = changedOver
    .map(({ credential }) => keys.keyOf(credential.password))
    .filter(({ alive }) => alive);
  const to = living.toSorted((left, right) => endOf(right) - endOf(left))[0];
  const going = new Set(changedOver.map(({ mark }) => mark.retire?.keyId));
  const [like] = changedOver;
  const why = like?.mark.retire?.why;
  // A user who says again that a key has leaked also means the secrets that an interrupted run did not reach.
  const allLeaked = why === "compromised" && wish.intent === "compromised";
  const rest = keys.holders.filter(({ credential, chosen }) => {
    const { keyId, alive } = keys.keyOf(credential.password);
    return !alive || (keyId !== to?.keyId && (going.has(keyId) || (allLeaked && chosen)));
  });
  if (rest.length === 0) return undefined;
  const after = wish.intent === "compromised" ? keys.now : afterwards(keys, wish, why);
  return { kind: "change-over", to, holders: rest, after, why };
}

function retirement(keys: SeenKeys, changedOver: readonly Holder[], wish: StepWish): NextStep {
  const [first] = changedOver;
  if (!first?.mark.retire) throw new TypeError("a secret was changed over");
  const { keyId } = first.mark.retire;
  const marked = changedOver.filter(({ mark }) => mark.retire?.keyId === keyId);
  const old = oldKeyIn(marked, keyId, keys);
  // A secret that was copied by hand holds the old password, but no mark that says so.
  const isCopyOf = ({ mark, second: beside }: Holder) =>
    old !== undefined && !mark.retire && beside?.password.equals(old.credential.password) === true;
  const holders = [...marked, ...keys.holders.filter(isCopyOf)];
  // A client that takes the first password it finds fails every other pull if a dead one stands beside the living one.
  const early = wish.intent === "compromised" || old?.alive === false;
  if (!early && retirementDueAt(marked, keys) > keys.now.getTime())
    return { kind: "none", because: "pending" };
  return { kind: "retire", keyId, old, holders };
}

/**
 * Gives secrets whose password no longer signs in one that does: without overlap or grace period, and without a new
 * key if a living one exists.
 */
function replaceDeadKeys({ holders, keyOf, now }: SeenKeys, { intent }: StepWish): ChangeOver | undefined {
  if (intent === "finish") return undefined;
  const isDead = ({ credential }: Holder) => !keyOf(credential.password).alive;
  const dead = holders.filter(isDead);
  if (!dead.some(({ chosen }) => chosen)) return undefined;
  const living = holders.filter((one) => !isDead(one)).map(({ credential }) => keyOf(credential.password));
  // A living key that has leaked too is no help.
  if (intent === "compromised" && living.length > 0) return undefined;
  const to = living.toSorted((left, right) => endOf(right) - endOf(left))[0];
  return { kind: "change-over", to, holders: dead, after: now, why: undefined };
}

/** Everything is in order: decides whether a new rotation begins. */
function begin(keys: SeenKeys, wish: StepWish, done: Done): NextStep {
  const { holders } = keys;
  // A living key that replaced dead ones may have leaked too: only a key that this run made is safe.
  const fresh = wish.intent === "compromised" ? done.made : done.changedTo;
  const isFresh = ({ credential }: Holder) => fresh.has(keys.keyOf(credential.password).keyId ?? "");
  if (holders.some(isFresh)) return { kind: "none", because: "done" };
  const chosen = new Set(
    holders.filter((one) => one.chosen).map(({ credential }) => keys.keyOf(credential.password)),
  );
  if (chosen.size === 0) return { kind: "none", because: "done" };
  switch (wish.intent) {
    case "finish":
      return { kind: "none", because: done.retired.size > 0 ? "done" : "in-order" };
    case "compromised":
      if (done.retired.has("compromised")) return { kind: "none", because: "done" };
      break;
    case "rotate": {
      const due = [...chosen].some((key) => isDue(key, keys, wish));
      if (!due) return { kind: "none", because: done.retired.size > 0 ? "done" : "not-due" };
      break;
    }
    default:
      wish.intent satisfies never;
  }
  const why = wish.intent === "compromised" ? "compromised" : undefined;
  return {
    kind: "change-over",
    to: undefined,
    holders: holders.filter(({ credential }) => chosen.has(keys.keyOf(credential.password))),
    after: afterwards(keys, wish, why),
    why,
  };
}

function afterwards({ now }: SeenKeys, { graceMs }: StepWish, why: RetireMark["why"]): Date {
  return why === undefined ? new Date(now.getTime() + graceMs) : now;
}
