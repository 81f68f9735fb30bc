import { describe, expect, it } from "vitest";
import {
  isOurApplication,
  mayBeGivenKey,
  mayBeGivenKeyAfterLeak,
  mayBeRemoved,
  mayBeRenewedUntried,
  mayBeSwept,
  mayBeTakenBack,
  type SecretProof,
} from "../../src/domain/mark-claims.ts";

const nothing: SecretProof = {
  ownApplication: false,
  ownKey: false,
  signsIn: false,
  secretNamed: false,
  secretShown: false,
  applicationNamed: false,
};
const kinds = Object.keys(nothing) as Array<keyof SecretProof>;

/** Every combination of the facts that can prove something about a secret. */
const all = Array.from({ length: 2 ** kinds.length }, (_, bits) =>
  kinds.filter((_kind, index) => (bits >> index) % 2 === 1),
);

function proof(of: readonly string[]): SecretProof {
  return Object.fromEntries(kinds.map((kind) => [kind, of.includes(kind)])) as unknown as SecretProof;
}

describe("a mark alone", () => {
  it("proves neither that its application is ours nor that its secret was given a key", () => {
    expect(isOurApplication(nothing)).toBe(false);
    expect(mayBeRenewedUntried(nothing)).toBe(false);
    expect(mayBeGivenKey(nothing)).toBe(false);
  });
});

describe("what proves that a secret may be given the next key", () => {
  it.each<[smallest: Array<keyof SecretProof>]>([
    [["ownKey"]],
    [["ownApplication", "signsIn"]],
    [["ownApplication", "secretNamed"]],
    [["applicationNamed", "signsIn"]],
    [["applicationNamed", "secretNamed"]],
  ])("is %j, and no part of it", (smallest) => {
    expect(mayBeGivenKey(proof(smallest))).toBe(true);
    for (const left of smallest)
      expect(mayBeGivenKey(proof(smallest.filter((one) => one !== left))), left).toBe(false);
  });

  it("is never less because more speaks for it", () => {
    for (const some of all) {
      if (!mayBeGivenKey(proof(some))) continue;
      for (const more of kinds)
        expect(mayBeGivenKey(proof([...some, more])), `${some.join()} ${more}`).toBe(true);
    }
  });

  it("is no password of an application that nothing says is ours", () => {
    const ofStrangers = all.filter((some) => !some.some((one) => /[aA]pplication|ownKey/.test(one)));
    expect(ofStrangers).toHaveLength(8);
    for (const some of ofStrangers) {
      expect(mayBeGivenKey(proof(some)), some.join()).toBe(false);
      expect(mayBeGivenKeyAfterLeak(proof(some)), some.join()).toBe(false);
    }
  });
});

describe("what proves the same after a leak", () => {
  it("is a person alone, beside what says that the application is ours", () => {
    for (const some of all) {
      const named = some.includes("secretNamed");
      const shown = some.includes("secretShown") && (some.includes("signsIn") || some.includes("ownKey"));
      const isOurs = isOurApplication(proof(some));
      expect(mayBeGivenKeyAfterLeak(proof(some)), some.join()).toBe(isOurs && (named || shown));
    }
  });

  it("is never less than what is asked without a leak", () => {
    for (const some of all) {
      const given = mayBeGivenKeyAfterLeak(proof(some));
      expect(given && !mayBeGivenKey(proof(some)), some.join()).toBe(false);
    }
  });
});

describe("a key that a pending mark says an interrupted run left", () => {
  it.each([
    ["all secrets are seen, and no run is at work on it", [true, false, false], true],
    ["all secrets are seen, and a run at work names it", [true, false, true], false],
    ["some secret may not be seen", [false, false, false], false],
    ["some secret may not be seen, and a run at work names it", [false, false, true], false],
    ["this run lost the answer to its making, whatever is seen", [false, true, false], true],
    ["this run lost the answer to its making, and all secrets are seen", [true, true, false], true],
  ] as const)("where %s: %j", (_when, [seesAll, lostByThisRun, ofRunAtWork], swept) => {
    expect(mayBeSwept({ seesAll, lostByThisRun, ofRunAtWork })).toBe(swept);
  });
});

describe("a key of this cluster's that no secret holds", () => {
  it.each([
    ["nothing", [false, false, false], false],
    ["a secret here that names it", [true, false, false], true],
    ["its end", [false, true, false], true],
    ["a person", [false, false, true], true],
  ] as const)("goes because of %s: %j", (_what, [namedHere, hasEnded, keyNamed], goes) => {
    expect(mayBeRemoved({ namedHere, hasEnded, keyNamed })).toBe(goes);
  });
});

describe("a role that acr-pull granted", () => {
  it.each([
    ["a mark alone", [false, false, false], false],
    ["our name on the application", [true, false, false], true],
    ["that nothing else signs in as it", [false, true, false], true],
    ["a person", [false, false, true], true],
  ] as const)(
    "is taken back because of %s: %j",
    (_what, [ownApplication, ownCredentials, applicationNamed], goes) => {
      expect(mayBeTakenBack({ ownApplication, ownCredentials, applicationNamed })).toBe(goes);
    },
  );
});
