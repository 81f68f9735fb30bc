import { describe, expect, it } from "vitest";
import { planRotate, type RotateWish } from "../../../src/engine/plan/rotate.ts";
import { key, later, linesOf, over, seen } from "./seen.ts";

const wish: RotateWish = { mode: "now", life: undefined, graceMs: 86_400_000, force: false };
const current = key("K1", { current: true });
const due = { madeAt: "2030-01-01T00:00:00Z", expiresAt: "2030-06-30T00:00:00Z" };
const handOut = [
  "create password for myregistry",
  "check proof a pull from myregistry.azurecr.io",
  "update secret a/acr-secret",
  "update secret b/acr-secret",
  "update state",
];
const held = { a: ["K1"], b: ["K1"] };

describe("rotate", () => {
  const plan =
    (...[keys, holding, more]: Parameters<typeof seen>) =>
    (some: Partial<RotateWish>) =>
      linesOf(planRotate(seen(keys, holding, more), { ...wish, ...some }));

  it("makes, proves, hands out, and then exchanges", () => {
    expect(plan([current], held)({})).toEqual(handOut);
  });

  it.each([
    ["nothing before the last third of a life", {}, []],
    ["renews in the last third", due, handOut],
  ])("with --if-due: %s", (_what, life, lines) => {
    expect(plan([key("K1", { current: true, ...life })], held)({ mode: "if due" })).toEqual(lines);
  });

  it("begins nothing while an earlier password is in its grace", () => {
    const keys = [key("K1", { retireAfter: later }), key("K2", { current: true })];
    expect(plan(keys, { a: ["K2", "K1"] })({})).toEqual([]);
  });

  it("goes on with what was being handed out, and writes only where the old password stands", () => {
    expect(plan([current, key("K2")], { a: ["K2", "K1"], b: ["K1"] })({ mode: "if due" })).toEqual([
      "check proof a pull from myregistry.azurecr.io",
      "update secret b/acr-secret",
      "update state",
    ]);
  });

  it("gives up a password that no target got before it was lost", () => {
    expect(plan([current, key("K2")], held)({ mode: "if due" })).toEqual([
      "update state",
      "remove password id of K2",
    ]);
  });

  it("gives a target that waits the current password, and the old one its time", () => {
    expect(
      plan([key("K1"), key("K2", { current: true })], { a: ["K2"], b: ["K1"] })({ mode: "if due" }),
    ).toEqual(["update secret b/acr-secret", "update state"]);
  });

  it("takes a password whose time is over out of the targets before it is removed", () => {
    const keys = [key("K1", { retireAfter: over }), key("K2", { current: true })];
    expect(plan(keys, { a: ["K2", "K1"], b: ["K2"] })({ mode: "if due" })).toEqual([
      "update secret a/acr-secret",
      "remove password id of K1",
    ]);
  });

  it("passes by targets that are missing or hold something else", () => {
    expect(plan([current], { a: ["K1"], b: [], c: ["stranger"] })({})).toEqual([
      handOut[0],
      handOut[1],
      handOut[2],
      handOut[4],
    ]);
  });

  it("replaces a dead password with no overlap and no grace", () => {
    expect(plan([current], held, { refused: new Set(["id of K1"]) })({ mode: "if due" })).toEqual([
      ...handOut.slice(0, 4),
      "remove password id of K1",
    ]);
  });

  it("leaves to setup what no secret holds any longer", () => {
    expect(() => plan([current], { a: [] })({})).toThrow(
      expect.objectContaining({ code: "rotate.nowhere", exitCode: 2 }) as Error,
    );
  });

  it("finishes: waits until all of Entra knows the new one, then cleans and removes", () => {
    const keys = [
      key("K1", { retireAfter: later }),
      key("K2", { current: true, madeAt: "2030-05-31T23:50:00Z" }),
    ];
    expect(plan(keys, { a: ["K2", "K1"] })({ mode: "finish" })).toEqual([
      "check proof that all of Entra knows the new password",
      "update secret a/acr-secret",
      "remove password id of K1",
    ]);
  });
});

describe("rotate --compromised", () => {
  const plan = (...[keys, holding]: Parameters<typeof seen>) =>
    linesOf(planRotate(seen(keys, holding), { ...wish, mode: "compromised" }));

  it("marks, makes, proves once, hands out alone, removes, and proves that it is refused", () => {
    expect(plan([current], held)).toEqual([
      "update state",
      ...handOut,
      "remove password id of K1",
      "check proof that the leaked password is refused",
    ]);
  });

  it("goes on where it was cut off, also by a plain rotate", () => {
    const keys = [key("K1", { current: true, leaked: true }), key("K2")];
    const lines = [
      "check proof a pull from myregistry.azurecr.io",
      "update secret b/acr-secret",
      "update state",
      "remove password id of K1",
      "check proof that the leaked password is refused",
    ];
    expect(plan(keys, { a: ["K2"], b: ["K1"] })).toEqual(lines);
    expect(linesOf(planRotate(seen(keys, { a: ["K2"], b: ["K1"] }), { ...wish, mode: "if due" }))).toEqual(
      lines,
    );
  });

  it("takes every key for leaked, one that was being handed out as well", () => {
    expect(plan([current, key("K2")], { a: ["K2", "K1"] })).toEqual([
      "update state",
      handOut[0],
      handOut[1],
      handOut[2],
      handOut[4],
      "remove password id of K1",
      "remove password id of K2",
      "check proof that the leaked password is refused",
      "check proof that the leaked password is refused",
    ]);
  });

  it("removes a leaked key that no target holds, and makes none", () => {
    expect(plan([current], { a: [] })).toEqual(["update state", "update state", "remove password id of K1"]);
  });
});
