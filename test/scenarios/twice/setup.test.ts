import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { liveAssignments, livePasswords, type Run } from "../../program.ts";
import { ownApplication } from "../rotation.ts";
import { onEachCluster } from "./on-each-cluster.ts";
import type { Scenario } from "./scenario.ts";

/** An application with a known password, for a caller that is not to make one. */
const shared = {
  applications: [
    {
      displayName: "shared",
      passwords: [{ displayName: "by hand", secretText: "Kn0wn~password-of-somebody-123456" }],
      owners: ["caller"],
      roles: [{ role: "AcrPull", scope: "myregistry" }],
    },
  ],
};
const known = { input: "Kn0wn~password-of-somebody-123456\n" };

function expectDone(run: Run): Run {
  expect(run.code, run.stderr + run.stdout).toBe(0);
  return run;
}

/** How a refused run ended. */
const ending = (run: Run) => [run.code, run.json.error?.code];

/** The secrets and service accounts of a namespace, with all their fields. */
async function looksOf(scenario: Scenario, namespace: string) {
  const [secrets, accounts] = await Promise.all(
    ["secrets", "serviceaccounts"].map((plural) =>
      scenario.cluster.api("GET", `/api/v1/namespaces/${namespace}/${plural}`),
    ),
  );
  return [secrets?.body.items, accounts?.body.items];
}

