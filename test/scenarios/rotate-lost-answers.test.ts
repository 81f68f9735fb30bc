import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  azureWrites,
  heldKeys,
  keyIds,
  ownApplication,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

/** The display names of all keys that ever existed. Each contains the operation that made the key. */
const names = (sandbox: Sandbox) => ownApplication(sandbox).passwords.map(({ displayName }) => displayName);

/** What must hold once a key was made whose text got lost: it is removed, and another one is in use. */
function expectReplaced(sandbox: Sandbox, old: string, keyId: string): void {
  const { passwords } = ownApplication(sandbox);
  expect(passwords, "keys made").toHaveLength(3);
  expect(new Set(names(sandbox)).size, "operations").toBe(3);
  expect(keyIds(sandbox)).toEqual([old, keyId]);
  expect(heldKeys(sandbox)).toEqual({ plain: keyId, https: old });
  expect(sandbox.invariants.unknownKeys()).toEqual([]);
}

const lost: ReadonlyArray<[what: string, fault: Omit<FaultOptions, "match">, args?: readonly string[]]> = [
  ["its connection reset", { action: "reset" }],
  ["no answer in time", { action: "hang" }, ["--timeout", "4s"]],
  ["status 500", { status: 500 }],
];

describe.concurrent("rotate, when a key was made and the answer is", () => {
  it.for(lost)(
    "%s: removes that key, and makes another by a new operation",
    async ([, fault, args = []], test) => {
      const sandbox = await start(test);
      const { keyId: old } = setUp(sandbox);
      sandbox.invariants.maxLiveKeys = 3;
      sandbox.setFaults([{ match: "POST .*/addPassword", after: "commit", ...fault }]);
      const { keyId, json } = await rotation(sandbox, args);
      const [, unknown] = ownApplication(sandbox).passwords;
      expect(json.sweptKeys).toEqual([{ appId: ownApplication(sandbox).appId, keyId: unknown?.keyId }]);
      expect(azureWrites(sandbox)).toEqual(["POST addPassword", "POST addPassword", "POST removePassword"]);
      expectReplaced(sandbox, old, keyId);
    },
  );

  it("cut off in the middle: removes that key, and makes another by a new operation", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    sandbox.invariants.maxLiveKeys = 3;
    const restore = cutFirstAnswer(sandbox, /\/addPassword$/);
    try {
      const { keyId, json } = await rotation(sandbox);
      expect(json.sweptKeys).toHaveLength(1);
      expectReplaced(sandbox, old, keyId);
    } finally {
      restore();
    }
  });
});

describe.concurrent("rotate, when no answer to the making of a key ever comes", () => {
  it("ends incomplete and says how to continue, and the next run removes every key that was made", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    // The old one, three that nobody can use, and the next run's own, which shows that run that it sees them all.
    sandbox.invariants.maxLiveKeys = 5;
    sandbox.setFaults([{ match: "POST .*/addPassword", after: "commit", action: "drop", times: 99 }]);
    const failed = await rotate(sandbox);
    expect([failed.code, failed.json.ok], failed.stderr).toEqual([4, false]);
    expect(failed.json.error).toMatchObject({ retryable: true, hint: expect.stringContaining("again") });
    expect(failed.json.rotations).toMatchObject([{ state: "failed", keyId: old, retired: false }]);
    expect(heldKeys(sandbox)).toEqual({ plain: old, https: undefined });
    expect(sandbox.invariants.unknownKeys(), "every key is named by a mark").toEqual([]);
    const lostKeys = keyIds(sandbox).filter((id) => id !== old);

    sandbox.setFaults([]);
    const { keyId, json } = await rotation(sandbox);
    expect(json.sweptKeys.map((key: { keyId: string }) => key.keyId).toSorted()).toEqual(lostKeys.toSorted());
    expect(keyIds(sandbox)).toEqual([old, keyId]);
  });

  it("a run that is due for nothing else removes what the dead one left", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    sandbox.invariants.maxLiveKeys = 4;
    sandbox.setFaults([{ match: "POST .*/addPassword", after: "commit", action: "drop", times: 99 }]);
    expect((await rotate(sandbox)).code).toBe(4);
    sandbox.setFaults([]);
    const { state, keyId, json } = await rotation(sandbox, ["--if-due"]);
    expect([state, keyId]).toEqual(["unchanged", old]);
    expect(json.sweptKeys.length).toBeGreaterThan(0);
    expect(keyIds(sandbox)).toEqual([old]);
  });
});

describe.concurrent("rotate, when other answers are lost", () => {
  it("to the removal: asks again, and the key that is gone counts as retired", async (test) => {
    const sandbox = await start(test);
    const { old, keyId } = changedOver(sandbox, { due: true });
    sandbox.setFaults([{ match: "POST .*/removePassword", after: "commit", action: "reset" }]);
    const finished = await rotation(sandbox, ["--finish"]);
    expect([finished.retired, finished.replaced]).toEqual([true, old]);
    expect([signsIn(sandbox, old), signsIn(sandbox, keyId)]).toEqual([false, true]);
  });

  it("to a write of a secret: finds it written, and writes nothing twice", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    // The second write to this secret. The first one sets the mark.
    sandbox.setFaults([
      {
        match: "PATCH .*/awesomeapps/secrets/acr-secret(?!.*dryRun)",
        nth: 2,
        after: "commit",
        action: "drop",
      },
      { match: "PATCH .*/default/secrets/acr-secret(?!.*dryRun)", after: "commit", action: "drop" },
    ]);
    const { keyId, replaced: old, json } = await rotation(sandbox);
    expect(json.secrets.every(({ error }: { error?: unknown }) => error === undefined)).toBe(true);
    for (const namespace of ["awesomeapps", "default"]) {
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: old });
    }
  });
});

/**
 * Cuts off the first answer to a path of this sandbox in the middle of its body, after the service has done its work.
 */
function cutFirstAnswer(sandbox: Sandbox, path: RegExp): () => void {
  const port = new URL(sandbox.world.azureUrl).port;
  const channel = "http.server.request.start";
  const listener = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (!path.test(request.url ?? "") || request.headers.host?.endsWith(`:${port}`) !== true) return;
    unsubscribe(channel, listener);
    const { socket } = request;
    response.end = ((body: Buffer | string) => {
      response.write(body.slice(0, body.length / 2), () => socket.destroy());
      return response;
    }) as ServerResponse["end"];
  };
  subscribe(channel, listener);
  return () => unsubscribe(channel, listener);
}
