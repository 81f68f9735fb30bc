import { describe, expect, it } from "vitest";
import { runSafely } from "../canary.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { breakWrites, clusterOf, onceDone, teams } from "./partial-rotation.ts";
import {
  addSecret,
  azureWrites,
  countingWrites,
  heldKeys,
  keyIds,
  markOf,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

const namespaces = ["awesomeapps", "default"];
const args = ["--compromised", ...namespaces.flatMap((namespace) => ["-n", namespace])];

describe.concurrent("rotate --compromised", () => {
  it("has the old key refused when it ends, and the new one alone in every secret", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    const { keyId, state, replaced, retired } = await rotation(sandbox, args);
    expect([state, replaced, retired]).toEqual(["rotated", old, true]);
    expect(signsIn(sandbox, old)).toBe(false);
    expect(keyIds(sandbox)).toEqual([keyId]);
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: undefined });
      expect(markOf(sandbox, namespace)).not.toHaveProperty("retire");
    }
    expect(azureWrites(sandbox)).toEqual(["POST addPassword", "POST removePassword"]);
  });

  it("says before and after that tokens given out may pull for 3 hours, and what cuts them off", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    const plan = await runSafely(sandbox, ["rotate", "--compromised", "--dry-run"]);
    expect(plan.stdout).toMatch(/up to\s+3\s+hours/);
    const run = await runSafely(sandbox, ["rotate", ...args, "-y", "--settle", "0s"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/up to\s+3\s+hours/);
    expect(run.stdout).toContain(`az role assignment delete --assignee ${appId}`);
  });

  it("during a grace replaces both keys: the one in use, and the one that was to go later", async (test) => {
    const sandbox = await start(test);
    const { keyId: second, old: first } = changedOver(sandbox, { namespaces });
    const run = await rotate(sandbox, args);
    expect(run.code, run.stderr).toBe(0);
    const [third, ...more] = keyIds(sandbox);
    expect([[first, second].includes(third!), more]).toEqual([false, []]);
    expect([signsIn(sandbox, first), signsIn(sandbox, second)]).toEqual([false, false]);
    expect(heldKeys(sandbox, "default")).toEqual({ plain: third, https: undefined });
    const replaced = run.json.rotations.map((one: { replaced: string }) => one.replaced);
    expect(replaced.toSorted()).toEqual([first, second].toSorted());
    for (const one of run.json.rotations) expect(one.retired).toBe(true);
    // The key that the pending rotation had made was retired too, so no row says that it is in use.
    for (const one of run.json.rotations) expect(one.keyId).toBe(third);
  });

  it("is told in one sentence with both keys that went", async (test) => {
    const sandbox = await start(test);
    const { keyId: second, old: first } = changedOver(sandbox);
    const run = await runSafely(sandbox, ["rotate", ...args, "-y", "--settle", "0s"]);
    expect(run.code, run.stderr).toBe(0);
    const [third] = keyIds(sandbox);
    expect(run.stdout.match(/The key \S+ for .* is in use/g)).toHaveLength(1);
    expect(run.stdout).toContain(`The key ${third} for`);
    for (const gone of [first, second]) expect(run.stdout).toContain(`The old key ${gone} is gone`);
  });
});

describe.concurrent("rotate --compromised, where a secret holds the key that acr-pull may not write,", () => {
  const copy = { namespace: "default", name: "copy" };

  it("makes nothing, and names the secret and the way out", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox);
    addSecret(sandbox, copy);
    sandbox.invariants.watch();
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, args));
    expect([result.code, result.json.error.code, writes]).toEqual([2, "rotate.holder-unwritable", 0]);
    expect(result.json.error.message).toContain("sandbox/default/copy");
    expect(keyIds(sandbox)).toEqual([keyId]);
  });
});

describe.concurrent("rotate --compromised, where a secret cannot be written once the key was made,", () => {
  const teamNames = teams(3);
  const [, second = ""] = teamNames;
  const args = ["--compromised", ...teamNames.flatMap((team) => ["-n", team])];
  const breakage = { forbidden: [second], denied: [], immutable: [] };

  it("does not retire the old key, and the same command does when it can", async (test) => {
    const sandbox = await start(test, clusterOf(teamNames));
    const { keyId: old } = setUp(sandbox, { namespaces: teamNames });
    let fix = (): void => undefined;
    onceDone(sandbox, "/addPassword", () => (fix = breakWrites(sandbox, teamNames, breakage)));
    const run = await rotate(sandbox, args);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.error.message).toContain(`sandbox/${second}/acr-secret`);
    expect(signsIn(sandbox, old)).toBe(true);
    fix();
    const again = await rotate(sandbox, args);
    expect(again.code, again.stderr).toBe(0);
    expect(signsIn(sandbox, old)).toBe(false);
    expect(keyIds(sandbox)).toHaveLength(1);
  });
});

describe.concurrent("rotate --compromised", () => {
  it("makes nothing where secrets may not be listed cluster-wide", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["get", "patch"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const named = ["--compromised", "-n", "awesomeapps"];
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, named));
    expect([result.code, result.json.error.code, writes]).toEqual([2, "rotate.cannot-see-all-namespaces", 0]);
  });
});
