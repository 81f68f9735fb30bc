import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  azureWrites,
  countingWrites,
  endGrace,
  heldKeys,
  keyIds,
  markOf,
  ownApplication,
  rotate,
  rotation,
  start,
} from "./rotation.ts";

const daily = ["--if-due"];

describe.concurrent("rotate --if-due", () => {
  it("with 61 days left changes nothing, and asks for no change", async (test) => {
    const sandbox = await start(test);
    const { keyId, expiresAt } = setUp(sandbox, { ageDays: 119 });
    const { result, writes } = await countingWrites(sandbox, () => rotation(sandbox, daily));
    expect([writes, result]).toMatchObject([0, { state: "unchanged", keyId, expiresAt, replaced: null }]);
    expect(result.json.secrets).toMatchObject([{ action: "unchanged" }]);
  });

  it("with 59 days left makes a key that lives as long as the one before it", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { ageDays: 121 });
    const { state, replaced, keyId } = await rotation(sandbox, daily);
    expect([state, replaced]).toEqual(["pending", old]);
    expect(heldKeys(sandbox)).toEqual({ plain: keyId, https: old });
    expect(lives(sandbox)).toEqual([180, 180]);
  });

  it("finishes a retirement that is due, and begins nothing new", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { due: true });
    const { state, replaced, retired } = await rotation(sandbox, daily);
    expect([state, replaced, retired]).toEqual(["rotated", old, true]);
    expect(azureWrites(sandbox)).toEqual(["POST removePassword"]);
    expect(keyIds(sandbox)).toEqual([keyId]);
  });

  it("finishes a retirement that is due before it begins with a key that is due as well", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { due: true, lifetimeDays: 1.5, ageDays: 1.2 });
    const run = await rotate(sandbox, ["--if-due"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.rotations).toMatchObject([
      { state: "rotated", replaced: old, retired: true },
      { state: "pending", replaced: keyId },
    ]);
    expect(azureWrites(sandbox)).toEqual(["POST removePassword", "POST addPassword"]);
  });

  it("leaves a key alone whose end nobody knows", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    const [key] = ownApplication(sandbox).passwords;
    // The secret holds a password of the principal itself, which the application's list does not show.
    const principal = sandbox.world.servicePrincipals.find((one) => one.appId === appId);
    ownApplication(sandbox).passwords.splice(0);
    principal?.passwords.push({ ...key!, displayName: null });
    changeMark(sandbox, (mark) => Object.assign(mark, { keyId: null, expiresAt: null }));
    sandbox.invariants.watch();
    const { result, writes } = await countingWrites(sandbox, () => rotation(sandbox, daily));
    expect([writes, result]).toMatchObject([0, { state: "unchanged", keyId: null, expiresAt: null }]);
  });

  it("replaces a short-lived key once when it is due, and the key after it not at all", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { lifetimeDays: 30, ageDays: 21 });
    const { state, replaced, keyId } = await rotation(sandbox, daily);
    expect([state, replaced]).toEqual(["pending", old]);
    endGrace(sandbox);
    expect(await rotation(sandbox, daily)).toMatchObject({ state: "rotated", keyId, replaced: old });
    expect(await rotation(sandbox, daily)).toMatchObject({ state: "unchanged", keyId });
    expect(lives(sandbox)).toEqual([30, 30]);
  });
});

