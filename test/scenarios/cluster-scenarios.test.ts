import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { lacks } from "../peers/peer.ts";
import { livePasswords } from "../program.ts";
import { KubectlCluster } from "./kubectl-cluster.ts";

const where = process.env["TEST_KUBECONFIG"] === undefined ? "the sandbox's cluster" : "TEST_KUBECONFIG";

describe.skipIf(lacks("kubectl"))(`setup on ${where}, seen by kubectl (needs kubectl)`, () => {
  let sandbox: Sandbox;
  let cluster: KubectlCluster;

  beforeEach(async () => {
    sandbox = await startSandbox();
    cluster = await KubectlCluster.of(sandbox);
  });
  afterEach(async () => {
    try {
      await cluster.removeNamespaces();
    } finally {
      await sandbox.close();
    }
  });

  it("writes a pull secret with its marks, for the cluster that kube-system names", async () => {
    const namespace = await cluster.newNamespace();
    const run = await cluster.setup("-n", namespace);
    expect(run.code, run.stderr).toBe(0);
    const [password] = livePasswords(sandbox);
    const clusterId = await cluster.kubectl("get namespace kube-system -o jsonpath={.metadata.uid}");
    expect(run.json.credentials).toMatchObject([{ clusterId, keyId: password?.keyId, action: "created" }]);
    const secret = await cluster.secret(namespace);
    expect(secret).toMatchObject({
      type: "kubernetes.io/dockerconfigjson",
      metadata: { labels: { "acr-pull/managed": "true", "app.kubernetes.io/managed-by": "acr-pull" } },
    });
    expect(JSON.parse(secret.metadata.annotations["acr-pull/entries"])).toEqual({
      [run.json.registry.loginServer]: {
        registry: run.json.registry.id,
        appId: run.json.credentials[0].appId,
        keyId: password?.keyId,
        expiresAt: run.json.credentials[0].expiresAt,
        role: "acrpull",
        clusterId,
      },
    });
    expect(await cluster.auths(namespace)).toMatchObject({
      [run.json.registry.loginServer]: { password: password?.secretText },
    });
  });

  it("leaves everything as it is the second time", async () => {
    const namespace = await cluster.newNamespace();
    await cluster.kubectl(`create serviceaccount builder -n ${namespace}`);
    const look = () => cluster.json(`get secret/acr-secret serviceaccount/builder -n ${namespace}`);
    await cluster.setup("-n", namespace, "--service-account", "builder");
    const before = await look();
    const again = await cluster.setup("-n", namespace, "--service-account", "builder");
    expect(again.code, again.stderr).toBe(0);
    const { credentials, secrets, serviceAccounts } = again.json;
    for (const { action } of [...credentials, ...secrets, ...serviceAccounts]) {
      expect(action).toBe("unchanged");
    }
    expect(await look()).toEqual(before);
  });

  it("merges another registry's entry into the same secret, in place", async () => {
    const namespace = await cluster.newNamespace();
    const first = await cluster.setup("-n", namespace);
    const [before, auths] = [await cluster.secret(namespace), await cluster.auths(namespace)];
    const run = await cluster.setup("-n", namespace, "--registry", "abacregistry");
    expect(run.code, run.stderr).toBe(0);
    const after = await cluster.secret(namespace);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    const loginServers = [first, run].map(({ json }) => json.registry.loginServer as string).sort();
    expect(Object.keys(JSON.parse(after.metadata.annotations["acr-pull/entries"])).sort()).toEqual(
      loginServers,
    );
    expect(Object.keys(await cluster.auths(namespace)).sort()).toEqual(loginServers);
    expect(await cluster.auths(namespace)).toMatchObject(auths);
  });

  it("copies the entry into another namespace of the cluster, and makes no key", async () => {
    const [first, second] = [await cluster.newNamespace(), await cluster.newNamespace()];
    await cluster.setup("-n", first);
    const run = await cluster.setup("-n", second);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.credentials).toMatchObject([{ action: "copied" }]);
    expect(await cluster.auths(second)).toEqual(await cluster.auths(first));
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("refuses a secret that kubectl made, and with --adopt adds its entry and keeps theirs", async () => {
    const namespace = await cluster.newNamespace();
    await cluster.kubectl(
      `create secret docker-registry acr-secret -n ${namespace} --docker-server=other.example --docker-username=u --docker-password=p`,
    );
    await cluster.kubectl(`label secret acr-secret -n ${namespace} team=blue`);
    const before = await cluster.secret(namespace);
    const refusal = await cluster.setup("-n", namespace);
    expect(refusal.code).toBe(2);
    expect(refusal.json.error.code).toBe("secret.not-ours");
    expect(await cluster.secret(namespace)).toEqual(before);

    const run = await cluster.setup("-n", namespace, "--adopt");
    expect(run.code, run.stderr).toBe(0);
    const after = await cluster.secret(namespace);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.labels).toEqual({ team: "blue", "acr-pull/managed": "true" });
    expect(await cluster.auths(namespace)).toMatchObject({
      "other.example": { username: "u", password: "p" },
      [run.json.registry.loginServer]: { username: run.json.credentials[0].appId },
    });
  });

  it("refuses a secret of another type, also with --adopt", async () => {
    const namespace = await cluster.newNamespace();
    await cluster.kubectl(`create secret generic acr-secret -n ${namespace} --from-literal=a=b`);
    const before = await cluster.secret(namespace);
    const run = await cluster.setup("-n", namespace, "--adopt");
    expect([run.code, run.json.error.code]).toEqual([2, "secret.wrong-type"]);
    expect(await cluster.secret(namespace)).toEqual(before);
  });

  it("refuses an immutable secret, also with --adopt", async () => {
    const namespace = await cluster.newNamespace();
    const data = { ".dockerconfigjson": Buffer.from(`{"auths":{}}`).toString("base64") };
    const type = "kubernetes.io/dockerconfigjson";
    const metadata = { name: "acr-secret", namespace };
    await cluster.kubectl("create -f -", {
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      type,
      data,
      immutable: true,
    });
    const run = await cluster.setup("-n", namespace, "--adopt");
    expect([run.code, run.json.error.code]).toEqual([2, "secret.immutable"]);
  });

  it("links the secret to service accounts after what they have, once", async () => {
    const namespace = await cluster.newNamespace();
    const theirs = [{ name: "b-first" }, { name: "a-second" }];
    await cluster.kubectl("create -f -", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "builder", namespace },
      imagePullSecrets: theirs,
    });
    await cluster.kubectl(`create serviceaccount runner -n ${namespace}`);
    const links = ["--service-account", "builder", "--service-account", "runner"];
    const run = await cluster.setup("-n", namespace, ...links);
    expect(run.code, run.stderr).toBe(0);
    const linked = async (name: string) =>
      (await cluster.json(`get serviceaccount ${name} -n ${namespace}`)).imagePullSecrets;
    expect(await linked("builder")).toEqual([...theirs, { name: "acr-secret" }]);
    expect(await linked("runner")).toEqual([{ name: "acr-secret" }]);
    await cluster.setup("-n", namespace, ...links);
    expect(await linked("builder")).toHaveLength(3);
  });

  it("refuses a namespace that is not there before it writes to any, and makes it with --create-namespace", async () => {
    const [present, missing] = [await cluster.newNamespace(), cluster.newName()];
    const refusal = await cluster.setup("-n", present, "-n", missing);
    expect([refusal.code, refusal.json.error.code]).toEqual([2, "kubernetes.namespace-not-found"]);
    expect((await cluster.json(`get secrets -n ${present}`)).items).toEqual([]);

    const run = await cluster.setup("-n", present, "-n", missing, "--create-namespace");
    expect(run.code, run.stderr).toBe(0);
    expect(await cluster.auths(missing)).toEqual(await cluster.auths(present));
  });

  it("writes to the namespaces that bear the labels, and to no other", async () => {
    const label = `acr-pull-test=${cluster.newName()}`;
    const chosen = [await cluster.newNamespace(label), await cluster.newNamespace(label)].sort();
    const other = await cluster.newNamespace();
    const run = await cluster.setup("--namespace-selector", label);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.secrets.map(({ namespace }: { namespace: string }) => namespace).sort()).toEqual(chosen);
    expect(await cluster.auths(chosen[0]!)).toEqual(await cluster.auths(chosen[1]!));
    expect((await cluster.json(`get secrets -n ${other}`)).items).toEqual([]);
  });
});
