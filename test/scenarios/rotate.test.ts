import { describe, expect, it } from "vitest";
import { repositoryCondition, rolesFor } from "../../src/domain/role.ts";
import { entryOf, liveAssignments, secretOf, setup } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  azureWrites,
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

describe.concurrent("rotate", () => {
  it("puts the new key under the plain host and leaves the old one beside it, in every secret", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    const uids = namespaces.map((namespace) => secretOf(sandbox, namespace)?.metadata.uid);
    const { keyId, replaced, state, retired, json } = await rotation(sandbox);
    expect([state, replaced, retired]).toEqual(["pending", old, false]);
    expect(keyIds(sandbox)).toEqual([old, keyId]);
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: old });
      expect(markOf(sandbox, namespace)).toMatchObject({ keyId, retire: { keyId: old } });
      expect(markOf(sandbox, namespace)).not.toHaveProperty("pending");
    }
    expect(namespaces.map((one) => secretOf(sandbox, one)?.metadata.uid)).toEqual(uids);
    expect([signsIn(sandbox, old), signsIn(sandbox, keyId)]).toEqual([true, true]);
    expect(json.secrets.map(({ namespace, action }: Record<string, string>) => [namespace, action])).toEqual([
      ["awesomeapps", "updated"],
      ["default", "updated"],
    ]);
  });

  it("replaces what setup made just now, and answers with the one document of the contract", async (test) => {
    const sandbox = await start(test);
    const [{ appId, clusterId, keyId: old }] = (await setup(sandbox)).json.credentials;
    const { json } = await rotation(sandbox);
    expect(json).toEqual({
      schemaVersion: 1,
      command: "rotate",
      ok: true,
      exitCode: 0,
      rotations: [
        {
          context: "sandbox",
          clusterId,
          registry: expect.stringMatching(/\/registries\/myregistry$/),
          loginServer: sandbox.world.registries[0]?.loginServer,
          appId,
          keyId: keyIds(sandbox)[1],
          expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          state: "pending",
          replaced: old,
          retireAfter: markOf(sandbox).retire.after,
          retired: false,
        },
      ],
      secrets: [{ context: "sandbox", namespace: "awesomeapps", name: "acr-secret", action: "updated" }],
      sweptKeys: [],
      unwrittenKeys: [],
    });
  });

  it("gives the old key the time that --grace says", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const before = Date.now() - 1000;
    const { retireAfter } = await rotation(sandbox, ["--grace", "2h"]);
    expect(Date.parse(retireAfter)).toBeGreaterThanOrEqual(before + 2 * 3_600_000);
    expect(Date.parse(retireAfter)).toBeLessThanOrEqual(Date.now() + 2 * 3_600_000);
  });

  it("while the old key is to be retired says so, and asks for no change", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces });
    const retireAfter = markOf(sandbox).retire.after;
    for (const args of [[], ["--if-due"]]) {
      const { result, writes } = await countingWrites(sandbox, () => rotation(sandbox, args));
      const pending = { state: "pending", keyId, replaced: old, retireAfter, retired: false };
      expect([writes, result], args.join(" ")).toMatchObject([0, pending]);
    }
  });

  it("--finish after the grace takes the old entry out of every secret, and removes that key", async (test) => {
    const sandbox = await start(test);
    const { keyId, old } = changedOver(sandbox, { namespaces, due: true });
    const finished = await rotation(sandbox, ["--finish"]);
    expect(finished).toMatchObject({ state: "rotated", keyId, replaced: old, retired: true });
    expect(finished.retirement).toBe("refused");
    expect(finished.stderr).toContain(`Retired the key ${old}, which is refused now`);
    expect(finished).not.toHaveProperty("retireBlocked");
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: undefined });
      expect(markOf(sandbox, namespace)).not.toHaveProperty("retire");
      expect(markOf(sandbox, namespace)).not.toHaveProperty("pending");
    }
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect(signsIn(sandbox, old)).toBe(false);
  });

  it("that goes on when no secret holds the old key's text says what the directory says", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { due: true });
    await killedAt(sandbox, ["--finish"], ({ path }) => path.endsWith("/removePassword"), "read");
    const goneOn = await rotation(sandbox, ["--finish"]);
    expect(goneOn).toMatchObject({ replaced: old, retired: true, retirement: "unlisted" });
    expect(goneOn.stderr).toContain(`Retired the key ${old}, which the directory no longer lists`);
    expect(goneOn.stderr).not.toContain("refused");
  });

  it("without --finish goes on to a new key when the retirement is done", async (test) => {
    const sandbox = await start(test);
    const { keyId: second, old: first } = changedOver(sandbox, { due: true });
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const [retired, begun] = run.json.rotations;
    expect(retired).toMatchObject({ state: "rotated", replaced: first, retired: true });
    expect(begun).toMatchObject({ state: "pending", replaced: second });
    expect(keyIds(sandbox)).toEqual([second, begun.keyId]);
    expect(heldKeys(sandbox)).toEqual({ plain: begun.keyId, https: second });
  });

  it("asks Azure for exactly two changes per cluster, however many secrets there are", async (test) => {
    const sandbox = await start(test);
    const contexts = ["sandbox", "sandbox-staging"];
    for (const context of contexts) setUp(sandbox, { context, namespaces: [...namespaces, "kube-public"] });
    const args = contexts.flatMap((context) => ["--context", context]);
    const run = await rotate(sandbox, args);
    expect([run.code, run.json.rotations.length], run.stderr).toEqual([0, 2]);
    endGrace(sandbox);
    expect((await rotate(sandbox, [...args, "--finish"])).code).toBe(0);
    expect(azureWrites(sandbox)).toEqual([
      "POST addPassword",
      "POST addPassword",
      "POST removePassword",
      "POST removePassword",
    ]);
  });

  it("--no-overlap-entry leaves the new key alone in the secrets, and the old one valid until it is retired", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    const { keyId, state } = await rotation(sandbox, ["--no-overlap-entry"]);
    expect(state).toBe("pending");
    expect(heldKeys(sandbox, "default")).toEqual({ plain: keyId, https: undefined });
    expect(markOf(sandbox, "default").retire.keyId).toBe(old);
    expect(signsIn(sandbox, old)).toBe(true);
    endGrace(sandbox);
    const finished = await rotation(sandbox, ["--finish"]);
    expect(finished).toMatchObject({ state: "rotated", replaced: old, retired: true });
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect(markOf(sandbox, "default")).not.toHaveProperty("retire");
  });

  it("--dry-run shows the plan and asks for no change; --exit-code tells of it by 5", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox);
    const args = ["--dry-run", "--exit-code"];
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, args));
    expect([result.code, writes], result.stderr).toEqual([5, 0]);
    expect(result.json.plan).toMatchObject([
      { action: "created" },
      { target: "secret sandbox/awesomeapps/acr-secret", action: "updated", before: { keyId } },
      { target: `key ${keyId}`, action: "kept" },
    ]);
  });
});

