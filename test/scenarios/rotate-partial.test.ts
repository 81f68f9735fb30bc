import { describe, expect, it } from "vitest";
import { secretOf } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { breakWrites, clusterOf, onceDone, rotatePartly, teams } from "./partial-rotation.ts";
import {
  azureWrites,
  countingWrites,
  endGrace,
  heldKeys,
  keyIds,
  rotate,
  rotation,
  start,
} from "./rotation.ts";

const namespaces = teams(6);
const [first = "", second = "", third = "", fourth = ""] = namespaces;

describe.concurrent("rotate, where some secrets cannot be written any more once the key was made,", () => {
  it("writes all others, retires nothing, and another run writes just the rest", async (test) => {
    const sandbox = await start(test, clusterOf(namespaces));
    const breakage = { forbidden: [second], denied: [third], immutable: [fourth] };
    expect(await rotatePartly(sandbox, namespaces, breakage)).toEqual({ first: 3, second: 3 });
  });

  it("even the one that carries its mark: writes all others, and leaves no key behind", async (test) => {
    const sandbox = await start(test, clusterOf(namespaces));
    const { keyId: old } = setUp(sandbox, { namespaces });
    let fix = (): void => undefined;
    const breakage = { forbidden: [first], denied: [], immutable: [] };
    onceDone(sandbox, "/addPassword", () => (fix = breakWrites(sandbox, namespaces, breakage)));
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(4);
    fix();
    const { state, keyId } = await rotation(sandbox);
    expect([state, keyIds(sandbox)]).toEqual(["pending", [old, keyId]]);
    for (const namespace of namespaces)
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: old });
  });

  it("none at all: takes the key back that nothing holds", async (test) => {
    const sandbox = await start(test, clusterOf(namespaces));
    const { keyId: old } = setUp(sandbox, { namespaces });
    let fix = (): void => undefined;
    const breakage = { forbidden: [], denied: namespaces, immutable: [] };
    onceDone(sandbox, "/addPassword", () => (fix = breakWrites(sandbox, namespaces, breakage)));
    const run = await rotate(sandbox);
    expect([run.code, run.json.ok], run.stderr).toEqual([4, false]);
    expect(sandbox.invariants.unknownKeys()).toEqual([]);
    fix();
    await rotation(sandbox, ["--if-due"]);
    expect(keyIds(sandbox)).toEqual([old]);
    for (const namespace of namespaces) expect(heldKeys(sandbox, namespace).plain).toBe(old);
  });
});

describe.concurrent("rotate, where a secret", () => {
  it("is deleted before it could be written: writes the others, and the next run has nothing to fix", async (test) => {
    const sandbox = await start(test, clusterOf(namespaces));
    setUp(sandbox, { namespaces });
    onceDone(sandbox, "/addPassword", () => {
      const { objects } = sandbox.world.clusters[0]!;
      objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.namespace !== third);
      sandbox.invariants.watch();
    });
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.error.message).toContain(`sandbox/${third}/acr-secret`);
    const { result, writes } = await countingWrites(sandbox, () => rotation(sandbox));
    expect([result.state, writes, secretOf(sandbox, third)]).toEqual(["pending", 0, undefined]);
    endGrace(sandbox);
    expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
  });

  it("cannot be cleaned: leaves the old key, names the secret, and the next run goes on there", async (test) => {
    const sandbox = await start(test, clusterOf(namespaces));
    const { keyId, old } = changedOver(sandbox, { namespaces, due: true });
    const fix = breakWrites(sandbox, namespaces, { forbidden: [], denied: [third], immutable: [] });
    const run = await rotate(sandbox, ["--finish"]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "rotate.still-held"]);
    expect(run.json.error.message).toContain(`sandbox/${third}/acr-secret`);
    expect(azureWrites(sandbox)).toEqual([]);
    expect(heldKeys(sandbox, third)).toEqual({ plain: keyId, https: old });
    fix();
    expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
    expect(heldKeys(sandbox, third)).toEqual({ plain: keyId, https: undefined });
  });

  it("is written back by another writer each time: says who to look for, and retires nothing", async (test) => {
    const sandbox = await start(test, clusterOf(namespaces));
    const { keyId: old } = setUp(sandbox, { namespaces });
    const before = structuredClone(secretOf(sandbox, third)!);
    sandbox.observe((phase, { method, path, query }) => {
      if (phase !== "answered" || method !== "PATCH" || query.includes("dryRun")) return;
      if (!path.includes(`/namespaces/${third}/`)) return;
      const secret = secretOf(sandbox, third)!;
      secret["data"] = structuredClone(before["data"]);
      secret.metadata.annotations = { ...before.metadata.annotations };
      secret.metadata.resourceVersion = String((sandbox.world.clusters[0]!.resourceVersion += 1));
    });
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(4);
    const failed = run.json.secrets.filter(({ action }: { action: string }) => action === "failed");
    expect(failed).toMatchObject([{ namespace: third, error: { code: "secret.reverted" } }]);
    expect(run.json.rotations).toMatchObject([{ state: "pending", replaced: old, retired: false }]);
  });
});
