import { afterEach, describe, expect, test } from "vitest";
import type { WritableCluster } from "../../src/core/ports.ts";
import { createCluster } from "../../src/kubernetes/cluster-client.ts";
import { loadKubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(options: SandboxOptions = {}): Promise<{ sandbox: Sandbox; cluster: WritableCluster }> {
  sandbox = await startSandbox(options);
  const kubeconfig = await loadKubeconfig(
    { file: sandbox.kubeconfigPath, env: {} },
    new AbortController().signal,
  );
  return { sandbox, cluster: createCluster(kubeconfig, "sandbox") };
}

const signal = new AbortController().signal;
const type = "kubernetes.io/dockerconfigjson";
const empty = { ".dockerconfigjson": Buffer.from(`{"auths":{}}`).toString("base64") };
const full = { ".dockerconfigjson": Buffer.from(`{"auths":{"r.test":{"auth":"dTpw"}}}`).toString("base64") };
const fresh = { namespace: "awesomeapps", name: "acr-secret", type, data: empty, labels: { a: "1" } };

describe("the cluster client against an API server", () => {
  test("creates, reads, changes in place and lists a secret", async () => {
    const { cluster } = await start();
    const created = await cluster.createSecret(fresh, signal);
    expect(created).toMatchObject({ type, labels: { a: "1" }, data: empty, managers: ["acr-pull"] });
    const changed = await cluster.patchSecret(created, { labels: { a: null, b: "2" }, data: full }, signal);
    expect(changed).toMatchObject({ uid: created.uid, labels: { b: "2" }, data: full });
    expect(changed.resourceVersion).not.toBe(created.resourceVersion);
    expect(await cluster.findSecret("awesomeapps", "acr-secret", signal)).toEqual(changed);
    expect(await cluster.listSecrets("b=2", signal)).toEqual([changed]);
  });

  test("keeps nothing of a dry run", async () => {
    const { cluster } = await start();
    await cluster.rehearsal.createSecret(fresh, signal);
    expect(await cluster.findSecret("awesomeapps", "acr-secret", signal)).toBeUndefined();
  });

  test("refuses to overwrite what somebody else changed meanwhile", async () => {
    const { cluster } = await start();
    const created = await cluster.createSecret(fresh, signal);
    await cluster.patchSecret(created, { labels: { b: "2" } }, signal);
    await expect(cluster.patchSecret(created, { data: full }, signal)).rejects.toMatchObject({
      code: "kubernetes.conflict",
    });
  });

  test.each([
    ["its answer is lost", [{ match: "(POST|PATCH) .*/secrets", after: "commit", action: "drop", times: 1 }]],
    [
      "the server fails after the write",
      [{ match: "(POST|PATCH) .*/secrets", after: "commit", status: 500 }],
    ],
    ["it is reset before the write", [{ match: "(POST|PATCH) .*/secrets", action: "reset" }]],
    ["it is throttled", [{ match: "(POST|PATCH) .*/secrets", status: 429, retryAfter: 0 }]],
  ] as const)("writes once when %s", async (_what, faults) => {
    const { cluster, sandbox } = await start({ faults: [...faults] });
    const created = await cluster.createSecret(fresh, signal);
    expect(created).toMatchObject({ data: empty });
    sandbox.setFaults([...faults]);
    expect(await cluster.patchSecret(created, { data: full }, signal)).toMatchObject({ data: full });
  });

  test("deletes the secret that was read, and is content when it is gone already", async () => {
    const { cluster } = await start();
    const created = await cluster.createSecret(fresh, signal);
    await cluster.rehearsal.deleteSecret(created, signal);
    expect(await cluster.findSecret("awesomeapps", "acr-secret", signal)).toEqual(created);
    await cluster.deleteSecret(created, signal);
    expect(await cluster.findSecret("awesomeapps", "acr-secret", signal)).toBeUndefined();
    await cluster.deleteSecret(created, signal);
  });

  test("refuses to delete what somebody changed, or made anew under the same name", async () => {
    const { cluster } = await start();
    const created = await cluster.createSecret(fresh, signal);
    const changed = await cluster.patchSecret(created, { labels: { b: "2" } }, signal);
    const refused = { code: "kubernetes.conflict" };
    await expect(cluster.deleteSecret(created, signal)).rejects.toMatchObject(refused);
    await cluster.deleteSecret(changed, signal);
    const { uid } = await cluster.createSecret(fresh, signal);
    expect(uid).not.toBe(changed.uid);
    await expect(cluster.deleteSecret(changed, signal)).rejects.toMatchObject(refused);
  });

  test.each([
    ["its answer is lost", [{ match: "DELETE .*/secrets", after: "commit", action: "drop", times: 1 }]],
    ["it is reset before it is done", [{ match: "DELETE .*/secrets", action: "reset" }]],
  ] as const)("deletes once when %s", async (_what, faults) => {
    const { cluster } = await start({ faults: [...faults] });
    await cluster.deleteSecret(await cluster.createSecret(fresh, signal), signal);
    expect(await cluster.findSecret("awesomeapps", "acr-secret", signal)).toBeUndefined();
  });

  test("tells of each pod what it pulls with, what it pulls, and whether it is over", async () => {
    const pod = (name: string, more: Record<string, unknown> = {}) => ({
      apiVersion: "v1" as const,
      kind: "Pod" as const,
      metadata: { name, namespace: "awesomeapps" },
      spec: {
        containers: [{ name: "main", image: "r.test/app:v1" }],
        initContainers: [{ name: "first", image: "nginx" }],
        imagePullSecrets: [{ name: "acr-secret" }],
      },
      ...more,
    });
    const objects = [pod("running"), pod("over", { status: { phase: "Failed" } })];
    const { cluster } = await start({ pageSize: 1, clusters: [{ context: "sandbox", objects }] });
    const known = {
      namespace: "awesomeapps",
      imagePullSecrets: ["acr-secret"],
      containers: [{ image: "nginx" }, { image: "r.test/app:v1" }],
    };
    expect(await cluster.listPods("awesomeapps", signal)).toMatchObject([
      { ...known, name: "over", over: true },
      { ...known, name: "running", over: false },
    ]);
    expect(await cluster.listPods("nowhere", signal)).toEqual([]);
  });

  test("tells who wrote a service account's list last, where the API server has it on record", async () => {
    const account = (name: string, managedFields?: readonly Record<string, unknown>[]) => ({
      apiVersion: "v1" as const,
      kind: "ServiceAccount" as const,
      metadata: { name, namespace: "awesomeapps", ...(managedFields && { managedFields }) },
      imagePullSecrets: [{ name: "theirs" }],
    });
    const byKubectl = {
      manager: "kubectl-edit",
      operation: "Update",
      apiVersion: "v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:imagePullSecrets": {} },
    };
    const objects = [account("known", [byKubectl]), account("unknown", [])];
    const { cluster } = await start({ clusters: [{ context: "sandbox", objects }] });
    const managersOf = async () => {
      const accounts = await cluster.listAccountLinks("awesomeapps", signal);
      return Object.fromEntries(accounts.map(({ name, listManagers }) => [name, listManagers]));
    };
    expect(await managersOf()).toMatchObject({ known: ["kubectl-edit"], unknown: [] });
    const known = await cluster.findServiceAccount("awesomeapps", "known", signal);
    if (known) await cluster.patchServiceAccount(known, ["theirs", "acr-secret"], signal);
    expect(await managersOf()).toMatchObject({ known: ["acr-pull"] });
  });

  test("reads long lists page by page", async () => {
    const namespaces = Array.from({ length: 7 }, (_, index) => `team-${index}`);
    const { cluster } = await start({
      pageSize: 2,
      clusters: [
        { context: "sandbox", namespaces: namespaces.map((name) => ({ name, labels: { team: "x" } })) },
      ],
    });
    const found = await cluster.listNamespaces("team=x", signal);
    expect(found.map(({ name }) => name)).toEqual(namespaces);
  });

  test("lists the pull secrets of all namespaces, whoever wrote them and whatever their labels, and no others", async () => {
    const named = (name: string, namespace: string, more: Record<string, unknown>) =>
      ({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, ...more }) as const;
    const byHand = (name: string, namespace: string) => named(name, namespace, { type, data: full });
    const { cluster } = await start({
      pageSize: 2,
      clusters: [
        {
          context: "sandbox",
          objects: [
            byHand("by-hand", "awesomeapps"),
            byHand("by-hand", "default"),
            byHand("of-the-cluster", "kube-system"),
            named("opaque", "default", { type: "Opaque", data: full }),
            named("without-type", "default", { data: full }),
            named("old-form", "default", {
              type: "kubernetes.io/dockercfg",
              data: { ".dockercfg": Buffer.from("{}").toString("base64") },
            }),
            named("tls", "default", {
              type: "kubernetes.io/ssh-auth",
              data: { "ssh-privatekey": Buffer.from("key").toString("base64") },
            }),
          ],
        },
      ],
    });
    const ours = await cluster.createSecret(fresh, signal);
    const found = await cluster.listPullSecrets(signal);
    expect(found?.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      "awesomeapps/acr-secret",
      "awesomeapps/by-hand",
      "default/by-hand",
      "kube-system/of-the-cluster",
      "default/old-form",
    ]);
    expect(found?.[0]).toEqual(ours);
    expect(found?.[1]).toMatchObject({ type, data: full, labels: {} });
  });

  test("asks for no other secret than a pull secret, page after page", async () => {
    const namespaces = Array.from({ length: 5 }, (_, index) => `team-${index}`);
    const { cluster, sandbox } = await start({
      pageSize: 2,
      clusters: [{ context: "sandbox", namespaces: namespaces.map((name) => ({ name })) }],
    });
    for (const namespace of namespaces) await cluster.createSecret({ ...fresh, namespace }, signal);
    const before = sandbox.requests.entries.length;
    expect(await cluster.listPullSecrets(signal)).toHaveLength(5);
    const asked = sandbox.requests.entries.slice(before);
    expect(asked.map(({ path }) => path)).toEqual(Array.from({ length: 4 }, () => "/api/v1/secrets"));
    const selectors = asked.map(({ query }) => new URLSearchParams(query).get("fieldSelector"));
    expect(selectors.toSorted()).toEqual([
      "type=kubernetes.io/dockercfg",
      ...Array.from({ length: 3 }, () => "type=kubernetes.io/dockerconfigjson"),
    ]);
  });

  test.each([
    [
      "may be read in some namespace only",
      [{ verbs: ["list"], resources: ["secrets"], namespaces: ["awesomeapps"] }],
    ],
    ["may be read one by one only", [{ verbs: ["get"], resources: ["secrets"] }]],
  ])("gives no list, not an empty one, of pull secrets that %s", async (_what, rules) => {
    const { cluster } = await start({ clusters: [{ context: "sandbox", rules }] });
    expect(await cluster.listPullSecrets(signal)).toBeUndefined();
  });

  test("gives the pull secrets to whoever may list secrets cluster-wide, an empty list where there are none", async () => {
    const rules = [{ verbs: ["list"], resources: ["secrets"] }];
    const { cluster } = await start({ clusters: [{ context: "sandbox", rules }] });
    expect(await cluster.listPullSecrets(signal)).toEqual([]);
  });

  test("tells apart why a namespace takes no secret", async () => {
    const { cluster } = await start({
      clusters: [
        {
          context: "sandbox",
          namespaces: [
            { name: "ending", terminating: true },
            { name: "denied", webhookDenies: true },
            { name: "full", secretQuota: 0 },
          ],
        },
      ],
    });
    const into = (namespace: string) => cluster.rehearsal.createSecret({ ...fresh, namespace }, signal);
    expect((await cluster.findNamespace("ending", signal))?.terminating).toBe(true);
    await expect(into("ending")).rejects.toMatchObject({ code: "kubernetes.terminating" });
    await expect(into("missing")).rejects.toMatchObject({
      code: "kubernetes.namespace-not-found",
      exitCode: 2,
    });
    await expect(into("denied")).rejects.toMatchObject({ status: expect.toBeOneOf([400, 403]) });
    await expect(into("full")).rejects.toMatchObject({
      code: "kubernetes.forbidden",
      message: expect.stringContaining("exceeded quota"),
    });
  });

  test("names the right that is missing, and gives nothing for what may not be looked at", async () => {
    const rules = [{ verbs: ["get"], resources: ["secrets"], namespaces: ["awesomeapps"] }];
    const { cluster } = await start({ clusters: [{ context: "sandbox", rules }] });
    await expect(cluster.createSecret(fresh, signal)).rejects.toMatchObject({
      code: "kubernetes.forbidden",
      exitCode: 3,
      hint: expect.stringContaining("--namespace awesomeapps --verb=get,create,patch --resource=secrets"),
    });
    await expect(cluster.listAccountLinks("awesomeapps", signal)).rejects.toMatchObject({
      code: "kubernetes.forbidden",
      hint: expect.stringContaining("--namespace awesomeapps --verb=list --resource=serviceaccounts"),
    });
    expect(await cluster.kubeSystemUid(signal)).toBeUndefined();
    expect(await cluster.listSecrets("a=1", signal)).toBeUndefined();
  });

  test("says that a right on named secrets is none to create them", async () => {
    const rules = [
      { verbs: ["get", "create", "patch"], resources: ["secrets"], resourceNames: [fresh.name] },
      { verbs: ["create"], resources: ["secrets"], namespaces: ["default"] },
    ];
    const { cluster } = await start({ clusters: [{ context: "sandbox", rules }] });
    await expect(cluster.createSecret(fresh, signal)).rejects.toMatchObject({
      code: "kubernetes.forbidden",
      hint: expect.stringMatching(
        /^If the verb create on secrets is missing; a rule with resourceNames cannot grant it, .*kubectl/,
      ),
    });
  });

  test("makes a namespace once, and finds its service account's pull secrets", async () => {
    const { cluster } = await start();
    await cluster.createNamespace("fresh", signal);
    await cluster.createNamespace("fresh", signal);
    expect(await cluster.findNamespace("fresh", signal)).toMatchObject({ name: "fresh", terminating: false });
    const account = await cluster.findServiceAccount("awesomeapps", "default", signal);
    if (!account) throw new Error("no default service account");
    await cluster.patchServiceAccount(account, ["one", "two"], signal);
    expect(await cluster.findServiceAccount("awesomeapps", "default", signal)).toMatchObject({
      imagePullSecrets: ["one", "two"],
    });
    await expect(cluster.patchServiceAccount(account, [], signal)).rejects.toMatchObject({
      code: "kubernetes.conflict",
    });
  });

  test("lists all namespaces, and the service accounts of one, page by page", async () => {
    const account = (name: string) =>
      ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "awesomeapps" } }) as const;
    const { cluster } = await start({
      pageSize: 2,
      clusters: [{ context: "sandbox", objects: ["builder", "runner"].map(account) }],
    });
    const namespaces = await cluster.listNamespaces("", signal);
    expect(namespaces.map(({ name }) => name)).toEqual([
      "awesomeapps",
      "default",
      "kube-public",
      "kube-system",
    ]);
    const accounts = await cluster.listAccountLinks("awesomeapps", signal);
    expect(accounts.map(({ name }) => name)).toEqual(["builder", "default", "runner"]);
    expect(await cluster.listAccountLinks("nowhere", signal)).toEqual([]);
  });

  test("refuses an invalid secret with the server's own reason, and none of its contents", async () => {
    const { cluster } = await start();
    const broken = { ".dockerconfigjson": Buffer.from("s3cr3t").toString("base64") };
    const creating = cluster.createSecret({ ...fresh, data: broken }, signal);
    await expect(creating).rejects.toMatchObject({ code: "kubernetes.invalid", status: 422 });
    await expect(creating).rejects.not.toMatchObject({ message: expect.stringContaining("s3cr3t") });
  });

  test("says that it is not signed in", async () => {
    const { cluster, sandbox } = await start();
    for (const user of sandbox.world.clusters[0]?.users ?? []) Object.assign(user, { token: "another" });
    await expect(cluster.findNamespace("default", signal)).rejects.toMatchObject({
      code: "kubernetes.unauthorized",
      exitCode: 3,
    });
  });

  test("does not talk to a server whose certificate another authority signed", async () => {
    const { cluster, sandbox: first } = await start();
    const second = await startSandbox();
    try {
      const kubeconfig = await loadKubeconfig(
        { file: first.kubeconfigPath, env: {} },
        new AbortController().signal,
      );
      const { cluster: own } = kubeconfig.connection("sandbox");
      Object.assign(own, { server: second.world.clusters[0]?.server });
      await expect(
        createCluster(kubeconfig, "sandbox").findNamespace("default", signal),
      ).rejects.toMatchObject({ code: "kubernetes.untrusted-certificate" });
      expect(second.requests.entries).toEqual([]);
      expect(cluster.context).toBe("sandbox");
    } finally {
      await second.close();
    }
  });
});
