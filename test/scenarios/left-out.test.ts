import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { livePasswords, secretOf } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures } from "./removal.ts";
import { addSecret, endGrace, heldKeys, markOf, ownApplication, signsIn, start } from "./rotation.ts";

/*
 * Anybody who may write secrets in one namespace can keep the mark of a run there that never ends, or hold a key in a
 * secret that nobody can change. That delays the others until a person decides to continue without that secret.
 */

const theirs = { namespace: "default", name: "theirs" };
const without = ["--leave-out", "default/theirs"];

function run(sandbox: Sandbox, command: string, args: readonly string[] = []) {
  const common = ["--registry", "myregistry", "--wait-busy", "0s", "-y", "-o", "json"];
  const proofs = command === "setup" ? [] : ["--settle", "0s"];
  return runSafely(sandbox, [command, ...common, ...proofs, ...args]);
}

/** A mark that somebody renews forever, so it is never old. */
function keepMark(sandbox: Sandbox): string {
  const host = sandbox.world.registries[0]!.loginServer;
  const { registry, clusterId } = markOf(sandbox);
  const pending = {
    operation: "none",
    holder: { host: "elsewhere", boot: "b", pid: 1 },
    renewedAt: new Date(Date.now() + 30_000).toISOString(),
  };
  const marks = { [host]: { registry, clusterId, pending } };
  const metadata = {
    ...theirs,
    labels: { "acr-pull/managed": "true" },
    annotations: { "acr-pull/entries": JSON.stringify(marks) },
  };
  const added = JSON.stringify(addSecret(sandbox, metadata, { auths: {} }));
  sandbox.invariants.watch();
  return added;
}

/** A copy of the true secret that nobody can write. */
function holdKey(sandbox: Sandbox, how: "immutable" | "malformed"): string {
  const { labels, annotations } = secretOf(sandbox)!.metadata;
  const marks = how === "malformed" ? { "acr-pull/entries": '{"x":1}' } : { ...annotations };
  const metadata = { ...theirs, labels: { ...labels }, annotations: marks };
  const added = addSecret(sandbox, metadata, how === "immutable" ? { immutable: true } : {});
  sandbox.invariants.watch();
  return JSON.stringify(added);
}

/** The secret stays as it is. It can no longer pull, which was agreed to. */
function expectLeft(sandbox: Sandbox, before: string): void {
  expect(JSON.stringify(secretOf(sandbox, theirs.namespace, theirs.name))).toBe(before);
  const found = sandbox.invariants.violations.splice(0);
  expect(found.filter(({ what }) => !what.includes("default/theirs"))).toEqual([]);
}

describe.concurrent("a mark that somebody keeps alive in a namespace of his own", () => {
  it.for<[command: string, args: string[], isDone: (sandbox: Sandbox, old: string) => boolean]>([
    ["setup", ["-n", "awesomeapps"], (sandbox) => livePasswords(sandbox).length === 1],
    ["rotate", [], (sandbox, old) => heldKeys(sandbox).https === old],
    ["remove", [], (sandbox) => livePasswords(sandbox).length === 0],
  ])(
    "delays %s, and does not stop it when a person leaves that secret out",
    async ([command, args, isDone], test) => {
      const sandbox = await start(test);
      const { keyId } = setUp(sandbox);
      const before = keepMark(sandbox);
      // Gives setup something to write, so it waits for others.
      if (command === "setup") ownApplication(sandbox).passwords[0]!.removedAt = Date.now() - 1_000;
      if (command === "remove") expectDepartures(sandbox);
      sandbox.invariants.watch();
      const busy = await run(sandbox, command, args);
      expect([busy.code, busy.json.error?.code], busy.stderr).toEqual([1, "busy"]);
      expect(busy.json.error.hint).toContain("--leave-out default/theirs");
      const done = await run(sandbox, command, [...args, ...without]);
      expect(done.code, done.stderr).toBe(0);
      expect(done.stderr).toContain("default/theirs is left out");
      expect(isDone(sandbox, keyId)).toBe(true);
      expectLeft(sandbox, before);
    },
  );

  it("is no secret that setup is to write", async (test) => {
    const sandbox = await start(test);
    const done = await run(sandbox, "setup", ["-n", "default", "--leave-out", "default/acr-secret"]);
    expect([done.code, done.json.error?.code]).toEqual([2, "usage.conflict"]);
  });
});

describe.concurrent("a key that somebody holds in a secret which cannot be written,", () => {
  it.for<["immutable" | "malformed"]>([["immutable"], ["malformed"]])(
    "%s, stops no rotation when a person leaves that secret out, and the key goes",
    async ([how], test) => {
      const sandbox = await start(test);
      const { keyId } = setUp(sandbox);
      const before = holdKey(sandbox, how);
      const refused = await run(sandbox, "rotate");
      expect([refused.code, refused.json.error?.code], refused.stderr).toEqual([
        2,
        "rotate.holder-unwritable",
      ]);
      expect(refused.json.error.hint).toContain("--leave-out default/theirs");
      const begun = await run(sandbox, "rotate", without);
      expect(begun.code, begun.stderr).toBe(0);
      endGrace(sandbox);
      const done = await run(sandbox, "rotate", ["--finish", ...without]);
      expect([done.code, signsIn(sandbox, keyId)], done.stderr).toEqual([0, false]);
      expectLeft(sandbox, before);
    },
  );

  it("stops no removal either", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const before = holdKey(sandbox, "immutable");
    const refused = await run(sandbox, "remove");
    expect([refused.code, refused.json.error?.code], refused.stderr).toEqual([2, "secret.immutable"]);
    expect(refused.json.error.hint).toContain("--leave-out default/theirs");
    expectDepartures(sandbox);
    const done = await run(sandbox, "remove", without);
    expect([done.code, livePasswords(sandbox)], done.stderr).toEqual([0, []]);
    expectLeft(sandbox, before);
  });
});
