import { describe, expect, it } from "vitest";
import { entryOf, marksOf, secretOf, setup, type Run } from "../program.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import {
  addSecret,
  endGrace,
  heldKeys,
  keyIds,
  markOf,
  ownApplication,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

/** Adds passwords to our application that acr-pull did not make. */
function addForeignPasswords(sandbox: Sandbox, names: ReadonlyArray<string | null>): string[] {
  const { passwords } = ownApplication(sandbox);
  const added = names.map((displayName, index) => ({
    ...passwords[0]!,
    keyId: `0f0f0f0f-0000-4000-8000-00000000000${index}`,
    displayName,
    secretText: `${index}${index}${index}8Q~${"f".repeat(34)}`,
    hint: `${index}${index}${index}`,
  }));
  passwords.push(...added);
  sandbox.invariants.watch();
  return added.map(({ keyId }) => keyId);
}

/** Adds what others keep in a secret: a host, a label, an annotation. */
function addForeignContent(sandbox: Sandbox, secret: KubernetesObject, what: string): void {
  const data = secret["data"] as Record<string, string>;
  const config = JSON.parse(Buffer.from(data[".dockerconfigjson"]!, "base64").toString()) as {
    auths: Record<string, unknown>;
  };
  config.auths[`${what}.example`] = { username: "u", password: what, note: "kept" };
  secret["data"] = { ...data, ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") };
  secret.metadata.labels = { ...secret.metadata.labels, [what]: "label" };
  secret.metadata.annotations = { ...secret.metadata.annotations, [what]: "annotation" };
  secret.metadata.resourceVersion = String((sandbox.world.clusters[0]!.resourceVersion += 1));
}

function expectForeignContent(sandbox: Sandbox, what: string, namespace = "awesomeapps"): void {
  const { metadata, data } = secretOf(sandbox, namespace) as KubernetesObject & {
    data: Record<string, string>;
  };
  expect(metadata.labels).toMatchObject({ [what]: "label" });
  expect(metadata.annotations).toMatchObject({ [what]: "annotation" });
  const { auths } = JSON.parse(Buffer.from(data[".dockerconfigjson"]!, "base64").toString());
  expect(auths[`${what}.example`]).toEqual({ username: "u", password: what, note: "kept" });
}

describe.concurrent("rotate, from change-over to retirement,", () => {
  it("keeps every password of the application that acr-pull did not make for this cluster", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox);
    const names = [null, "rbac", "acr-pull/another-cluster/x", "acr-pull"];
    const foreign = addForeignPasswords(sandbox, names);
    const { keyId } = await rotation(sandbox);
    endGrace(sandbox);
    expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
    expect(keyIds(sandbox)).toEqual([...foreign, keyId]);
    expect(signsIn(sandbox, old)).toBe(false);
    // A secret in another cluster would lead to this key. There is none, so the key goes.
    ownApplication(sandbox).passwords.splice(3, 1);
  });

  it("keeps the hosts, labels and annotations that others put into a secret", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    addForeignContent(sandbox, secretOf(sandbox)!, "theirs");
    sandbox.invariants.watch();
    expect((await rotation(sandbox)).state).toBe("pending");
    expectForeignContent(sandbox, "theirs");
    endGrace(sandbox);
    expect((await rotation(sandbox, ["--finish"])).state).toBe("rotated");
    expectForeignContent(sandbox, "theirs");
  });
});

describe.concurrent("rotate, while somebody else writes the same secret,", () => {
  /** Lets another writer change the secret just before our write to it arrives. */
  function interfere(sandbox: Sandbox, namespace: string): () => number {
    let times = 0;
    sandbox.observe((phase, { method, path, query }) => {
      const isOurs = method === "PATCH" && path.endsWith(`/namespaces/${namespace}/secrets/acr-secret`);
      if (phase !== "arrived" || !isOurs || query.includes("dryRun") || times === 4) return;
      times += 1;
      addForeignContent(sandbox, secretOf(sandbox, namespace)!, `edit${times}`);
    });
    return () => times;
  }

  it.for(["awesomeapps", "default"])(
    "in %s: keeps each of its changes, and writes the key beside them",
    async (namespace, test) => {
      const sandbox = await start(test);
      const { keyId: old } = setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
      const times = interfere(sandbox, namespace);
      const { keyId } = await rotation(sandbox);
      expect(times()).toBeGreaterThan(1);
      for (let edit = 1; edit <= times(); edit += 1) expectForeignContent(sandbox, `edit${edit}`, namespace);
      expect(heldKeys(sandbox, namespace)).toEqual({ plain: keyId, https: old });
    },
  );

  it("at the clean-up: keeps its change, and still takes out the old entry", async (test) => {
    const sandbox = await start(test);
    const { keyId } = changedOver(sandbox, { due: true });
    interfere(sandbox, "awesomeapps");
    expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
    expectForeignContent(sandbox, "edit1");
    expect(heldKeys(sandbox)).toEqual({ plain: keyId, https: undefined });
    expect(markOf(sandbox)).not.toHaveProperty("retire");
  });
});

