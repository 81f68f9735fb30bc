import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, setup } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  countingWrites,
  endGrace,
  heldKeys,
  keyIds,
  killedAt,
  markOf,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

const namespaces = ["awesomeapps", "default"];
const named = ["-n", "awesomeapps", "-n", "default"];

/** `setup`, which must succeed. */
async function setUpAgain(sandbox: Sandbox, args: readonly string[]) {
  const run = await setup(sandbox, args);
  expect(run.code, run.stderr).toBe(0);
  return run.json;
}

describe.concurrent("setup, while an old key is to be retired,", () => {
  it("for the same namespaces changes nothing, and asks for no change", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces });
    const { result, writes } = await countingWrites(sandbox, () => setUpAgain(sandbox, named));
    expect([writes, result.credentials[0].action]).toEqual([0, "unchanged"]);
    expect(heldKeys(sandbox, "default")).toEqual({ plain: keyId, https: old });
    expect(markOf(sandbox, "default").retire.keyId).toBe(old);
  });

  it("for another namespace gives it the new key alone, and the retirement goes on", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces });
    const { credentials } = await setUpAgain(sandbox, ["-n", "kube-public"]);
    expect(credentials).toMatchObject([{ keyId, action: "copied" }]);
    expect(heldKeys(sandbox, "kube-public")).toEqual({ plain: keyId, https: undefined });
    endGrace(sandbox);
    expect(await rotation(sandbox, ["--finish"])).toMatchObject({ retired: true, replaced: old });
    expect(keyIds(sandbox)).toEqual([keyId]);
  });

  it("with another role keeps both entries, both valid", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces });
    await setUpAgain(sandbox, [...named, "--role", "acrpush"]);
    expect(liveAssignments(sandbox).map(({ scope }) => scope.replace(/^.*\//, ""))).toEqual(["myregistry"]);
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: old });
      expect(markOf(sandbox, namespace)).toMatchObject({ role: "acrpush", retire: { keyId: old } });
    }
    expect([signsIn(sandbox, keyId), signsIn(sandbox, old)]).toEqual([true, true]);
  });
});

describe.concurrent("setup for some of the namespaces whose key has expired", () => {
  const three = ["awesomeapps", "default", "kube-public"];

  it("leaves that key listed, says who holds it, and rotate gives them the new one", async (test) => {
    const sandbox = await start(test);
    const { keyId: dead } = setUp(sandbox, { namespaces: three, ageDays: 200 });
    const plan = await setup(sandbox, ["-n", "awesomeapps", "--dry-run"]);
    expect(plan.json.plan.map(({ action }: { action: string }) => action)).not.toContain("removed");
    const run = await setup(sandbox, ["-n", "awesomeapps"]);
    expect(run.code, run.stderr).toBe(0);
    const [{ keyId }] = run.json.credentials;
    expect(keyIds(sandbox)).toEqual([dead, keyId]);
    expect(run.json.keptKeys).toMatchObject([{ keyId: dead }]);
    expect(run.json.keptKeys[0].reason).toContain("acr-pull rotate");
    for (const namespace of ["default", "kube-public"])
      expect(run.stderr).toContain(`sandbox/${namespace}/acr-secret`);
    await rotation(sandbox, ["--if-due"]);
    expect(keyIds(sandbox)).toEqual([keyId]);
    for (const namespace of three)
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: undefined });
  });

  it("and then for the others: the last of them takes the dead key with it", async (test) => {
    const sandbox = await start(test);
    const { keyId: dead } = setUp(sandbox, { namespaces: three, ageDays: 200 });
    const { credentials } = await setUpAgain(sandbox, ["-n", "awesomeapps"]);
    const [{ keyId }] = credentials;
    await setUpAgain(sandbox, ["-n", "default"]);
    expect(keyIds(sandbox)).toEqual([dead, keyId]);
    await setUpAgain(sandbox, ["-n", "kube-public"]);
    expect(keyIds(sandbox)).toEqual([keyId]);
    for (const namespace of three) expect(markOf(sandbox, namespace)).not.toHaveProperty("pending");
  });

  it("and is killed when the last of them has the copy: the next run removes the dead key", async (test) => {
    const sandbox = await start(test);
    const { keyId: dead } = setUp(sandbox, { namespaces: three, ageDays: 200 });
    await setUpAgain(sandbox, ["-n", "awesomeapps", "-n", "default"]);
    await killedAt(
      sandbox,
      ["-n", "kube-public"],
      ({ path }) => path.endsWith("/removePassword"),
      "read",
      setup,
    );
    expect(keyIds(sandbox)).toContain(dead);
    await setUpAgain(sandbox, ["-n", "kube-public"]);
    expect(keyIds(sandbox)).not.toContain(dead);
    expect(markOf(sandbox, "kube-public")).not.toHaveProperty("pending");
  });
});

describe.concurrent("setup, after a rotation was killed", () => {
  it("when its key was made: keeps the key in use, and removes the one that nobody can use", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox, { namespaces });
    await killedAt(sandbox, [], ({ path }) => path.endsWith("/addPassword"), "committed");
    await setUpAgain(sandbox, named);
    expect(keyIds(sandbox)).toEqual([keyId]);
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: undefined });
      expect(markOf(sandbox, namespace)).not.toHaveProperty("pending");
    }
  });

  it("when it had written one of the secrets: loses neither key, and rotate goes on", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    await killedAt(
      sandbox,
      [],
      ({ method, path, query }) =>
        method === "PATCH" && path.includes("/default/") && !query.includes("dryRun"),
      "read",
    );
    await setUpAgain(sandbox, named);
    const [, made] = keyIds(sandbox);
    expect(keyIds(sandbox)).toEqual([old, made]);
    expect(heldKeys(sandbox, "awesomeapps")).toEqual({ plain: made, https: old });
    endGrace(sandbox);
    const run = await rotate(sandbox, ["--finish"]);
    expect(run.code, run.stderr).toBe(0);
    expect(heldKeys(sandbox, "default").plain).toBe(made);
    endGrace(sandbox);
    expect((await rotation(sandbox, ["--finish"])).state).toMatch(/rotated|unchanged/);
    expect(keyIds(sandbox)).toEqual([made]);
  });
});
