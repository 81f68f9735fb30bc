import { refused } from "../../domain/errors.ts";
import type { RetireMark } from "../../domain/ownership.ts";
import { isSameTarget } from "../turn/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { RotateInput } from "./contract.ts";
import type { Holder } from "../cluster/holders.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import { endOf, isDue, retirementDueAt } from "./due.ts";
import { needsNaming, type SeenKey, type SeenKeys } from "./look.ts";

/*
 * A rotation has two steps: the change-over to another key, and the retirement of the old one. Each step looks at
 * everything anew. The secrets alone say which step is next, so the next run, on any machine, continues what a
 * crashed run began.
 */

/** What has to be done next for the keys of one application. */
export type NextStep =
  /** Nothing, or nothing yet. */
  | { readonly kind: "none"; readonly because: "in-order" | "not-due" | "done" | "pending" }
  /** Keys that a run left behind before any secret held them are removed. */
  | { readonly kind: "tidy" }
  | ChangeOver
  | Retirement;

/** Every one of these secrets gets another key. */
export interface ChangeOver {
  readonly kind: "change-over";
  /** Undefined: it is to be made. */
  readonly to: SeenKey | undefined;
  readonly holders: readonly Holder[];
  /** When the key before may be retired. */
  readonly after: Date;
  readonly why: RetireMark["why"];
}

/** The key before is taken out of the secrets, and removed. */
export interface Retirement {
  readonly kind: "retire";
  /** Null when its id is not known. */
  readonly keyId: string | null;
  /** Its text, while some secret still holds it. */
  readonly old: SeenKey | undefined;
  /** The secrets that were changed over from it. */
  readonly holders: readonly Holder[];
}

/** What this run has done so far for the same keys. */
export interface Done {
  /** Ids of keys that it changed over to: one that it made, or a living one that dead ones gave way to. */
  readonly changedTo: ReadonlySet<string>;
  /** Those of them that it made. */
  readonly made: ReadonlySet<string>;
  /** Why the keys went that it retired. */
  readonly retired: ReadonlySet<RetireMark["why"] | "renewal">;
  /** The ids of those keys: parts of the directory go on listing them for a while. */
  readonly retiredKeys: ReadonlySet<string>;
  /** Targets that could not be written and are given up, with `--accept-outage`. */
  readonly givenUp: readonly Target[];
  /** Keys whose retirement something stands in the way of, that nothing of this run can change. */
  readonly blocked: ReadonlySet<string | null>;
}

/** What a run has done when it begins. */
export const nothingDone: Done = {
  changedTo: new Set(),
  made: new Set(),
  retired: new Set(),
  retiredKeys: new Set(),
  givenUp: [],
  blocked: new Set(),
};

/** What of the run's wishes decides what is next. */
export type StepWish = Pick<
  RotateInput,
  | "intent"
  | "ifExpiringWithinMs"
  | "expiresInMs"
  | "graceMs"
  | "wait"
  | "retireKey"
  | "namespacesComplete"
  | "leaveOut"
  | "suggest"
>;

/**
 * Says what has to be done next.
 * @throws ActionableError `rotate.too-late-to-abort`, exit 2
 */
export function nextStep(keys: SeenKeys, wish: StepWish, done: Done): NextStep {
  const isTaken = ({ target }: { readonly target: Target }) =>
    !done.givenUp.some((one) => isSameTarget(one, target));
  const step = stepOf({ ...keys, holders: keys.holders.filter(isTaken) }, wish, done);
  const maySweep = wish.leaveOut.length === 0 && (keys.seen.whole || wish.namespacesComplete);
  // A mark on a secret that is given up stays with it.
  return step.kind === "none" && maySweep && keys.staleMarks.some(isTaken) ? { kind: "tidy" } : step;
}

