import { describe, expect, it } from "vitest";
import { marksOf, secretOf, type Run } from "../program.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { setUp } from "./already-set-up.ts";
import {
  addSecret,
  azureWrites,
  heldKeys,
  keyIds,
  markOf,
  ownApplication,
  rotate,
  signsIn,
  start,
} from "./rotation.ts";

/*
 * Somebody who may write secrets in one namespace, and nothing else, writes what acr-pull would have written there:
 * label, marks, entry. It must bring them no password, and lead to no write for them.
 */

/** The mark in awesomeapps with some of it changed, as an annotation. */
function forgedMarks(sandbox: Sandbox, change: object, host = Object.keys(marksOf(sandbox))[0]!) {
  const mark = { ...Object.values(marksOf(sandbox))[0], ...change };
  return {
    labels: { "acr-pull/managed": "true", "app.kubernetes.io/managed-by": "acr-pull" },
    annotations: { "acr-pull/entries": JSON.stringify({ [host]: mark }) },
  };
}

function forge(sandbox: Sandbox, change: object, username: string, host?: string) {
  const auths = { [host ?? Object.keys(marksOf(sandbox))[0]!]: { username, password: "made8Q~up" } };
  const metadata = { namespace: "default", name: "forged", ...forgedMarks(sandbox, change, host) };
  const forged = addSecret(sandbox, metadata, { auths });
  sandbox.invariants.watch();
  return JSON.stringify(forged);
}

/** The forged secret is as it was made. */
function expectUntouched(sandbox: Sandbox, before: string, run: Run): void {
  expect(JSON.stringify(secretOf(sandbox, "default", "forged")), run.stderr).toBe(before);
}

describe.concurrent("rotate, where a forged secret", () => {
  it("names another application of the tenant: makes no password of that one", async (test) => {
    const sandbox = await start(test, { applications: [{ displayName: "billing", owners: ["caller"] }] });
    setUp(sandbox);
    const billing = sandbox.world.applications.find(({ displayName }) => displayName === "billing")!;
    const before = forge(sandbox, { appId: billing.appId }, billing.appId);
    for (const args of [[], ["--compromised"], ["-n", "default"]]) {
      expectUntouched(sandbox, before, await rotate(sandbox, args));
      expect(billing.passwords).toEqual([]);
    }
  });

  it("names a registry that is none of the cloud's: sends it nothing, and the true ones get a new key", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    const before = forge(sandbox, {}, appId, "myregistry.azurecr.io.example");
    const run = await rotate(sandbox);
    expectUntouched(sandbox, before, run);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "registry.foreign-host"]);
    expect(run.json.rotations).toMatchObject([{ state: "pending" }]);
  });

  it("names our application and no key: gets none when the true ones get a new one", async (test) => {
    const sandbox = await start(test);
    const { appId, keyId: old } = setUp(sandbox);
    const before = forge(sandbox, { keyId: null }, appId);
    const run = await rotate(sandbox);
    expectUntouched(sandbox, before, run);
    expect(run.code, run.stderr).toBe(0);
    expect(heldKeys(sandbox)).toEqual({ plain: keyIds(sandbox)[1], https: old });
  });

  it("names our application and a key that is gone: gets none", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    const before = forge(sandbox, { keyId: "0d0d0d0d-0000-4000-8000-000000000000" }, appId);
    const run = await rotate(sandbox, ["--if-expiring-within", "60d"]);
    expectUntouched(sandbox, before, run);
    expect(azureWrites(sandbox)).toEqual([]);
  });

  it("stands beside a true one whose key is gone: nobody gets one before somebody tells them apart", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    ownApplication(sandbox).passwords[0]!.removedAt = Date.now() - 3_600_000;
    const before = forge(sandbox, {}, appId);
    const run = await rotate(sandbox);
    expectUntouched(sandbox, before, run);
    expect([run.code, run.json.error?.code], run.stderr).toEqual([2, "service-principal.unproven"]);
    expect(keyIds(sandbox)).toEqual([]);
  });

  it("says of the key in use that it is to be retired: never removes it", async (test) => {
    const sandbox = await start(test);
    const { keyId, appId } = setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    const own = secretOf(sandbox, "default")!;
    const mark = { ...markOf(sandbox), keyId: null, retire: { keyId, after: "2020-01-01T00:00:00Z" } };
    own.metadata.annotations!["acr-pull/entries"] = JSON.stringify({
      [sandbox.world.registries[0]!.loginServer]: mark,
    });
    sandbox.invariants.watch();
    await rotate(sandbox, ["--finish"]);
    expect(signsIn(sandbox, keyId)).toBe(true);
    expect(appId).toBe(markOf(sandbox).appId);
  });

  it("says of somebody else's key of the application that it is to be retired: never removes it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    const { passwords } = sandbox.world.applications.find(({ appId }) => appId === markOf(sandbox).appId)!;
    const theirs = { ...passwords[0]!, keyId: "0c0c0c0c-0000-4000-8000-000000000000", displayName: "theirs" };
    passwords.push({ ...theirs, secretText: "thr8Q~theirs", hint: "thr" });
    const own = secretOf(sandbox, "default")!;
    const mark = { ...markOf(sandbox), retire: { keyId: theirs.keyId, after: "2020-01-01T00:00:00Z" } };
    own.metadata.annotations!["acr-pull/entries"] = JSON.stringify({
      [sandbox.world.registries[0]!.loginServer]: mark,
    });
    sandbox.invariants.watch();
    await rotate(sandbox, ["--finish"]);
    expect(signsIn(sandbox, theirs.keyId)).toBe(true);
  });
});

describe.concurrent("rotate", () => {
  it("calls Graph, the registry and the cluster, and nothing of Resource Manager", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    expect((await rotate(sandbox)).code).toBe(0);
    const paths = sandbox.requests.entries
      .filter(({ service }) => service === "azure")
      .map(({ path }) => path);
    expect(paths.filter((path) => /^\/(?:subscriptions|providers|tenants)\b/.test(path))).toEqual([]);
    const services = new Set(sandbox.requests.entries.map(({ service }) => service));
    expect([...services].toSorted()).toEqual(["azure", "cluster sandbox", "registry myregistry"]);
  });

  it("succeeds for a caller without any role in Azure", async (test) => {
    const sandbox = await start(test, { caller: { roles: [] } });
    setUp(sandbox);
    expect((await rotate(sandbox)).code).toBe(0);
  });
});
