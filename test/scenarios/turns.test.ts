import { describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import { secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures, remove } from "./removal.ts";
import { heldKeys, keyIds, killedAt, markOf, ownApplication, rotate, start } from "./rotation.ts";

/*
 * What every run that writes to a cluster keeps to, whatever its command: it holds its mark while it writes, makes
 * way when another run has the mark, writes again what somebody put back, and gives back what it may not clear.
 */

const namespaces = ["awesomeapps", "default"] as const;
const [first, second] = namespaces;
const inBoth = ["-n", first, "-n", second];

const isKeyMade = ({ path }: RequestEntry) => path.endsWith("/addPassword");

/** Matches requests that write a secret in a namespace. Rehearsals do not count. */
function writesIn(namespace: string): (entry: RequestEntry) => boolean {
  return ({ method, path, query }) =>
    method === "PATCH" && path.includes(`/namespaces/${namespace}/secrets/`) && !query.includes("dryRun");
}

/** Changes a secret as somebody else, which gives it a new version. */
function change(sandbox: Sandbox, namespace: string, edit: (secret: KubernetesObject) => void): void {
  const secret = secretOf(sandbox, namespace)!;
  edit(secret);
  secret.metadata.resourceVersion = String((sandbox.world.clusters[0]!.resourceVersion += 1));
}

const laterMs = 120_000;

/** A run elsewhere takes over the mark, and renews it two minutes from now. */
function takeOver(sandbox: Sandbox, namespace: string): void {
  change(sandbox, namespace, ({ metadata }) => {
    const loginServer = sandbox.world.registries[0]!.loginServer;
    const mark = markOf(sandbox, namespace);
    const { operation, sweep = [] } = mark.pending;
    mark.pending = {
      operation: "another",
      holder: { host: "elsewhere", boot: "b", pid: 1 },
      renewedAt: new Date(Date.now() + laterMs).toISOString(),
      sweep: [...sweep, operation],
    };
    metadata.annotations!["acr-pull/entries"] = JSON.stringify({ [loginServer]: mark });
  });
}

describe.concurrent("setup, where an earlier run has left its mark,", () => {
  it("writes no further secret once another run has taken its own mark over", async (test) => {
    const sandbox = await start(test);
    await killedAt(sandbox, ["-n", first], isKeyMade, "committed", setup);
    const stop = sandbox.observe((phase, entry) => {
      if (!writesIn(first)(entry) || markOf(sandbox, first).keyId === undefined) return;
      if (phase === "committed") sandbox.world.clusters[0]!.clockAheadMs = laterMs;
      if (phase !== "answered") return;
      stop();
      takeOver(sandbox, first);
    });
    const run = await setup(sandbox, inBoth);
    expect([run.json.ok, run.json.error.code], run.stderr).toEqual([false, "busy"]);
    expect(secretOf(sandbox, second)).toBeUndefined();
  });

  it("puts its own in its place before it removes a key, though it makes none", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox, { namespaces });
    await killedAt(sandbox, [], isKeyMade, "committed");
    const before = sandbox.requests.entries.length;
    const run = await setup(sandbox, inBoth);
    expect([run.code, keyIds(sandbox)], run.stderr).toEqual([0, [keyId]]);
    const writes = sandbox.requests.entries
      .slice(before)
      .filter(({ mutating, query }) => mutating && !query.includes("dryRun"));
    expect(writes.map(({ method, path }) => `${method} ${path.replace(/^.*\//, "")}`)).toEqual([
      "PATCH acr-secret",
      "POST removePassword",
      "PATCH acr-secret",
    ]);
  });

  it("looks for the key that it left in more than one part of the directory", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox, { namespaces });
    await killedAt(sandbox, [], isKeyMade, "committed");
    const left = ownApplication(sandbox).passwords.findIndex((key) => key.keyId !== keyId);
    const operation = markOf(sandbox, first).pending.operation;
    let hidden: ReturnType<typeof ownApplication>["passwords"] = [];
    const stop = sandbox.observe((phase, { method, path }) => {
      // The first look after the mark was written meets a part of the directory that does not know the newest key.
      if (method !== "GET" || !/\/applications\/[^/]*$/.test(path)) return;
      if (markOf(sandbox, first).pending?.operation === operation) return;
      const { passwords } = ownApplication(sandbox);
      if (phase === "read") hidden = passwords.splice(left, 1);
      if (phase !== "committed" && phase !== "answered") return;
      passwords.push(...hidden);
      stop();
    });
    const run = await setup(sandbox, inBoth);
    expect([run.code, hidden.length, keyIds(sandbox)], run.stderr).toEqual([0, 1, [keyId]]);
  });
});

describe.concurrent("rotate", () => {
  it("writes once more what somebody put back, also in the secret that carries its mark", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    const { data } = structuredClone(secretOf(sandbox, first)!);
    const stop = sandbox.observe((phase, entry) => {
      if (phase !== "answered" || !writesIn(first)(entry) || heldKeys(sandbox, first).plain === old) return;
      stop();
      change(sandbox, first, (secret) => (secret["data"] = structuredClone(data)));
    });
    const run = await rotate(sandbox);
    expect([run.code, run.json.rotations[0].state], run.stderr).toEqual([0, "pending"]);
    for (const namespace of namespaces)
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: run.json.rotations[0].keyId, https: old });
  });

  it("that may not see every namespace gives back the mark of the run before it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    await killedAt(sandbox, [], isKeyMade, "committed");
    // The one in use, the leftover that cannot be removed, and the new one.
    sandbox.invariants.maxLiveKeys = 3;
    const { pending } = markOf(sandbox, first);
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: [...namespaces] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const run = await rotate(sandbox, inBoth);
    expect([run.code, run.json.rotations[0].state], run.stderr).toEqual([0, "pending"]);
    expect(markOf(sandbox, first).pending).toEqual(pending);
  });
});

describe.concurrent("remove, whose first secret can be written no more when it was looked at,", () => {
  it("marks the next one, and takes the others out all the same", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox, { namespaces });
    expectDepartures(sandbox);
    const stop = sandbox.observe((phase, entry) => {
      if (phase !== "read" || !writesIn(first)(entry)) return;
      stop();
      sandbox.world.clusters[0]!.denials.push({ namespace: first });
    });
    const run = await remove(sandbox);
    expect([run.code, run.json.ok], run.stderr).toEqual([4, false]);
    expect([secretOf(sandbox, second), heldKeys(sandbox, first).plain]).toEqual([undefined, keyId]);
    expect(keyIds(sandbox)).toEqual([keyId]);
  });
});