function stepOf(keys: SeenKeys, wish: StepWish, done: Done): NextStep {
  const { holders } = keys;
  const changedOver = holders.filter(({ mark }) => mark.retire && !done.blocked.has(mark.retire.keyId));
  const aborted = changedOver.filter(({ mark }) => mark.retire?.why === "abort");
  if (aborted.length > 0) {
    const others = changedOver.filter((one) => !aborted.includes(one) && ownBefore(one, keys));
    if (others.length > 0) return goBack(keys, others, wish);
    return changeOverTo(keys, aborted, wish, "abort") ?? retirement(keys, aborted, wish);
  }
  if (changedOver.length > 0) {
    if (wish.intent === "abort") return goBack(keys, changedOver, wish);
    return changeOverTo(keys, changedOver, wish) ?? retirement(keys, changedOver, wish);
  }
  return retireNamed(keys, wish, done) ?? mendDead(keys, wish) ?? begin(keys, wish, done);
}

/** A key that an earlier rotation had to leave alone, and that is named now: no secret holds it any more. */
function retireNamed(keys: SeenKeys, { intent, retireKey }: StepWish, done: Done): Retirement | undefined {
  const isMeant = intent === "finish" || intent === "rotate";
  if (!isMeant || retireKey === undefined || done.retiredKeys.has(retireKey)) return undefined;
  const inUse = keys.holders.map(({ credential }) => keys.keyOf(credential.password));
  // While one is in use that has to be named to be retired, that is the one which is meant.
  if (inUse.some((key) => needsNaming(key, keys))) return undefined;
  const isHeld = inUse.some(({ keyId }) => keyId === retireKey);
  const isListed = keys.application.passwords.some(({ keyId }) => keyId === retireKey);
  if (isHeld || !isListed) return undefined;
  return { kind: "retire", keyId: retireKey, old: undefined, holders: [] };
}

/**
 * What a run begins when it has retired what is due: both are told before the first.
 * @returns undefined when nothing
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

/** Secrets that a change-over has not come to yet. */
function changeOverTo(
  keys: SeenKeys,
  changedOver: readonly Holder[],
  wish: StepWish,
  aborting?: "abort",
): ChangeOver | undefined {
  const living = changedOver
    .map(({ credential }) => keys.keyOf(credential.password))
    .filter(({ alive }) => alive);
  const to = living.toSorted((left, right) => endOf(right) - endOf(left))[0];
  const going = new Set(changedOver.map(({ mark }) => mark.retire?.keyId));
  const [like] = changedOver;
  const why = aborting ?? like?.mark.retire?.why;
  // Whoever says again that a key has leaked means all that a run before this one was cut off from.
  const allLeaked = why === "compromised" && wish.intent === "compromised";
  const rest = keys.holders.filter(({ credential, chosen }) => {
    const { keyId, alive } = keys.keyOf(credential.password);
    return !alive || (keyId !== to?.keyId && (going.has(keyId) || (allLeaked && chosen)));
  });
  if (rest.length === 0) return undefined;
  const after = wish.intent === "compromised" ? keys.now : afterwards(keys, wish, why);
  return { kind: "change-over", to, holders: rest, after, why };
}

/** The key that a secret was changed over from, while it stands beside the new one and signs in. */
function ownBefore({ mark, second }: Holder, { keyOf }: SeenKeys): SeenKey | undefined {
  const before = second && keyOf(second.password);
  return before?.alive === true && before.keyId === mark.retire?.keyId ? before : undefined;
}