onEachCluster((open) => {
  it("setup writes a pull secret with its marks, for the cluster that kube-system names", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const run = expectDone(await scenario.setup(["-n", namespace]));
    const [password] = livePasswords(scenario.sandbox);
    const clusterId = (await scenario.find("Namespace", undefined, "kube-system")).metadata.uid;
    expect(run.json.credentials).toMatchObject([{ clusterId, keyId: password?.keyId, action: "created" }]);
    expect(await scenario.secret(namespace)).toMatchObject({
      type: "kubernetes.io/dockerconfigjson",
      metadata: { labels: { "acr-pull/managed": "true", "app.kubernetes.io/managed-by": "acr-pull" } },
    });
    expect(await scenario.marks(namespace)).toEqual({
      [scenario.loginServer()]: {
        registry: run.json.registry.id,
        appId: run.json.credentials[0].appId,
        keyId: password?.keyId,
        expiresAt: run.json.credentials[0].expiresAt,
        role: "acrpull",
        clusterId,
      },
    });
    expect(await scenario.auths(namespace)).toMatchObject({
      [scenario.loginServer()]: { password: password?.secretText },
    });
  });

  it("setup leaves everything as it is the second time", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const args = ["-n", namespace, "--service-account", "default"];
    expectDone(await scenario.setup(args));
    const before = await looksOf(scenario, namespace);
    const { run, changes } = await scenario.watched(["setup", "--registry", "myregistry", "--yes", ...args]);
    const { credentials, secrets, serviceAccounts } = expectDone(run).json;
    for (const { action } of [...credentials, ...secrets, ...serviceAccounts]) {
      expect(action).toBe("unchanged");
    }
    expect(changes).toEqual([]);
    expect(await looksOf(scenario, namespace)).toEqual(before);
  });

  it("setup merges another registry's entry into the same secret, in place", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    expectDone(await scenario.setup(["-n", namespace]));
    const [before, auths] = [await scenario.secret(namespace), await scenario.auths(namespace)];
    expectDone(await scenario.setup(["-n", namespace, "--registry", "abacregistry"]));
    const after = await scenario.secret(namespace);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    const hosts = [scenario.loginServer(), scenario.loginServer("abacregistry")].sort();
    expect(Object.keys(await scenario.marks(namespace)).sort()).toEqual(hosts);
    expect(Object.keys(await scenario.auths(namespace)).sort()).toEqual(hosts);
    expect(await scenario.auths(namespace)).toMatchObject(auths);
  });

  it("setup copies the entry into another namespace of the cluster, and makes no key", async (test) => {
    const scenario = await open(test);
    const [first, second] = [await scenario.namespace(), await scenario.namespace()];
    const { keyId } = await scenario.setUp([first]);
    const run = expectDone(await scenario.setup(["-n", second]));
    expect(run.json.credentials).toMatchObject([{ action: "copied", keyId }]);
    expect(await scenario.auths(second)).toEqual(await scenario.auths(first));
    expect(livePasswords(scenario.sandbox)).toHaveLength(1);
  });

  it("setup makes a new key for a dead one, in the secret that holds it", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const { keyId } = await scenario.setUp([namespace], { ageDays: 400 });
    const { uid } = (await scenario.secret(namespace)).metadata;
    const run = expectDone(await scenario.setup(["-n", namespace]));
    expect(run.json.credentials).toMatchObject([{ action: "created" }]);
    expect((await scenario.secret(namespace)).metadata.uid).toBe(uid);
    expect((await scenario.keys(namespace)).plain).not.toBe(keyId);
    expect(
      ownApplication(scenario.sandbox).passwords.find((one) => one.keyId === keyId)?.removedAt,
    ).toBeDefined();
  });

  it("setup refuses a secret that somebody made, and with --adopt adds its entry and keeps theirs", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const before = await scenario.addSecret({ name: "acr-secret", namespace, labels: { team: "blue" } });
    expect(ending(await scenario.setup(["-n", namespace]))).toEqual([2, "secret.not-ours"]);
    expect(await scenario.secret(namespace)).toEqual(before);

    const run = expectDone(await scenario.setup(["-n", namespace, "--adopt"]));
    const after = await scenario.secret(namespace);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.labels).toEqual({ team: "blue", "acr-pull/managed": "true" });
    expect(await scenario.auths(namespace)).toMatchObject({
      "other.example": { username: "u", password: "p" },
      [scenario.loginServer()]: { username: run.json.credentials[0].appId },
    });
  });

  it.for<[what: string, object, code: string]>([
    ["of another type", { type: "Opaque", data: { a: "Yg==" } }, "secret.wrong-type"],
    [
      "of the older type",
      { type: "kubernetes.io/dockercfg", data: { ".dockercfg": "e30=" } },
      "secret.wrong-type",
    ],
    ["that is immutable", { immutable: true }, "secret.immutable"],
    [
      "whose hosts are text",
      { data: { ".dockerconfigjson": Buffer.from(`{"auths":"none"}`).toString("base64") } },
      "secret.malformed",
    ],
  ])("setup refuses a secret %s, also with --adopt", async ([, rest, code], test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const before = await scenario.addSecret({ name: "acr-secret", namespace }, {}, rest);
    expect(ending(await scenario.setup(["-n", namespace, "--adopt"]))).toEqual([2, code]);
    expect(await scenario.secret(namespace)).toEqual(before);
  });

  it("setup refuses a secret that a reconciler marks or writes, also with --adopt", async (test) => {
    const scenario = await open(test);
    const [marked, written] = [await scenario.namespace(), await scenario.namespace()];
    const annotations = { "argocd.argoproj.io/tracking-id": "apps:/Secret:x/acr-secret" };
    await scenario.addSecret({ name: "acr-secret", namespace: marked, annotations });
    await scenario.addSecret({ name: "acr-secret", namespace: written });
    await scenario.cluster.api(
      "PATCH",
      `/api/v1/namespaces/${written}/secrets/acr-secret?fieldManager=kustomize-controller`,
      { metadata: { labels: { app: "x" } } },
    );
    for (const namespace of [marked, written]) {
      expect(ending(await scenario.setup(["-n", namespace, "--adopt"]))).toEqual([2, "secret.reconciled"]);
    }
  });

  it("setup links the secret to service accounts after what they have, once", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const theirs = [{ name: "b-first" }, { name: "a-second" }];
    await scenario.add("ServiceAccount", { name: "builder", namespace }, { imagePullSecrets: theirs });
    const args = ["-n", namespace, "--service-account", "builder", "--service-account", "default"];
    expectDone(await scenario.setup(args));
    expect(await scenario.links(namespace, "builder")).toEqual(["b-first", "a-second", "acr-secret"]);
    expect(await scenario.links(namespace, "default")).toEqual(["acr-secret"]);
    expectDone(await scenario.setup(args));
    expect(await scenario.links(namespace, "builder")).toHaveLength(3);
  });

  it("setup refuses a service account that is not there", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const run = await scenario.setup(["-n", namespace, "--service-account", "nobody"]);
    expect(ending(run)).toEqual([2, "service-account.not-found"]);
    expect(await scenario.secret(namespace)).toBeUndefined();
  });

  it("setup refuses a namespace that is not there before it writes to any, and makes it with --create-namespace", async (test) => {
    const scenario = await open(test);
    const [present, missing] = [await scenario.namespace(), scenario.newName()];
    const args = ["-n", present, "-n", missing];
    expect(ending(await scenario.setup(args))).toEqual([2, "kubernetes.namespace-not-found"]);
    expect(await scenario.secret(present)).toBeUndefined();

    expectDone(await scenario.setup([...args, "--create-namespace", "--service-account", "default"]));
    expect(await scenario.auths(missing)).toEqual(await scenario.auths(present));
    expect(await scenario.links(missing, "default")).toEqual(["acr-secret"]);
  });

  it("setup writes to the namespaces that bear the labels, and to no other", async (test) => {
    const scenario = await open(test);
    const labels = { "acr-pull-test": scenario.newName() };
    const chosen = [await scenario.namespace(labels), await scenario.namespace(labels)].sort();
    const other = await scenario.namespace();
    const selector = `acr-pull-test=${labels["acr-pull-test"]}`;
    const run = expectDone(await scenario.setup(["--namespace-selector", selector]));
    expect(run.json.secrets.map(({ namespace }: { namespace: string }) => namespace).sort()).toEqual(chosen);
    expect(await scenario.auths(chosen[0]!)).toEqual(await scenario.auths(chosen[1]!));
    expect(await scenario.secret(other)).toBeUndefined();
    const none = await scenario.setup(["--namespace-selector", `${selector},missing`]);
    expect(ending(none)).toEqual([2, "namespace.none-selected"]);
  });

  it("setup --secret-name, --name, --owner and --expires-in say what is made", async (test) => {
    const graphPermissions = ["Application.ReadWrite.All", "Directory.Read.All"];
    const scenario = await open(test, { caller: { graphPermissions } });
    const namespace = await scenario.namespace();
    const [ada] = scenario.sandbox.world.users;
    const args = ["--secret-name", "regcred", "--name", "ours", "--owner", ada!.id, "--expires-in", "20d"];
    const run = expectDone(await scenario.setup(["-n", namespace, ...args]));
    expect(Object.keys(await scenario.auths(namespace, "regcred"))).toEqual([scenario.loginServer()]);
    const application = ownApplication(scenario.sandbox);
    expect([application.displayName, application.owners]).toMatchObject([
      "ours",
      expect.arrayContaining([ada!.id]),
    ]);
    const days = (Date.parse(run.json.credentials[0].expiresAt) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(20);
  });

  it("setup --role and --repository say what may be pulled, and a second run without them keeps it", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const abac = ["-n", namespace, "--registry", "abacregistry"];
    expectDone(await scenario.setup([...abac, "--role", "acrpush", "--repository", "my-awesome-app"]));
    const before = liveAssignments(scenario.sandbox).map(({ id, condition }) => ({ id, condition }));
    expect(before).toMatchObject([{ condition: expect.stringContaining("my-awesome-app") }]);
    const other = await scenario.namespace();
    expectDone(await scenario.setup(["-n", other, "--registry", "abacregistry"]));
    expect(liveAssignments(scenario.sandbox).map(({ id, condition }) => ({ id, condition }))).toEqual(before);
    expect((await scenario.marks(other))[scenario.loginServer("abacregistry")]?.role).toBe("acrpush");
    expect(ending(await scenario.setup(["-n", other, "--repository", "my-awesome-app"]))[0]).toBe(2);
  });

  it("setup --service-principal makes a key of one that is there, and leaves a secret of another alone", async (test) => {
    const scenario = await open(test, shared);
    const [first, second] = [await scenario.namespace(), await scenario.namespace()];
    const { appId } = await scenario.setUp([first]);
    const named = ["--service-principal", "shared"];
    const made = expectDone(await scenario.setup(["-n", second, ...named]));
    expect(made.json.credentials[0].appId).not.toBe(appId);
    const args = ["-n", first, ...named];
    expect(ending(await scenario.setup(args))).toEqual([2, "secret.other-principal"]);
    expect((await scenario.auths(first))[scenario.loginServer()]?.username).toBe(appId);
  });

  it("setup --password-stdin writes a known password, with Azure and without", async (test) => {
    const scenario = await open(test, shared);
    const { appId } = scenario.sandbox.world.applications.find(
      ({ displayName }) => displayName === "shared",
    )!;
    const [first, second] = [await scenario.namespace(), await scenario.namespace()];
    const principal = ["--service-principal", appId, "--password-stdin"];
    expectDone(await scenario.setup(["-n", first, ...principal], known));
    const alone = ["--registry", scenario.loginServer()];
    expectDone(await scenario.setup(["-n", second, ...alone, ...principal], known));
    for (const namespace of [first, second]) {
      const entry = (await scenario.auths(namespace))[scenario.loginServer()];
      expect(entry).toMatchObject({ username: appId, password: known.input.trim() });
    }
    expect((await scenario.marks(first))[scenario.loginServer()]?.keyId).not.toBeNull();
  });

  it("setup --credentials-file writes what signs in, and nothing when it is planned", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const file = join(scenario.sandbox.folder, "credentials.json");
    expectDone(await scenario.setup(["-n", namespace, "--credentials-file", file]));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { password } = (await scenario.auths(namespace))[scenario.loginServer()]!;
    expect(await readFile(file, "utf8")).toContain(password);
  });

  it("setup leaves out a namespace that is being deleted, and names it; alone it is refused", async (test) => {
    const scenario = await open(test);
    const [living, ending_] = [await scenario.namespace(), await scenario.namespace()];
    await scenario.add("ConfigMap", { name: "held", namespace: ending_, finalizers: ["test.example/hold"] });
    await scenario.delete("Namespace", undefined, ending_);
    const run = await scenario.setup(["-n", living, "-n", ending_]);
    expect(run.code, run.stderr).toBe(4);
    const failed = run.json.secrets.filter(({ action }: { action: string }) => action === "failed");
    expect(failed).toMatchObject([{ namespace: ending_, error: { code: "kubernetes.terminating" } }]);
    expect(ending(await scenario.setup(["-n", ending_]))).toEqual([3, "kubernetes.terminating"]);
  });

  it("setup leaves out a namespace that is over its quota, and names it; alone it is refused", async (test) => {
    const scenario = await open(test);
    const [free, full] = [await scenario.namespace(), await scenario.namespace()];
    await scenario.addQuota(full, { secrets: "0" });
    const run = await scenario.setup(["-n", free, "-n", full]);
    expect(run.code, run.stderr).toBe(4);
    const failed = run.json.secrets.filter(({ action }: { action: string }) => action === "failed");
    expect(failed).toMatchObject([{ namespace: full, error: { code: "kubernetes.forbidden" } }]);
    expect(ending(await scenario.setup(["-n", full]))).toEqual([3, "kubernetes.forbidden"]);
  });

  it("setup leaves out a secret that is being deleted, and names what holds it; alone it is refused", async (test) => {
    const scenario = await open(test);
    const [free, held] = [await scenario.namespace(), await scenario.namespace()];
    await scenario.setUp([held]);
    await scenario.patch("Secret", held, "acr-secret", { metadata: { finalizers: ["test.example/hold"] } });
    await scenario.delete("Secret", held, "acr-secret");
    const alone = await scenario.setup(["-n", held]);
    expect(ending(alone)).toEqual([3, "kubernetes.terminating"]);
    expect(alone.json.error.message).toContain("test.example/hold");
    const run = await scenario.setup(["-n", free, "-n", held]);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.secrets).toMatchObject([
      { namespace: free, action: "created" },
      { namespace: held, action: "failed", error: { code: "kubernetes.terminating" } },
    ]);
  });
});