describe.concurrent("rotate makes a key that lives", () => {
  it("as long as the one before it, also the third time", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { lifetimeDays: 180 });
    for (let times = 1; times <= 3; times += 1) {
      expect((await rotate(sandbox)).code).toBe(0);
      endGrace(sandbox);
    }
    expect(lives(sandbox)).toEqual([180, 180, 180, 180]);
  });

  it.for<[what: string, args: readonly string[], policy: SandboxOptions["policy"], days: number]>([
    [
      "as long as the tenant allows, with max",
      ["--expires-in", "max"],
      { maxPasswordLifetime: "P365D", readable: true },
      365,
    ],
    ["no longer than the tenant has come to allow", [], { maxPasswordLifetime: "P90D", readable: true }, 90],
  ])("%s", async ([, args, policy = {}, days], test) => {
    const sandbox = await start(test, { policy });
    setUp(sandbox, { lifetimeDays: 180 });
    expect((await rotation(sandbox, args)).state).toBe("pending");
    expect(lives(sandbox)).toEqual([180, days]);
  });

  it("not at all where the tenant allows less and does not say so: names the option, and leaves the key in use", async (test) => {
    const sandbox = await start(test, { policy: { maxPasswordLifetime: "P90D" } });
    const { keyId } = setUp(sandbox, { lifetimeDays: 180 });
    const run = await rotate(sandbox);
    expect(run.json.error.code, run.stderr).toBe("directory.password-lifetime");
    expect(run.json.error.hint).toContain("--expires-in");
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect((await rotation(sandbox, ["--expires-in", "max"])).state).toBe("pending");
    expect(lives(sandbox)).toEqual([180, 90]);
  });
});

describe.concurrent("rotate, where the key", () => {
  it("has expired: replaces it without overlap or grace, and removes it", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces: ["awesomeapps", "default"], ageDays: 181 });
    const { keyId, state, replaced, retired, retireAfter, retirement } = await rotation(sandbox, daily);
    expect([state, replaced, retired, retireAfter]).toEqual(["rotated", old, true, null]);
    // Its lifetime was over, and that was enough to know.
    expect(retirement).toBe("untried");
    expect(heldKeys(sandbox, "default")).toEqual({ plain: keyId, https: undefined });
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect(markOf(sandbox)).not.toHaveProperty("retire");
  });

  it("was removed behind our back: replaces it without overlap or grace", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    ownApplication(sandbox).passwords[0]!.removedAt = Date.now() - 3_600_000;
    sandbox.invariants.watch();
    const { keyId, ...told } = await rotation(sandbox, daily);
    expect(told).toMatchObject({ state: "rotated", replaced: old, retired: true, retireAfter: null });
    expect(told.retirement).toBe("refused");
    expect(heldKeys(sandbox)).toEqual({ plain: keyId, https: undefined });
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect(azureWrites(sandbox)).toEqual(["POST addPassword"]);
  });

  it("has expired beside a living one in another secret: gives that one to both, and makes none", async (test) => {
    const sandbox = await start(test);
    const { keyId: living } = setUp(sandbox, { namespaces: ["awesomeapps"] });
    // A secret that was restored from an old backup.
    const { keyId: dead } = setUp(sandbox, { namespaces: ["default"], ageDays: 181, beside: true });
    const { state, keyId, replaced } = await rotation(sandbox, daily);
    expect([state, keyId, replaced]).toEqual(["rotated", living, dead]);
    expect(heldKeys(sandbox, "default")).toEqual({ plain: living, https: undefined });
    expect(azureWrites(sandbox)).toEqual(["POST removePassword"]);
  });
});

/** How many days each key of our application lives in all, whether or not it still exists. */
function lives(sandbox: Sandbox): number[] {
  return ownApplication(sandbox).passwords.map(({ startDateTime, endDateTime }) =>
    Math.round((Date.parse(endDateTime) - Date.parse(startDateTime)) / 86_400_000),
  );
}

/** Changes the mark in awesomeapps behind the API server's back. */
function changeMark(sandbox: Sandbox, change: (mark: Record<string, unknown>) => void): void {
  const secret = sandbox.world.clusters[0]!.objects["secrets"]![0]!;
  const marks = JSON.parse(secret.metadata.annotations!["acr-pull/entries"]!) as Record<string, object>;
  for (const mark of Object.values(marks)) change(mark as Record<string, unknown>);
  secret.metadata.annotations!["acr-pull/entries"] = JSON.stringify(marks);
}