/** Back to the key before, each secret to its own; as long as some secret still holds its text. */
function goBack(keys: SeenKeys, changedOver: readonly Holder[], { suggest }: StepWish): ChangeOver {
  const before = keys.holders
    .flatMap(({ credential, second }) => [second, credential])
    .filter((one) => one !== undefined)
    .map(({ password }) => keys.keyOf(password));
  const going = new Set(changedOver.map(({ mark }) => mark.retire?.keyId));
  const to = before.find(({ keyId, alive }) => alive && going.has(keyId));
  if (!to) {
    throw refused(
      "rotate.too-late-to-abort",
      "No secret holds the old password any longer, so there is no way back. All of them hold the new one.",
      `Let the rotation come to its end: ${suggest("rotate", [
        ["--registry", registryNamed(keys)],
        ...keys.seen.contexts.map((context) => ["--context", context] as const),
        ["--finish"],
      ])}`,
    );
  }
  const newer = new Set(changedOver.map(({ credential }) => credential.password.reveal()));
  const holders = keys.holders.filter(
    (one) =>
      newer.has(one.credential.password.reveal()) &&
      !one.credential.password.equals(to.credential.password) &&
      (ownBefore(one, keys) ?? to) === to,
  );
  return { kind: "change-over", to, holders, after: keys.now, why: "abort" };
}

function retirement(keys: SeenKeys, changedOver: readonly Holder[], wish: StepWish): NextStep {
  const [first] = changedOver;
  if (!first?.mark.retire) throw new TypeError("a secret was changed over");
  const { keyId } = first.mark.retire;
  const marked = changedOver.filter(({ mark }) => mark.retire?.keyId === keyId);
  const second = marked.find((one) => one.second)?.second;
  const old = second && keys.keyOf(second.password);
  // One that was made from another by hand holds the old text with no mark that says so.
  const isCopyOf = ({ mark, second: beside }: Holder) =>
    old !== undefined && !mark.retire && beside?.password.equals(old.credential.password) === true;
  const holders = [...marked, ...keys.holders.filter(isCopyOf)];
  // A dead password beside the living one fails every other pull of a reader that takes the first it finds.
  const early = wish.intent === "compromised" || old?.alive === false;
  if (!early && retirementDueAt(marked, keys) > keys.now.getTime())
    return { kind: "none", because: "pending" };
  return { kind: "retire", keyId, old, holders };
}

/** Secrets whose password signs in no more get one that does: no overlap, no grace, and no new key if one lives. */
function mendDead({ holders, keyOf, now }: SeenKeys, { intent }: StepWish): ChangeOver | undefined {
  if (intent === "finish" || intent === "abort") return undefined;
  const isDead = ({ credential }: Holder) => !keyOf(credential.password).alive;
  const dead = holders.filter(isDead);
  if (!dead.some(({ chosen }) => chosen)) return undefined;
  const living = holders.filter((one) => !isDead(one)).map(({ credential }) => keyOf(credential.password));
  // One that leaked as well is no help.
  if (intent === "compromised" && living.length > 0) return undefined;
  const to = living.toSorted((left, right) => endOf(right) - endOf(left))[0];
  return { kind: "change-over", to, holders: dead, after: now, why: undefined };
}

/** All is in order: whether a new rotation begins. */
function begin(keys: SeenKeys, wish: StepWish, done: Done): NextStep {
  const { holders } = keys;
  // A leaked key may be the living one that others gave way to: only what this run made is safe.
  const fresh = wish.intent === "compromised" ? done.made : done.changedTo;
  const isFresh = ({ credential }: Holder) => fresh.has(keys.keyOf(credential.password).keyId ?? "");
  if (holders.some(isFresh)) return { kind: "none", because: "done" };
  if (done.retired.has("abort") && wish.intent !== "compromised") return { kind: "none", because: "done" };
  const chosen = new Set(
    holders.filter((one) => one.chosen).map(({ credential }) => keys.keyOf(credential.password)),
  );
  if (chosen.size === 0) return { kind: "none", because: "done" };
  switch (wish.intent) {
    case "finish":
    case "abort":
      return { kind: "none", because: done.retired.size > 0 ? "done" : "in-order" };
    case "compromised":
      if (done.retired.has("compromised")) return { kind: "none", because: "done" };
      break;
    case "rotate": {
      // What it waited for was the end of a rotation that an earlier run began.
      if (wish.wait && done.retired.size > 0) return { kind: "none", because: "done" };
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
