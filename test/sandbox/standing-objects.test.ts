import { describe, expect, it } from "vitest";
import { newWorld } from "../../src/sandbox/new-world.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import { readSandboxOptions, type SandboxOptions } from "../../src/sandbox/world-options.ts";
import { base64, inProcessKubernetes } from "./in-process-kubernetes.ts";

type ClusterOptions = NonNullable<SandboxOptions["clusters"]>[number];
type Manifest = NonNullable<ClusterOptions["objects"]>[number];

const account: Manifest = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "builder", namespace: "awesomeapps" },
  imagePullSecrets: [{ name: "pulls" }],
};

function pullSecret(namespace: string, config = '{"auths":{}}'): Manifest {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "pulls", namespace },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": base64(config) },
  };
}

function pod(name: string, spec: Record<string, unknown>, rest: Record<string, unknown> = {}): Manifest {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "awesomeapps" },
    spec: { containers: [{ name: "app", image: "myregistry.azurecr.io/my-awesome-app:v1" }], ...spec },
    ...rest,
  };
}

function cluster(options: Partial<ClusterOptions>) {
  const settings = readSandboxOptions({ clusters: [{ context: "sandbox", ...options }] }, "test");
  return newWorld(settings).world.clusters[0]!;
}

function named(list: readonly KubernetesObject[] | undefined, name: string): KubernetesObject {
  const found = list?.filter((object) => object.metadata.name === name) ?? [];
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** The object without what differs between any two objects. */
function withoutIdentity({ metadata, ...object }: KubernetesObject): unknown {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...rest } = metadata;
  const managedFields = metadata.managedFields?.map(({ time: _time, ...entry }) => entry);
  return { ...object, metadata: { ...rest, ...(managedFields && { managedFields }) } };
}

const manifests: Array<[string, Manifest]> = [
  ["a secret", pullSecret("awesomeapps")],
  [
    "a secret with a text as data",
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "text", namespace: "awesomeapps", labels: { team: "a" } },
      stringData: { key: "value" },
    },
  ],
  ["a service account", { ...account, metadata: { ...account.metadata, name: "other" } }],
  ["a service account with nothing but a name", { ...account, imagePullSecrets: undefined }],
  ["a pod that names no account", pod("plain", {})],
  ["a pod of an account with pull secrets", pod("built", { serviceAccountName: "linked" })],
  [
    "a pod with pull secrets of its own",
    pod("own", { serviceAccountName: "linked", imagePullSecrets: [{ name: "own" }] }),
  ],
  ["a namespace", { apiVersion: "v1", kind: "Namespace", metadata: { name: "more", labels: { a: "b" } } }],
  [
    "a config map",
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "awesomeapps" },
      data: { a: "b" },
    },
  ],
  [
    "an event",
    {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "failed.1", namespace: "awesomeapps" },
      involvedObject: { kind: "Pod", name: "plain", namespace: "awesomeapps" },
      reason: "Failed",
      type: "Warning",
    },
  ],
];

const plurals: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
  Pod: "pods",
  ConfigMap: "configmaps",
  Event: "events",
};

