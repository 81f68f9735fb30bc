import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { livePasswords, secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures, remove, removed, told } from "./removal.ts";
import { countingWrites, ownApplication, rotate, start } from "./rotation.ts";

const finalizer = "test.example/hold";

/** Lets somebody's finalizer hold the secret. They may already have begun to delete it. */
function hold(
  sandbox: Sandbox,
  { deleting }: { readonly deleting: boolean },
  namespace = "awesomeapps",
): void {
  const { metadata } = secretOf(sandbox, namespace)!;
  metadata.finalizers = [finalizer];
  if (deleting) metadata.deletionTimestamp = new Date().toISOString();
}

/** Lets the finalizer finish, so whatever is being deleted disappears. */
function release(sandbox: Sandbox): void {
  const { objects } = sandbox.world.clusters[0]!;
  objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => !metadata.deletionTimestamp);
}

const held = new RegExp(`is being deleted, and held by the finalizer ${finalizer}`);

describe.concurrent("a secret that is being deleted", () => {
  it("is no place to write: setup refuses before anything is made", async (test) => {
    const sandbox = await start(test);
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: {
        name: "acr-secret",
        namespace: "awesomeapps",
        labels: { "acr-pull/managed": "true" },
      },
      data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
    });
    hold(sandbox, { deleting: true });
    const { result: run, writes } = await countingWrites(sandbox, () => setup(sandbox));
    expect([run.code, run.json.error.code, writes], run.stderr).toEqual([3, "kubernetes.terminating", 0]);
    expect(run.json.error.message).toMatch(held);
  });

  it("is left out by setup, and named; the others are written, and the mark is put on one of them", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    hold(sandbox, { deleting: true });
    const before = structuredClone(secretOf(sandbox));
    const run = await setup(sandbox, ["-n", "awesomeapps", "-n", "default"]);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.secrets).toMatchObject([
      { namespace: "default", action: "created" },
      { namespace: "awesomeapps", action: "failed", error: { code: "kubernetes.terminating" } },
    ]);
    expect(secretOf(sandbox)).toEqual(before);
  });

  it("is no secret to rotate: nothing is begun", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    hold(sandbox, { deleting: true });
    const { result: run, writes } = await countingWrites(sandbox, () => rotate(sandbox));
    expect([run.code, run.json.error.code, writes], run.stderr).toEqual([2, "rotate.holder-unwritable", 0]);
    expect(run.json.error.message).toMatch(held);
  });

  it("is not in order, for status and for verify", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    hold(sandbox, { deleting: true });
    const status = await runSafely(sandbox, ["status", "-o", "json"]);
    expect([status.code, status.json.entries]).toMatchObject([
      5,
      [{ state: "foreign-change", reason: expect.stringMatching(held) }],
    ]);
    const verify = await runSafely(sandbox, ["verify", "-n", "awesomeapps", "-o", "json"]);
    const failed = (verify.json.checks as Array<{ id: string; status: string; message: string }>).filter(
      ({ status: how }) => how === "fail",
    );
    expect([verify.code, failed]).toMatchObject([
      5,
      [{ id: "secret-present", message: expect.stringMatching(held) }],
    ]);
  });

  it("gets no mark of remove, which takes the entry out of it, and goes on with what it needed", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    hold(sandbox, { deleting: true });
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)[0]).toBe("secret updated (being-deleted)");
    expect(run.json.removed[0].heldBy).toEqual([finalizer]);
    expect(run.stderr).toMatch(held);
    expect(run.stderr).not.toContain("Deleted the secret");
    expect([livePasswords(sandbox), ownApplication(sandbox).removedAt]).toEqual([[], expect.any(Number)]);
    expect(JSON.stringify(secretOf(sandbox))).not.toMatch(/acr-pull\/entries":|password/);
    expect(told(await removed(sandbox))).toEqual([]);
  });

  it("by remove itself is not called deleted while a finalizer holds it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    hold(sandbox, { deleting: false });
    expectDepartures(sandbox, [{ namespaces: ["awesomeapps", "default"] }]);
    const plan = await remove(sandbox, ["--dry-run"]);
    expect(JSON.stringify(plan.json.warnings)).toContain(
      `will be deleted, and remains until its finalizers are done: ${finalizer}`,
    );
    const run = await removed(sandbox);
    expect(run.stderr).toMatch(held);
    expect(run.stderr).toContain("Deleted the secret sandbox/default/acr-secret");
    expect(run.stderr).not.toContain("Deleted the secret sandbox/awesomeapps/acr-secret");
    expect(secretOf(sandbox)?.metadata.deletionTimestamp).toBeDefined();
    expect(JSON.stringify(secretOf(sandbox))).not.toMatch(/acr-pull\/entries":|password/);
    expect(livePasswords(sandbox)).toEqual([]);
    const again = await setup(sandbox);
    expect([again.code, again.json.error.code], again.stderr).toEqual([3, "kubernetes.terminating"]);
    expect(again.stderr).not.toContain("--adopt");
    release(sandbox);
    expect(told(await removed(sandbox))).toEqual([]);
  });
});
