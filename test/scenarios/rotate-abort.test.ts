import { describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { runSafely } from "../canary.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  countingWrites,
  heldKeys,
  keyIds,
  killedAt,
  markOf,
  ownApplication,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";
import { expectAsBefore } from "./taken-back.ts";

const namespaces = ["awesomeapps", "default", "kube-public"];

/** Matches the nth real write of a namespace's secret. Rehearsals do not count. */
const writes = (namespace: string, nth = 1) => {
  let met = 0;
  return ({ method, path, query }: RequestEntry) =>
    method === "PATCH" &&
    path.includes(`/namespaces/${namespace}/secrets/`) &&
    !query.includes("dryRun") &&
    (met += 1) === nth;
};
const asksFor = (end: string) => (entry: RequestEntry) => entry.method === "POST" && entry.path.endsWith(end);

describe.concurrent("rotate --abort", () => {
  it("during the grace brings every secret back to the old key, and removes the new one", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces });
    const { endDateTime } = ownApplication(sandbox).passwords[0]!;
    const expiresAt = endDateTime.replace(".000Z", "Z");
    const aborted = await rotation(sandbox, ["--abort"]);
    // The secrets hold the old one again.
    expect(aborted.stderr).toMatch(/Removed the new password from \d+ secrets?, and proved/);
    expect(aborted.stderr).not.toContain("Took the old password");
    expect(aborted).toMatchObject({
      state: "aborted",
      keyId: old,
      expiresAt,
      replaced: keyId,
      retired: true,
    });
    expectAsBefore(sandbox, namespaces, old);
    expect(markOf(sandbox).expiresAt).toBe(expiresAt);
    expect(signsIn(sandbox, keyId)).toBe(false);
    const told = await runSafely(sandbox, ["rotate", "-y", "--if-expiring-within", "60d"]);
    expect(told.stdout).toContain(`The old key ${old}`);
  });

  it("brings each secret back to the key that it had, where they had different ones", async (test) => {
    const sandbox = await start(test);
    const { keyId: one } = setUp(sandbox);
    const { keyId: other } = setUp(sandbox, { namespaces: ["default"], beside: true });
    sandbox.invariants.maxLiveKeys = 3;
    expect((await rotate(sandbox)).code).toBe(0);
    const run = await rotate(sandbox, ["--abort"]);
    expect(run.code, run.stderr).toBe(0);
    expect(heldKeys(sandbox)).toEqual({ plain: one, https: undefined });
    expect(heldKeys(sandbox, "default")).toEqual({ plain: other, https: undefined });
    expect(keyIds(sandbox)).toEqual([one, other]);
  });

  it("where nothing is pending changes nothing, and ends well", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox);
    const { result, writes: count } = await countingWrites(sandbox, () => rotation(sandbox, ["--abort"]));
    expect([count, result.state, result.keyId]).toEqual([0, "unchanged", keyId]);
  });

  it("once the old password is in no secret any more says that it is too late, and changes nothing", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces, due: true });
    await killedAt(sandbox, ["--finish"], asksFor("/removePassword"), "arrived");
    const { result, writes: count } = await countingWrites(sandbox, () => rotate(sandbox, ["--abort"]));
    expect([result.code, result.json.error.code, count], result.stderr).toEqual([
      2,
      "rotate.too-late-to-abort",
      0,
    ]);
    expect(result.json.error.hint).toContain(
      "acr-pull rotate --registry myregistry --context sandbox --finish",
    );
    const finished = await rotation(sandbox, ["--finish"]);
    expect([finished.retired, finished.replaced, keyIds(sandbox)]).toEqual([true, old, [keyId]]);
  });

  it("of a rotation without overlapping entries says that it is too late", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    await rotation(sandbox, ["--no-overlap-entry"]);
    const run = await rotate(sandbox, ["--abort"]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([2, "rotate.too-late-to-abort"]);
  });
});

describe.concurrent("rotate --abort, when the rotation was killed", () => {
  it.for([
    ["when its key was made", asksFor("/addPassword"), "committed"],
    ["when it had written the first secret", writes("awesomeapps", 2), "committed"],
    ["when it had written some of the secrets", writes("kube-public"), "read"],
  ] as const)("%s: leaves all as it was", async ([, at, phase], test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    await killedAt(sandbox, [], at, phase);
    const aborted = await rotate(sandbox, ["--abort"]);
    expect(aborted.code, aborted.stderr).toBe(0);
    expectAsBefore(sandbox, namespaces, old);
  });

  it("when some secrets were cleaned already: goes back, for another still holds the old password", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { namespaces, due: true });
    await killedAt(sandbox, ["--finish", "--concurrency", "1"], writes("kube-public"), "read");
    expect(heldKeys(sandbox, "default").https).toBeUndefined();
    expect((await rotation(sandbox, ["--abort"])).state).toBe("aborted");
    expectAsBefore(sandbox, namespaces, old);
  });
});

describe.concurrent("rotate, when an abort was killed", () => {
  it.for([
    ["--abort", ["--abort"]],
    ["an ordinary run", ["--if-expiring-within", "60d"]],
  ] as const)("half way through the secrets: %s brings it to its end", async ([, args], test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { namespaces });
    await killedAt(sandbox, ["--abort"], writes("default"), "committed");
    const run = await rotate(sandbox, args);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.rotations.at(-1)).toMatchObject({ state: "aborted", keyId: old });
    expectAsBefore(sandbox, namespaces, old);
  });

  it("before it removed the new key: the next run removes it", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { namespaces });
    await killedAt(sandbox, ["--abort"], asksFor("/removePassword"), "arrived");
    expect(keyIds(sandbox)).toHaveLength(2);
    expect((await rotation(sandbox, ["--abort"])).state).toBe("aborted");
    expectAsBefore(sandbox, namespaces, old);
  });
});
