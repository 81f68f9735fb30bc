import { describe, expect, it } from "vitest";
import {
  nextStep,
  nothingDone,
  stepAfterRetirement,
  type Done,
  type NextStep,
  type StepWish,
} from "../../../src/core/rotate/decide.ts";
import type { RetireMark } from "../../../src/domain/ownership.ts";
import {
  hourMs,
  hoursFromNow,
  now,
  plainWish,
  surveyed,
  type KeyState,
  type KeysState,
  type SecretState,
} from "./key-states.ts";

/** A step in a few words: which secrets get which key, and in how many hours the old one may be retired. */
function inWords(step: NextStep): string {
  const places = (holders: ReadonlyArray<{ target: { namespace: string } }>) =>
    holders.map(({ target }) => target.namespace).join(" ") || "nobody";
  switch (step.kind) {
    case "none":
      return step.because;
    case "tidy":
      return "tidy";
    case "retire":
      return `retire ${step.keyId ?? "a key unknown"} from ${places(step.holders)}${step.old ? "" : ", its text unknown"}`;
    case "change-over": {
      const hours = (step.after.getTime() - now.getTime()) / hourMs;
      const to = step.to ? (step.to.keyId ?? "the key given by hand") : "a new key";
      return `give ${places(step.holders)} ${to}, retire after ${hours} h${step.why === undefined ? "" : `, ${step.why}`}`;
    }
    default:
      return step satisfies never;
  }
}

function next(state: KeysState, wish: Partial<StepWish> = {}, done: Partial<Done> = {}): string {
  return inWords(nextStep(surveyed(state), { ...plainWish, ...wish }, { ...nothingDone, ...done }));
}

const inUse = (...namespaces: string[]): SecretState[] =>
  namespaces.map((namespace) => ({ namespace, holds: "old" }));
const retire = (keyId: string | null, hours: number, why?: RetireMark["why"]): RetireMark => ({
  keyId,
  after: hoursFromNow(hours),
  ...(why === undefined ? {} : { why }),
});
/** A secret that was changed over from `old` to `new`. */
const changed = (namespace: string, hours: number, why?: RetireMark["why"]): SecretState => ({
  namespace,
  holds: "new",
  beside: "old",
  retire: retire("old", hours, why),
});
/** The same without the old key's text: already cleaned, or written with --no-overlap-entry. */
const cleaned = (namespace: string, hours: number, why?: RetireMark["why"]): SecretState => ({
  namespace,
  holds: "new",
  retire: retire("old", hours, why),
});
/** The same with a text beside the new one that was never the old key's. */
const spoiled = (namespace: string, hours: number): SecretState => ({
  ...changed(namespace, hours),
  beside: "made-up",
});

describe("a rotation begins", () => {
  it.each<[string, KeysState, Partial<StepWish>, string]>([
    [
      "with a new key for every holder",
      { secrets: inUse("a", "b") },
      {},
      "give a b a new key, retire after 24 h",
    ],
    [
      "with the grace that was asked for",
      { secrets: inUse("a") },
      { graceMs: hourMs },
      "give a a new key, retire after 1 h",
    ],
    [
      "without a grace when the key leaked",
      { secrets: inUse("a") },
      { intent: "compromised" },
      "give a a new key, retire after 0 h, compromised",
    ],
    [
      "also for holders that were not asked for",
      { secrets: [...inUse("a"), { namespace: "b", holds: "old", chosen: false }] },
      {},
      "give a b a new key, retire after 24 h",
    ],
    [
      "not for keys that were not asked for",
      { secrets: [...inUse("a"), { namespace: "b", holds: "other", chosen: false }] },
      {},
      "give a a new key, retire after 24 h",
    ],
    [
      "with one new key for several",
      { secrets: [...inUse("a"), { namespace: "b", holds: "other" }] },
      {},
      "give a b a new key, retire after 24 h",
    ],
    [
      "for a key given by hand",
      { secrets: inUse("a"), keys: { old: { known: false } } },
      {},
      "give a a new key, retire after 24 h",
    ],
    ["not to finish one", { secrets: inUse("a") }, { intent: "finish" }, "in-order"],
  ])("%s", (_how, state, wish, expected) => {
    expect(next(state, wish)).toBe(expected);
  });

  it.each<[string, number | null, string]>([
    ["an hour later", 1441, "not-due"],
    ["at that very time", 1440, "give a a new key, retire after 24 h"],
    ["an hour before", 1439, "give a a new key, retire after 24 h"],
    ["never, as far as is known", null, "not-due"],
  ])("if the key expires within 60 days: one that does %s", (_when, hoursLeft, expected) => {
    const state = { secrets: inUse("a"), keys: { old: { hoursLeft } } };
    expect(next(state, { ifDue: true })).toBe(expected);
  });

  it("for all keys that were asked for as soon as one of them is due", () => {
    const state = {
      secrets: [...inUse("a"), { namespace: "b", holds: "other" }],
      keys: { other: { hoursLeft: 1 } },
    };
    expect(next(state, { ifDue: true })).toBe("give a b a new key, retire after 24 h");
  });

  it("not because one that was not asked for is due", () => {
    const secrets = [...inUse("a"), { namespace: "b", holds: "other", chosen: false }];
    expect(next({ secrets, keys: { other: { hoursLeft: 1 } } }, { ifDue: true })).toBe("not-due");
  });

  it("not for a key that this run made", () => {
    const secrets = [{ namespace: "a", holds: "new" }];
    for (const intent of ["rotate", "finish", "compromised"] as const)
      expect(next({ secrets }, { intent }, { changedTo: new Set(["new"]), made: new Set(["new"]) })).toBe(
        "done",
      );
  });

  it.each<[string, Partial<StepWish>, Done["retired"], string]>([
    [
      "after what was due is retired",
      {},
      new Set(["renewal" as const]),
      "give a a new key, retire after 24 h",
    ],
    ["after that, only if it is due itself", { ifDue: true }, new Set(["renewal" as const]), "done"],
    [
      "after a renewal for a key that leaked",
      { intent: "compromised" },
      new Set(["renewal" as const]),
      "give a a new key, retire after 0 h, compromised",
    ],
    ["not twice for a key that leaked", { intent: "compromised" }, new Set(["compromised" as const]), "done"],
    ["not after it was asked to finish", { intent: "finish" }, new Set(["renewal" as const]), "done"],
  ])("%s", (_when, wish, retired, expected) => {
    expect(next({ secrets: inUse("a") }, wish, { retired })).toBe(expected);
  });
});