describe.concurrent("rotate, choosing keys", () => {
  it("brings every secret that holds a chosen key to the new one, wherever it is", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    expect((await setup(sandbox, ["--secret-name", "another"])).code).toBe(0);
    const { keyId } = await rotation(sandbox, ["-n", "default"]);
    expect(heldKeys(sandbox, "default").plain).toBe(keyId);
    expect(heldKeys(sandbox, "awesomeapps").plain).toBe(keyId);
    expect(heldKeys(sandbox, "awesomeapps", "another").plain).toBe(keyId);
  });

  it("leaves the keys of other registries and of other clusters alone", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    setUp(sandbox, { context: "sandbox-staging" });
    expect((await setup(sandbox, ["--registry", "abacregistry"])).code).toBe(0);
    await rotation(sandbox, ["--registry", "myregistry"]);
    const rotated = sandbox.world.applications.filter(({ passwords }) => passwords.length > 1);
    expect(rotated.map((application) => application.appId)).toEqual([appId]);
  });

  it("rotates the keys of both registries in one secret, one after the other", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    expect((await setup(sandbox, ["--registry", "abacregistry"])).code).toBe(0);
    const run = await rotate(sandbox);
    const pending = [{ state: "pending" }, { state: "pending" }];
    expect([run.code, run.json.rotations], run.stderr).toMatchObject([0, pending]);
    endGrace(sandbox);
    const finished = await rotate(sandbox, ["--finish"]);
    const done = [{ retired: true }, { retired: true }];
    expect([finished.code, finished.json.rotations], finished.stderr).toMatchObject([0, done]);
  });
});

const abacArgs = ["--registry", "abacregistry", "--repository", "my-awesome-app"];

it.concurrent(
  "rotate, where the role is limited to repositories, does without a pull of just any name",
  async (test) => {
    const sandbox = await start(test);
    expect((await setup(sandbox, abacArgs)).code).toBe(0);
    const { keyId, state, replaced: old } = await rotation(sandbox);
    expect(state).toBe("pending");
    endGrace(sandbox);
    const finished = await rotation(sandbox, ["--finish"]);
    expect([finished.replaced, finished.retired, keyIds(sandbox)]).toEqual([old, true, [keyId]]);
    expect(entryOf(sandbox, "abacregistry")).toBeDefined();
  },
);

it.concurrent(
  "rotate, whose role is limited to repositories while it is at work, does without such a pull from then on",
  async (test) => {
    const sandbox = await start(test);
    expect((await setup(sandbox, ["--registry", "abacregistry"])).code).toBe(0);
    const [reader] = rolesFor("acrpull", "AbacRepositoryPermissions");
    const condition = repositoryCondition(reader!, ["my-awesome-app"]);
    sandbox.observe((phase, { path }) => {
      if (phase !== "committed" || !path.endsWith("/addPassword")) return;
      Object.assign(liveAssignments(sandbox)[0]!, { condition });
    });
    const { state } = await rotation(sandbox, ["--timeout", "30s"]);
    expect(state).toBe("pending");
  },
);

it.concurrent(
  "rotate, asked to prove an image that the role does not cover, makes no key and says so",
  async (test) => {
    const sandbox = await start(test);
    expect((await setup(sandbox, abacArgs)).code).toBe(0);
    const image = ["--image", "another:v1", "--timeout", "2s"];
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, image));
    expect([result.code, result.json.error?.code, writes], result.stderr).toEqual([
      2,
      "proof.no-pull-scope",
      0,
    ]);
    expect(result.json.error.message).toContain("another:v1");
  },
);

describe.concurrent("rotate, of two registries whose entries lie in one secret,", () => {
  it("does one after the other, and waits for nobody", async (test) => {
    const sandbox = await start(test);
    for (const registry of ["myregistry", "abacregistry"]) {
      const run = await setup(sandbox, ["--registry", registry]);
      expect(run.code, run.stderr).toBe(0);
    }
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toContain("Waiting for another run");
    expect(run.json.rotations.map(({ state }: { state: string }) => state)).toEqual(["pending", "pending"]);
  });
});
