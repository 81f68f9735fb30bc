import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookAtSecrets } from "../../../src/core/choices/secret-outlook.ts";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { openClusters } from "./sandboxed-clusters.ts";

const loginServer = "myregistry.azurecr.io";
const password = "canary-in-a-secret";
const mark = {
  registry: "/subscriptions/s/registries/myregistry",
  clusterId: "11111111-1111-4111-8111-111111111111",
  appId: "22222222-2222-4222-8222-222222222222",
  keyId: "33333333-3333-4333-8333-333333333333",
  expiresAt: "2027-01-01T00:00:00Z",
};

/** A pull secret of the namespace apps, with credentials for these hosts and these marks. */
function secret(name: string, hosts: readonly string[], marks?: object, metadata: object = {}) {
  const auth = Buffer.from(`user:${password}`).toString("base64");
  const config = JSON.stringify({ auths: Object.fromEntries(hosts.map((host) => [host, { auth }])) });
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: {
      name,
      namespace: "apps",
      ...(marks && {
        labels: { "acr-pull/managed": "true" },
        annotations: { "acr-pull/entries": JSON.stringify(marks) },
      }),
      ...metadata,
    },
    data: { ".dockerconfigjson": Buffer.from(config).toString("base64") },
  } as const;
}

/** Held by a finalizer while it is being deleted. */
const going = { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["test.example/hold"] };
const other = "other.azurecr.io";
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [
      {
        context: "blue",
        namespaces: ["apps", { name: "old", terminating: true }],
        objects: [
          secret("ours", [loginServer, "docker.io"], { [loginServer]: mark }),
          secret("begun", [], {
            [loginServer]: { ...mark, appId: undefined, keyId: null, expiresAt: undefined },
          }),
          secret("beside", [other], { [other]: mark }),
          secret("theirs", ["docker.io", `https://${loginServer}`]),
          secret("taken", [loginServer, other], { [other]: mark }),
          secret("argo", ["docker.io"], undefined, { labels: { "argocd.argoproj.io/instance": "x" } }),
          { ...secret("opaque", []), type: "Opaque" },
          secret("going", [loginServer], { [loginServer]: mark }, going),
        ],
        users: [{ context: "narrow", rules: [] }],
      },
    ],
  });
});
afterAll(() => sandbox.close());

const { signal } = new AbortController();
const policy = { loginServer, adopt: false, createNamespace: true };

async function outlookOf(
  name: string,
  changes: Partial<typeof policy> = {},
  context = "blue",
  namespace = "apps",
) {
  const [cluster] = await openClusters(sandbox, context);
  if (!cluster) throw new Error("no cluster");
  const target = { cluster, namespace, name };
  const [looked, ...more] = await lookAtSecrets([target], { ...policy, ...changes }, signal);
  expect(more).toEqual([]);
  expect(looked?.target).toBe(target);
  expect(inspect(looked?.outlook, { depth: null })).not.toContain(password);
  return looked?.outlook;
}

describe("what writing a secret would meet is", () => {
  it("nothing, where there is no secret, and perhaps no namespace", async () => {
    expect(await outlookOf("none")).toEqual({ kind: "absent", createNamespace: false });
    expect(await outlookOf("none", {}, "blue", "new")).toEqual({ kind: "absent", createNamespace: true });
  });

  it("our own entry, as far as a run has come with it", async () => {
    expect(await outlookOf("ours")).toEqual({ kind: "ours", expiresAt: mark.expiresAt });
    expect(await outlookOf("begun")).toEqual({ kind: "ours", expiresAt: undefined });
  });

  it("entries of other hosts in a secret of ours", async () => {
    expect(await outlookOf("beside")).toEqual({ kind: "merge", hosts: [other], replaces: false });
  });

  it.each([
    ["theirs", ["docker.io"]],
    ["taken", [other]],
  ])("a credential that only adopting replaces, in %s", async (name, hosts) => {
    const refused = { kind: "refused", adoptable: true, error: { code: "secret.not-ours" } };
    expect(await outlookOf(name)).toMatchObject(refused);
    expect(await outlookOf(name, { adopt: true })).toEqual({ kind: "merge", hosts, replaces: true });
  });

  it.each([
    ["a secret that a controller writes", "argo", "apps", "secret.reconciled"],
    ["a secret of another type", "opaque", "apps", "secret.wrong-type"],
    ["a namespace that is being deleted", "none", "old", "kubernetes.terminating"],
    ["a secret that is being deleted", "going", "apps", "kubernetes.terminating"],
  ])("a refusal that adopting does not lift, for %s", async (_what, name, namespace, code) => {
    const refused = { kind: "refused", adoptable: false, error: { code } };
    expect(await outlookOf(name, {}, "blue", namespace)).toMatchObject(refused);
    expect(await outlookOf(name, { adopt: true }, "blue", namespace)).toMatchObject(refused);
  });

  it("a refusal for a namespace that is missing and shall not be made", async () => {
    expect(await outlookOf("none", { createNamespace: false }, "blue", "new")).toMatchObject({
      kind: "refused",
      adoptable: false,
      error: { code: "kubernetes.namespace-not-found" },
    });
  });

  it("unknown, where it may not be read", async () => {
    expect(await outlookOf("ours", {}, "narrow")).toMatchObject({
      kind: "unreadable",
      error: { code: "kubernetes.forbidden" },
    });
  });
});