describe("a change-over that was cut off", () => {
  it.each<[string, KeysState, Partial<StepWish>, string]>([
    [
      "goes on with the rest, and a grace anew",
      { secrets: [changed("a", 3), ...inUse("b", "c")] },
      {},
      "give b c new, retire after 24 h",
    ],
    [
      "goes on although the grace of the first is over",
      { secrets: [changed("a", -3), ...inUse("b")] },
      {},
      "give b new, retire after 24 h",
    ],
    [
      "goes on also in a run that only finishes",
      { secrets: [changed("a", 3), ...inUse("b")] },
      { intent: "finish" },
      "give b new, retire after 24 h",
    ],
    [
      "goes on whatever keys the run was asked for",
      { secrets: [changed("a", 3), { namespace: "b", holds: "old", chosen: false }] },
      {},
      "give b new, retire after 24 h",
    ],
    [
      "goes on whether a key is due or not",
      { secrets: [changed("a", 3), ...inUse("b")] },
      { ifDue: true },
      "give b new, retire after 24 h",
    ],
    [
      "goes on without a grace when the key has leaked since",
      { secrets: [changed("a", 3), ...inUse("b")] },
      { intent: "compromised" },
      "give b new, retire after 0 h",
    ],
    [
      "of a leaked key goes on without a grace",
      { secrets: [changed("a", 0, "compromised"), ...inUse("b")] },
      {},
      "give b new, retire after 0 h, compromised",
    ],
    [
      "leaves secrets with other keys alone",
      { secrets: [changed("a", 3), { namespace: "b", holds: "other" }] },
      {},
      "pending",
    ],
    [
      "gives secrets with dead keys the new one as well",
      { secrets: [changed("a", 3), { namespace: "b", holds: "other" }], keys: { other: { alive: false } } },
      {},
      "give b new, retire after 24 h",
    ],
    [
      "makes another key when the new one has died",
      { secrets: [changed("a", 3)], keys: { new: { alive: false } } },
      {},
      "give a a new key, retire after 24 h",
    ],
  ])("%s", (_how, state, wish, expected) => {
    expect(next(state, wish)).toBe(expected);
  });

  it("goes to the key that lives longest when two runs left two", () => {
    const secrets: SecretState[] = [
      { namespace: "a", holds: "one", beside: "old", retire: retire("old", 3) },
      { namespace: "b", holds: "two", beside: "old", retire: retire("old", 3) },
      ...inUse("c"),
    ];
    expect(next({ secrets, keys: { one: { hoursLeft: 10 }, two: { hoursLeft: 20 } } })).toBe(
      "give c two, retire after 24 h",
    );
  });
});

