import { describe, expect, it } from "vitest";
import type { Cluster, ClusterReads, RegistryLooks } from "../../src/core/ports.ts";
import type { VerifyInput, VerifyPorts } from "../../src/verify/contract.ts";
import { verify } from "../../src/verify/verify.ts";
import { ActionableError } from "../../src/domain/errors.ts";
import { readPullSecret, type PullSecret } from "../../src/domain/pull-secret.ts";

const { signal } = new AbortController();
const username = "11111111-1111-4111-8111-111111111111";

const input: VerifyInput = {
  registry: undefined,
  namespaces: ["apps"],
  namespaceSelector: undefined,
  allNamespaces: false,
  secretName: undefined,
  image: undefined,
  pod: undefined,
  azurePatienceMs: 1_000,
  suggest: Object.assign((command: string) => `acr-pull ${command}`, { kubectl: () => "kubectl" }),
};

function secretOf(...hosts: readonly string[]): PullSecret {
  const auths = Object.fromEntries(
    hosts.map((host) => [host, { username, password: `password of ${host}` }]),
  );
  return readPullSecret({
    namespace: "apps",
    name: "acr-secret",
    uid: "u",
    resourceVersion: "1",
    type: "kubernetes.io/dockerconfigjson",
    immutable: false,
    labels: {},
    annotations: {},
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
    ownerReferences: [],
    managers: [],
    finalizers: [],
    deleting: false,
  });
}

const notSignedIn = () =>
  Promise.reject(new ActionableError("Could not sign in.", { code: "azure.not-signed-in" }));

/** A cluster with one secret. Azure recognizes its own registries by name, and lets nobody sign in. */
function portsWith(secret: PullSecret, registry: Partial<RegistryLooks> = {}) {
  const asked: Array<readonly [host: string, password: string]> = [];
  let signIns = 0;
  const refuse = () => {
    signIns += 1;
    return notSignedIn();
  };
  const ports: VerifyPorts = {
    azure: () =>
      Promise.resolve({
        registries: { readAccess: refuse, listAccess: refuse },
        roles: { listHeldAssignments: refuse, listVisibleAssignments: refuse, findRole: refuse },
        managedClusters: { listManagedClusters: refuse },
        directory: {
          findServicePrincipal: refuse,
          findApplicationByAppId: refuse,
          findApplications: refuse,
          passwordPolicy: refuse,
          serverTime: () => undefined,
        },
        signIn: { signIn: notSignedIn },
        ownsLoginServer: (host) => /^[a-z0-9-]+\.azurecr\.io$/.test(host),
      }),
    registry: {
      tryPull: (host, credential) => {
        asked.push([host, credential.password.reveal()]);
        return Promise.resolve({ kind: "allowed" });
      },
      findPlatforms: () => Promise.resolve(undefined),
      ...registry,
    },
    clusters: [
      {
        defaultNamespace: "apps",
        cluster: reading({
          context: "blue",
          apiHost: "blue.example",
          serverTime: () => new Date(),
          findNamespace: () => Promise.resolve(undefined),
          listNamespaces: () => Promise.resolve([]),
          findSecret: (_namespace, name) => Promise.resolve(name === secret.name ? secret : undefined),
          listPullSecrets: () => Promise.resolve([secret]),
          listPullSecretsIn: () => Promise.resolve([secret]),
          listAccountLinks: () => Promise.resolve([]),
          listAllAccountLinks: () => Promise.resolve([]),
          listPods: () => Promise.resolve([]),
          findPod: () => Promise.resolve(undefined),
          listPodEvents: () => Promise.resolve([]),
          listNodes: () => Promise.resolve([]),
        }),
      },
    ],
    clock: { now: () => new Date() },
  };
  return { ports, asked, signIns: () => signIns };
}

/** A cluster that is asked nothing else. */
function reading(reads: ClusterReads): Cluster {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return reads as Cluster;
}

async function run(ports: VerifyPorts, more: Partial<VerifyInput> = {}) {
  const { result, exitCode } = await verify({ ...input, ...more }, ports, { report: () => {} }, signal);
  return { ...result, exitCode };
}

describe("verify", () => {
  it("sends a password to the registries of the cloud and to no other host", async () => {
    const secret = secretOf(
      "contoso.azurecr.io",
      "contoso.azurecr.us",
      "contoso.azurecr.io.evil.example",
      "evilazurecr.io",
      "*.azurecr.io",
      "ghcr.io",
      "https://index.docker.io/v1/",
    );
    const { ports, asked } = portsWith(secret);
    await run(ports);
    expect(asked).toEqual([["contoso.azurecr.io", "password of contoso.azurecr.io"]]);
  });

  it("warns that a registry of another cloud was not asked, and how it is", async () => {
    const { ports, asked } = portsWith(secretOf("contoso.azurecr.us"));
    const { targets, exitCode } = await run(ports);
    expect([exitCode, asked]).toEqual([0, []]);
    const warnings = targets.flatMap(({ checks }) => checks.filter(({ status }) => status === "warn"));
    expect(warnings).toMatchObject([
      { id: "registry-reachable", fix: expect.stringContaining("--cloud AzureUSGovernment") },
    ]);
  });

  it("sends a regional endpoint its registry's password", async () => {
    const host = "contoso.westeurope.geo.azurecr.io";
    const { ports, asked } = portsWith(secretOf(host));
    const { exitCode } = await run(ports);
    expect([exitCode, asked]).toEqual([0, [[host, `password of ${host}`]]]);
  });

  it("asks Azure nothing more once it was not let in", async () => {
    const { ports, signIns } = portsWith(secretOf("contoso.azurecr.io"));
    const { exitCode } = await run(ports, { registry: { kind: "name", name: "contoso" } });
    expect([exitCode, signIns()]).toEqual([0, 1]);
  });

  it("goes on without an Azure that cannot be opened at all", async () => {
    const { ports, asked } = portsWith(secretOf("contoso.azurecr.io"));
    const unreachable = new ActionableError("No network.", { code: "azure.unreachable" });
    const { targets } = await run({ ...ports, azure: () => Promise.reject(unreachable) });
    const checks = targets.flatMap((one) => one.checks);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    // Nobody could say whether the host belongs to the cloud, so nothing was sent to it.
    expect(asked).toEqual([]);
    expect(checks.find(({ id }) => id === "pull-scope")?.status).toBe("skip");
    expect(checks.filter(({ status }) => status === "warn").map(({ id }) => id)).toEqual([
      "registry-reachable",
    ]);
  });

  it("throws what is a bug", async () => {
    const bug = new TypeError("a bug");
    const { ports } = portsWith(secretOf("contoso.azurecr.io"), { tryPull: () => Promise.reject(bug) });
    await expect(run(ports)).rejects.toBe(bug);
  });
});