describe.concurrent("rotate, where one password serves two registries,", () => {
  it("retires it only when the entries of both hold another", async (test) => {
    const sandbox = await start(test, { registries: [{ name: "myregistry" }, { name: "second" }] });
    const { appId, keyId: old } = setUp(sandbox);
    const { objectId } = principalOf(sandbox, appId);
    const shared = await setup(
      sandbox,
      ["--registry", "second", "--service-principal", objectId, "--password-stdin"],
      { input: entryOf(sandbox)!.password },
    );
    expect(shared.code, shared.stderr).toBe(0);
    sandbox.invariants.maxLiveKeys = 3;

    const one = await rotate(sandbox, ["--registry", "myregistry"]);
    expect(one.code, one.stderr).toBe(0);
    endGrace(sandbox);
    const early = await rotate(sandbox, ["--finish", "--registry", "myregistry"]);
    expect([early.code, early.json.error?.code], early.stderr).toEqual([4, "rotate.still-held"]);
    expect(signsIn(sandbox, old)).toBe(true);

    const other = await rotate(sandbox, ["--registry", "second"]);
    expect(other.code, other.stderr).toBe(0);
    for (let runs = 1; runs <= 3 && signsIn(sandbox, old); runs += 1) {
      endGrace(sandbox);
      await rotate(sandbox, ["--finish"]);
    }
    expect(signsIn(sandbox, old)).toBe(false);
    const last = await rotate(sandbox, ["--finish"]);
    expect(last.code, last.stderr).toBe(0);
  });
});

/*
 * Somebody who may only write secrets in one namespace writes there what acr-pull would have written: label, marks,
 * entry. They must get no password, and acr-pull must write nothing for them.
 */

/** Our labels, and the mark in awesomeapps with some changes, as an annotation. */
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

/** The forged secret is still as it was made. */
function expectUntouched(sandbox: Sandbox, before: string, run: Run): void {
  expect(JSON.stringify(secretOf(sandbox, "default", "forged")), run.stderr).toBe(before);
}

describe.concurrent("rotate, where a forged secret", () => {
  it("names another application of the tenant: makes no password of that one", async (test) => {
    const sandbox = await start(test, { applications: [{ displayName: "billing", owners: ["caller"] }] });
    setUp(sandbox);
    const billing = sandbox.world.applications.find(({ displayName }) => displayName === "billing")!;
    const before = forge(sandbox, { appId: billing.appId }, billing.appId);
    for (const args of [[], ["--compromised"]]) {
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

  it("names a registry that is none of the cloud's: is refused although nobody is signed in", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox);
    const before = forge(sandbox, {}, appId, "myregistry.azurecr.io.example");
    const run = await rotate(sandbox, ["--secret-name", "forged"], { env: { AZURE_CLIENT_SECRET: "wrong" } });
    expectUntouched(sandbox, before, run);
    expect([run.code, run.json.error.code], run.stderr).toEqual([2, "registry.foreign-host"]);
  });

  it("stands beside a true one whose key has expired: gets none, and the true one gets a new key", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox, { ageDays: 181 });
    const before = forge(sandbox, {}, appId);
    const run = await rotate(sandbox);
    expectUntouched(sandbox, before, run);
    expect(run.json.rotations, run.stderr).toMatchObject([{ state: "rotated" }]);
    expect(heldKeys(sandbox)).toEqual({ plain: run.json.rotations[0].keyId, https: undefined });
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
});

describe.concurrent("rotate, whatever it does,", () => {
  it("calls Graph, the registry and the cluster, and nothing of Resource Manager, where the caller has no role", async (test) => {
    const sandbox = await start(test, { caller: { roles: [] } });
    setUp(sandbox);
    expect((await rotate(sandbox)).code).toBe(0);
    const paths = sandbox.requests.entries
      .filter(({ service }) => service === "azure")
      .map(({ path }) => path);
    expect(paths.filter((path) => /^\/(?:subscriptions|providers|tenants)\b/.test(path))).toEqual([]);
    const services = new Set(sandbox.requests.entries.map(({ service }) => service));
    expect([...services].toSorted()).toEqual(["azure", "cluster sandbox", "registry myregistry"]);
  });
});

function principalOf({ world }: Sandbox, appId: string): { objectId: string } {
  return { objectId: world.servicePrincipals.find((one) => one.appId === appId)!.id };
}