describe("while a retirement is pending", () => {
  const state: KeysState = { secrets: [changed("a", 3), changed("b", 3)] };

  it.each(["rotate", "finish"] as const)("nothing is done to %s", (intent) => {
    expect(next(state, { intent })).toBe("pending");
  });

  it("no new rotation begins, however soon the new key expires", () => {
    expect(next({ ...state, keys: { new: { hoursLeft: 1 } } }, { ifDue: true })).toBe("pending");
  });

  it.each<[string, KeysState, Partial<StepWish>, string]>([
    ["its time has come", { secrets: [changed("a", 0), changed("b", 0)] }, {}, "retire old from a b"],
    ["its time is over", { secrets: [changed("a", -1), changed("b", -9)] }, {}, "retire old from a b"],
    [
      "only a run that finishes asks",
      { secrets: [changed("a", -1)] },
      { intent: "finish" },
      "retire old from a",
    ],
    ["it leaked", state, { intent: "compromised" }, "retire old from a b"],
    ["it is dead anyway", { ...state, keys: { old: { alive: false } } }, {}, "retire old from a b"],
    [
      "its text is in no secret any more",
      { secrets: [cleaned("a", -1)] },
      {},
      "retire old from a, its text unknown",
    ],
    [
      "its text is in some of the secrets yet",
      { secrets: [cleaned("a", -1), changed("b", -1)] },
      {},
      "retire old from a b",
    ],
    [
      "its id is not known",
      { secrets: [{ ...changed("a", -1), retire: retire(null, -1) }], keys: { old: { known: false } } },
      {},
      "retire a key unknown from a",
    ],
  ])("the old key is retired when %s", (_when, now, wish, expected) => {
    expect(next(now, wish)).toBe(expected);
  });

  it.each<[string, KeysState, string]>([
    ["a moment before its time", { secrets: [changed("a", 1 / 3_600_000)] }, "pending"],
    [
      "when the time of one of several secrets is yet to come",
      { secrets: [changed("a", -1), changed("b", 1)] },
      "pending",
    ],
    ["before its time because its text is gone", { secrets: [cleaned("a", 1)] }, "pending"],
    [
      "while some secret that was asked for holds it",
      { secrets: [changed("a", -1), ...inUse("b")] },
      "give b new, retire after 24 h",
    ],
    [
      "while some other secret holds it",
      { secrets: [changed("a", -1), { namespace: "b", holds: "old", chosen: false }] },
      "give b new, retire after 24 h",
    ],
  ])("the old key is not retired %s", (_when, state, expected) => {
    expect(next(state)).toBe(expected);
  });

  it.each([
    ["nine tenths of the life of the one in use are over", 900, 100, "retire old from a"],
    ["a little less of it is over", 899, 101, "pending"],
  ])("a mark that says never is believed until %s", (_until, livedHours, hoursLeft, expected) => {
    const keys = { new: { livedHours, hoursLeft } };
    expect(next({ secrets: [changed("a", 1_000_000)], keys })).toBe(expected);
  });

  it.each([
    ["as long after it was applied as the mark gives from the start", -2, "retire old from a"],
    ["not while it was applied later than that", -0.5, "pending"],
  ])("the old key is retired from a manifest %s", (_when, appliedHours, expected) => {
    // The new key was made three hours ago, with a grace of one hour.
    const keys = { new: { livedHours: 3, hoursLeft: 1000 } };
    const appliedAt = new Date(hoursFromNow(appliedHours));
    expect(next({ secrets: [changed("a", -2)], keys, appliedAt })).toBe(expected);
  });

  it("a secret that holds the old text beside the new one, with no mark that says so, is cleaned with the others", () => {
    const copy: SecretState = { namespace: "b", holds: "new", beside: "old" };
    expect(next({ secrets: [changed("a", -1), copy] })).toBe("retire old from a b");
    expect(next({ secrets: [changed("a", 1), copy] })).toBe("pending");
  });

  it.each<[string, SecretState[], Record<string, KeyState>, string]>([
    ["another secret still has the old one", [spoiled("a", 3), changed("b", 3)], {}, "pending"],
    ["the directory lists the old one as living", [spoiled("a", 3)], { old: {} }, "pending"],
    ["the directory lists the old one no longer", [spoiled("a", 3)], {}, "retire old from a"],
    ["the old one has ended", [spoiled("a", 3)], { old: { hoursLeft: -1 } }, "retire old from a"],
  ])("a text beside the new one that does not sign in, where %s", (_where, secrets, known, expected) => {
    const keys = { "made-up": { alive: false, known: false }, ...known };
    expect(next({ secrets, keys })).toBe(expected);
  });

  it("a leaked key in use is replaced although the one before it cannot be retired", () => {
    const state = { secrets: [changed("a", -1)] };
    const wish: Partial<StepWish> = { intent: "compromised" };
    const done = { blocked: new Set(["old"]), retired: new Set(["renewal" as const]) };
    expect(next(state, wish)).toBe("retire old from a");
    expect(next(state, wish, done)).toBe("give a a new key, retire after 0 h, compromised");
  });

  it("two keys that go are retired one after the other", () => {
    const secrets: SecretState[] = [
      changed("a", -1),
      { namespace: "b", holds: "new", beside: "other", retire: retire("other", -1) },
    ];
    expect(next({ secrets })).toBe("retire old from a");
    expect(next({ secrets: secrets.slice(1) })).toBe("retire other from b");
  });

  it("a leak of two keys is gone on with for both, when one of them was replaced", () => {
    const secrets: SecretState[] = [
      changed("a", 0, "compromised"),
      { namespace: "b", holds: "other" },
      { namespace: "c", holds: "third", chosen: false },
    ];
    expect(next({ secrets }, { intent: "compromised" })).toBe("give b new, retire after 0 h, compromised");
    expect(next({ secrets })).toBe("retire old from a");
  });
});

