import { describe, expect, it } from "vitest";
import { planRemove } from "../../../src/engine/plan/remove.ts";
import { planSetup, type SetupWish } from "../../../src/engine/plan/setup.ts";
import { identity, key, later, linesOf, over, seen } from "./seen.ts";

const target = (namespace: string) => ({ namespace, secret: "acr-secret", serviceAccounts: [] });
const wish: SetupWish = {
  targets: [target("a")],
  isBroad: false,
  createNamespaces: false,
  role: undefined,
  repositories: undefined,
  life: undefined,
  adopt: false,
  allowOwner: false,
  graceMs: 86_400_000,
};
const current = key("K1", { current: true });
const namespace = { name: "b", uid: "b", terminating: false };
const plan = (some: Partial<SetupWish>, ...[keys, holding, more]: Parameters<typeof seen>) =>
  linesOf(planSetup(seen(keys, holding, more), { ...wish, ...some }));
const granting = identity({
  toGrant: () => [{ action: "create", kind: "role", name: "AcrPush", run: () => Promise.resolve() }],
  toRevoke: () => [{ action: "remove", kind: "role", name: "AcrPull", run: () => Promise.resolve() }],
});

describe("setup", () => {
  it("begins with the state, and ends with the secrets", () => {
    const first = seen(
      [{ name: "K1", namedAt: over }],
      { a: [] },
      {
        isNew: true,
        place: { name: "acr-pull/acr-pull.myregistry.azurecr.io", namespace: "acr-pull", exists: false },
        stateMore: { targets: [] },
      },
    );
    expect(linesOf(planSetup(first, wish))).toEqual([
      "create namespace acr-pull",
      "create state",
      "create password for myregistry",
      "check proof a pull from myregistry.azurecr.io",
      "create secret a/acr-secret",
    ]);
  });

  it("has nothing to do where all is as asked", () => {
    expect(plan({}, [current], { a: ["K1"] })).toEqual([]);
  });

  it("copies the password to another namespace", () => {
    const more = { namespaces: new Map([["b", namespace]]) };
    expect(plan({ targets: [target("b")] }, [current], { a: ["K1"] }, more)).toEqual([
      "update state",
      "create secret b/acr-secret",
    ]);
  });

  it("writes a target again that is missing or changed, and leaves the others alone", () => {
    expect(plan({}, [current], { a: [], b: [] })).toEqual([
      "create password for myregistry",
      "check proof a pull from myregistry.azurecr.io",
      "create secret a/acr-secret",
      "create secret b/acr-secret",
      "remove password id of K1",
    ]);
    expect(plan({}, [current], { a: [], b: ["K1"] })).toEqual(["create secret a/acr-secret"]);
  });

  it("makes a new key for all targets when the password is refused", () => {
    expect(plan({}, [current], { a: ["K1"], b: ["K1"] }, { refused: new Set(["id of K1"]) })).toEqual([
      "create password for myregistry",
      "check proof a pull from myregistry.azurecr.io",
      "update secret a/acr-secret",
      "update secret b/acr-secret",
      "remove password id of K1",
    ]);
  });

  it("gives another role, and proves it without the former one", () => {
    expect(plan({ role: "acrpush" }, [current], { a: ["K1"] }, { identity: granting })).toEqual([
      "create role AcrPush",
      "remove role AcrPull",
      "check proof a pull from myregistry.azurecr.io",
      "update state",
    ]);
  });

  it("never takes the state's word for the role owner", () => {
    expect(() =>
      plan(
        {},
        [current],
        { a: ["K1"] },
        { identity: granting, stateMore: { role: { name: "owner", repositories: [] } } },
      ),
    ).toThrow(expect.objectContaining({ code: "role.not-confirmed" }) as Error);
  });

  it("leaves a password in its grace beside the current one", () => {
    const keys = [key("K1", { retireAfter: later }), key("K2", { current: true })];
    expect(plan({}, keys, { a: ["K2", "K1"] })).toEqual([]);
    expect(plan({}, keys, { a: ["K2"] })).toEqual([]);
  });

  it("finishes a removal before it begins anew", () => {
    expect(plan({}, [], { a: ["K1"] }, { stateMore: { removing: true, targets: [] } })).toEqual([
      "remove role AcrPull",
      "remove application app",
      "remove state",
    ]);
  });

  it.each([
    ["is not there", { namespaces: new Map() }, "kubernetes.namespace-not-found"],
    ["is closed to the caller", { closed: new Set(["b"]) }, "kubernetes.forbidden"],
  ])("refuses a namespace that %s, or leaves it out where many were chosen", (_what, more, code) => {
    const some = { targets: [target("a"), target("b")] };
    expect(() => plan(some, [current], { a: ["K1"] }, more)).toThrow(
      expect.objectContaining({ code }) as Error,
    );
    expect(plan({ ...some, isBroad: true }, [current], { a: ["K1"] }, more)).toContain(
      `update secret b/acr-secret ${code}`,
    );
  });
});

describe("remove", () => {
  it("takes one target out", () => {
    const lines = linesOf(
      planRemove(seen([current], { a: ["K1"], b: ["K1"] }), { targets: [{ namespace: "a" }], force: false }),
    );
    expect(lines).toEqual(["remove secret a/acr-secret", "update state"]);
  });

  it("with the last target, everything", () => {
    expect(linesOf(planRemove(seen([current], { a: ["K1"] }), { targets: undefined, force: false }))).toEqual(
      [
        "remove secret a/acr-secret",
        "update state",
        "remove role AcrPull",
        "remove application app",
        "remove state",
      ],
    );
  });

  it("refuses what is no target", () => {
    expect(() =>
      planRemove(seen([current], { a: ["K1"] }), { targets: [{ namespace: "x" }], force: false }),
    ).toThrow(expect.objectContaining({ code: "remove.not-a-target" }) as Error);
  });
});
