import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { livePasswords, setup, type Run } from "../program.ts";
import { expectDepartures, remove } from "./removal.ts";
import { endGrace, heldKeys, keyIds, ownApplication, rotate, signsIn, start } from "./rotation.ts";

/*
 * A caller that may not list the secrets of the whole cluster cannot read a password that another namespace holds,
 * and nobody can read it from the directory. So the first setup of another namespace makes a key of its own.
 */

const namespaces = ["awesomeapps", "default"] as const;

/** Lets the caller read and write only the secrets of these namespaces. Without any, the caller may do everything. */
function seesOnly(sandbox: Sandbox, ...some: readonly string[]): void {
  const verbs = ["get", "create", "patch", "delete"];
  const limited = [
    { verbs, resources: ["secrets"], namespaces: [...some] },
    { verbs: ["list"], resources: ["serviceaccounts", "pods"], namespaces: [...some] },
    { verbs: ["get"], resources: ["namespaces"] },
  ];
  const everything = [{ verbs: ["*"], resources: ["*"] }];
  sandbox.world.clusters[0]!.users[0]!.rules = some.length === 0 ? everything : limited;
}

/** Two first setups by callers that each see one namespace, and the keys that they made. */
async function twoSetups(test: Parameters<typeof start>[0]) {
  const sandbox = await start(test);
  // These two, and one that replaces them.
  sandbox.invariants.maxLiveKeys = 3;
  const runs: Run[] = [];
  for (const namespace of namespaces) {
    seesOnly(sandbox, namespace);
    const run = await setup(sandbox, ["-n", namespace]);
    expect(run.code, run.stderr).toBe(0);
    runs.push(run);
  }
  const [first, second] = namespaces.map((namespace) => heldKeys(sandbox, namespace).plain ?? "");
  return { sandbox, runs, keys: [first ?? "", second ?? ""] as const };
}

const status = (sandbox: Sandbox, ...args: readonly string[]) =>
  runSafely(sandbox, ["status", "-o", "json", ...args]);

describe.concurrent("two namespaces whose setups could not see each other's secrets", () => {
  it("hold a key each, and the second says why it makes one", async (test) => {
    const { sandbox, runs, keys } = await twoSetups(test);
    expect(new Set(keys).size).toBe(2);
    expect(keyIds(sandbox)).toEqual(keys);
    const [first, second] = runs.map(({ stderr }) => stderr.replaceAll(/\s+/g, " "));
    const said = "which secrets of other namespaces may hold";
    expect(first).not.toContain(said);
    expect(second).toContain(said);
  });

  it("are told as they are: each key as held by who sees both, and as unknown by who sees one", async (test) => {
    const { sandbox } = await twoSetups(test);
    seesOnly(sandbox, "default");
    const one = await status(sandbox, "-n", "default");
    expect([one.code, one.json.orphans, one.json.orphansUnknown.code], one.stderr).toEqual([
      0,
      null,
      "status.cannot-see-all-namespaces",
    ]);
    seesOnly(sandbox);
    const both = await status(sandbox);
    expect([both.code, both.json.orphans], both.stderr).toEqual([0, []]);
    expect(both.json.entries.map(({ state }: { state: string }) => state)).toEqual(["ok", "ok"]);
  });

  it("are rotated each for itself: who sees one leaves the other's key alone", async (test) => {
    const { sandbox, keys } = await twoSetups(test);
    seesOnly(sandbox, "default");
    const run = await rotate(sandbox, ["-n", "default"]);
    expect(run.code, run.stderr).toBe(0);
    endGrace(sandbox);
    const finished = await rotate(sandbox, ["-n", "default", "--finish"]);
    expect(finished.code, finished.stderr).toBe(0);
    expect(keys.map((keyId) => signsIn(sandbox, keyId))).toEqual([true, true]);
    expect(heldKeys(sandbox, "awesomeapps").plain).toBe(keys[0]);
    for (const key of ownApplication(sandbox).passwords) key.removedAt = Date.now();
  });

  it("are rotated together by who sees both, and go together", async (test) => {
    const { sandbox, keys } = await twoSetups(test);
    seesOnly(sandbox);
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
    endGrace(sandbox);
    const finished = await rotate(sandbox, ["--finish"]);
    expect(finished.code, finished.stderr).toBe(0);
    expect(keys.map((keyId) => signsIn(sandbox, keyId))).toEqual([false, false]);
    const now = namespaces.map((namespace) => heldKeys(sandbox, namespace).plain ?? "");
    expect(keyIds(sandbox), "one key for both from now on").toEqual([...new Set(now)]);
    expect(keyIds(sandbox)).toHaveLength(1);
    expectDepartures(sandbox);
    const removed = await remove(sandbox);
    expect(removed.code, removed.stderr).toBe(0);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("are not removed by who sees one, since the other may be in use", async (test) => {
    const { sandbox, keys } = await twoSetups(test);
    seesOnly(sandbox, "default");
    const run = await remove(sandbox, ["-n", "default"]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([2, "remove.cannot-see-all-namespaces"]);
    expect(keyIds(sandbox)).toEqual(keys);
    // A caller that sees both removes one of them, and leaves what the other needs.
    seesOnly(sandbox);
    expectDepartures(sandbox, [{ namespaces: ["default"] }]);
    const one = await remove(sandbox, ["-n", "default"]);
    expect(one.code, one.stderr).toBe(0);
    expect(keys.map((keyId) => signsIn(sandbox, keyId))).toEqual([true, false]);
  });
});