describe("a dead key is replaced", () => {
  const dead = { old: { alive: false, hoursLeft: -1 } };

  it.each<[string, KeysState, Partial<StepWish>, string]>([
    [
      "at once, whatever was asked to be due",
      { secrets: inUse("a"), keys: dead },
      { ifDue: true },
      "give a a new key, retire after 0 h",
    ],
    [
      "by a living one of another secret",
      { secrets: [...inUse("a"), { namespace: "b", holds: "other" }], keys: dead },
      {},
      "give a other, retire after 0 h",
    ],
    [
      "by the one that lives longest",
      {
        secrets: [...inUse("a"), { namespace: "b", holds: "one" }, { namespace: "c", holds: "two" }],
        keys: { ...dead, one: { hoursLeft: 1 }, two: { hoursLeft: 2 } },
      },
      {},
      "give a two, retire after 0 h",
    ],
    [
      "in every secret that holds it",
      { secrets: [...inUse("a"), { namespace: "b", holds: "old", chosen: false }], keys: dead },
      {},
      "give a b a new key, retire after 0 h",
    ],
    [
      "by a new one when the living one leaked too",
      { secrets: [...inUse("a"), { namespace: "b", holds: "other" }], keys: dead },
      { intent: "compromised" },
      "give a b a new key, retire after 0 h, compromised",
    ],
  ])("%s", (_how, state, wish, expected) => {
    expect(next(state, wish)).toBe(expected);
  });

  it("not by a run that was asked to finish", () => {
    expect(next({ secrets: inUse("a"), keys: dead }, { intent: "finish" })).toBe("in-order");
  });

  it("not because a secret that was not asked for holds one", () => {
    const secrets = [
      { namespace: "a", holds: "other" },
      { namespace: "b", holds: "old", chosen: false },
    ];
    expect(next({ secrets, keys: dead }, { ifDue: true })).toBe("not-due");
  });
});

describe("the mark of a run that was killed", () => {
  it.each<[string, KeysState, Partial<StepWish>, string]>([
    ["is tidied up where all is in order", { secrets: inUse("a") }, { ifDue: true }, "tidy"],
    ["is tidied up while a retirement is pending", { secrets: [changed("a", 3)] }, {}, "tidy"],
    ["is left to the step that there is", { secrets: inUse("a") }, {}, "give a a new key, retire after 24 h"],
  ])("%s", (_how, state, wish, expected) => {
    expect(next({ ...state, staleMark: true }, wish)).toBe(expected);
  });
});

describe("what follows a retirement is told before it", () => {
  const after = (state: KeysState, wish: Partial<StepWish>): string => {
    const keys = surveyed(state);
    const all = { ...plainWish, ...wish };
    const step = nextStep(keys, all, nothingDone);
    if (step.kind !== "retire") throw new Error(`nothing is retired: ${inWords(step)}`);
    const following = stepAfterRetirement(step, keys, all);
    return following ? inWords(following) : "nothing";
  };

  it.each<[string, KeysState, Partial<StepWish>, string]>([
    ["a new rotation", { secrets: [changed("a", -1)] }, {}, "give a a new key, retire after 24 h"],
    ["none, when the new key is not due", { secrets: [changed("a", -1)] }, { ifDue: true }, "nothing"],
    [
      "none, when it was only to be finished",
      { secrets: [changed("a", -1)] },
      { intent: "finish" },
      "nothing",
    ],
    [
      "another key in place of one that leaked",
      { secrets: [changed("a", 3)] },
      { intent: "compromised" },
      "give a a new key, retire after 0 h, compromised",
    ],
  ])("%s", (_what, state, wish, expected) => {
    expect(after(state, wish)).toBe(expected);
  });
});