describe("objects that a cluster has from the start", () => {
  const linked = { ...account, metadata: { ...account.metadata, name: "linked" } };

  it.each(manifests)("are as the API server makes them: %s", async (_what, manifest) => {
    const { ask } = inProcessKubernetes({ objects: [linked] });
    const { namespace, name } = manifest.metadata;
    const plural = plurals[manifest.kind]!;
    const home = namespace === undefined ? "" : `/namespaces/${namespace}`;
    const made = await ask("POST", `/api/v1${home}/${plural}?fieldManager=kubectl-create`, manifest);
    expect(made.status).toBe(201);
    const { objects } = cluster({ objects: [linked, manifest] });
    expect(withoutIdentity(named(objects[plural], name))).toEqual(
      withoutIdentity(made.body as KubernetesObject),
    );
  });

  it("have the pull secrets that their account had when they were made", () => {
    const { objects } = cluster({
      objects: [
        pod("before", {}),
        { ...account, metadata: { name: "default", namespace: "awesomeapps" } },
        pod("after", {}),
      ],
    });
    expect(named(objects["pods"], "before")["spec"]).not.toHaveProperty("imagePullSecrets");
    expect(named(objects["pods"], "after")["spec"]).toMatchObject({
      serviceAccountName: "default",
      imagePullSecrets: [{ name: "pulls" }],
    });
  });

  it("take the place of the account that every namespace gets, whose fields stay nobody's", () => {
    const { objects } = cluster({
      objects: [{ ...account, metadata: { name: "default", namespace: "awesomeapps" } }],
    });
    const accounts = objects["serviceaccounts"]!.filter(
      ({ metadata }) => metadata.namespace === "awesomeapps",
    );
    expect(accounts).toMatchObject([{ imagePullSecrets: [{ name: "pulls" }] }]);
    expect(accounts[0]!.metadata).not.toHaveProperty("managedFields");
  });

  it("have a service account where they are namespaces", () => {
    const { objects } = cluster({
      objects: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "more" } }],
    });
    expect(objects["serviceaccounts"]).toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name: "default", namespace: "more" }) as unknown,
      }),
    );
  });

  it("keep what the parts of the cluster say of them: status, dates, an end, managers", () => {
    const history = [{ manager: "argocd", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1" }];
    const { objects } = cluster({
      objects: [
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: {
            name: "ending",
            namespace: "awesomeapps",
            uid: "11111111-1111-4111-8111-111111111111",
            creationTimestamp: "2024-01-01T00:00:00Z",
            deletionTimestamp: "2024-02-01T00:00:00Z",
            finalizers: ["example.com/held"],
            managedFields: history,
          },
        },
        pod("failing", {}, { status: { phase: "Failed", reason: "Evicted" } }),
      ],
    });
    expect(named(objects["secrets"], "ending").metadata).toMatchObject({
      uid: "11111111-1111-4111-8111-111111111111",
      creationTimestamp: "2024-01-01T00:00:00Z",
      deletionTimestamp: "2024-02-01T00:00:00Z",
      finalizers: ["example.com/held"],
      managedFields: history,
    });
    expect(named(objects["pods"], "failing")["status"]).toMatchObject({
      phase: "Failed",
      reason: "Evicted",
      qosClass: "BestEffort",
    });
  });

  it("were there before the quotas, the policies and the end of their namespaces", () => {
    const { objects } = cluster({
      namespaces: [
        "default",
        { name: "full", secretQuota: 0 },
        { name: "denied", webhookDenies: true },
        { name: "ending", terminating: true },
      ],
      objects: ["full", "denied", "ending"].map((namespace) => pullSecret(namespace)),
    });
    expect(objects["secrets"]).toHaveLength(3);
  });

  it.each<[string, Manifest[], string]>([
    [
      "are in a namespace that there is not",
      [{ ...account, metadata: { name: "builder", namespace: "nowhere" } }],
      'ServiceAccount nowhere/builder: namespaces "nowhere" not found',
    ],
    [
      "are pods of an account that there is not",
      [pod("lost", { serviceAccountName: "nobody" })],
      'Pod awesomeapps/lost: pods "lost" is forbidden: error looking up service account awesomeapps/nobody',
    ],
    [
      "are not valid",
      [pullSecret("default", "[]")],
      'Secret default/pulls: Secret "pulls" is invalid: data[.dockerconfigjson]',
    ],
    [
      "have a field that their kind does not have",
      [{ ...account, secret: "s" }],
      'ServiceAccount awesomeapps/builder: ServiceAccount in version "v1" cannot be handled as a ServiceAccount: strict decoding error: unknown field "secret"',
    ],
    ["are there twice", [account, account], 'serviceaccounts "builder" already exists'],
  ])("are refused where they %s", (_what, objects, words) => {
    expect(() => cluster({ objects })).toThrow(
      expect.objectContaining({
        name: "SandboxOptionsError",
        message: expect.stringContaining(words) as string,
      }),
    );
  });
});
