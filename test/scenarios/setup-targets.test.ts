import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { livePasswords, marksOf, secretOf, setup } from "../program.ts";

let sandbox: Sandbox;
afterEach(async () => {
  await sandbox.close();
});

const names = Array.from({ length: 20 }, (_, index) => `team-${String(index + 1).padStart(2, "0")}`);
const allNamespaces = names.flatMap((name) => ["-n", name]);
const bothContexts = ["--context", "sandbox", "--context", "sandbox-staging"];
type NamespaceOptions = NonNullable<NonNullable<SandboxOptions["clusters"]>[number]["namespaces"]>[number];

/** Two clusters with twenty namespaces each. `odd` describes team-07 of the first. */
async function start(
  odd: Exclude<NamespaceOptions, string>,
  more: Partial<SandboxOptions> = {},
): Promise<void> {
  const namespaces = ["default", "kube-system", ...names];
  sandbox = await startSandbox({
    checkInvariants: true,
    clusters: [
      { context: "sandbox", namespaces: namespaces.map((name) => (name === odd.name ? odd : name)) },
      { context: "sandbox-staging", namespaces },
    ],
    ...more,
  });
}

const run = (...more: string[]) => setup(sandbox, [...bothContexts, ...allNamespaces, ...more]);
const mutationsOf = (context: string) =>
  sandbox.requests.mutating().filter(({ service }) => service === `cluster ${context}`);

interface SecretLine {
  context: string;
  namespace: string;
  action: string;
  error?: { code: string; message: string; hint: string };
}
const lines = (document: { secrets: SecretLine[] }) => document.secrets;

describe("setup over two contexts with twenty namespaces each", () => {
  it("makes one application and one key for each cluster, and writes all forty", async () => {
    await start({ name: "team-07" });
    const done = await run();
    expect(done.code, done.stderr).toBe(0);
    expect(lines(done.json).filter(({ action }) => action === "created")).toHaveLength(40);
    expect(new Set(done.json.credentials.map(({ appId }: { appId: string }) => appId)).size).toBe(2);
    expect(livePasswords(sandbox)).toHaveLength(2);
  });

  it.each([
    ["being deleted", { name: "team-07", terminating: true }, "kubernetes.terminating"],
    ["over its quota", { name: "team-07", secretQuota: 0 }, "kubernetes.forbidden"],
    ["guarded by a webhook that denies", { name: "team-07", webhookDenies: true }, "kubernetes.forbidden"],
  ])(
    "leaves out one that is %s, names it with reason and fix, writes the rest: exit 4",
    async (_what, odd, code) => {
      await start(odd);
      const done = await run();
      expect(done.code, done.stderr).toBe(4);
      const failed = lines(done.json).filter(({ action }) => action !== "created");
      expect(failed.map(({ context, namespace }) => [context, namespace])).toEqual([["sandbox", "team-07"]]);
      expect(failed[0]?.error?.code).toBe(code);
      expect(failed[0]?.error?.message).toContain("team-07");
      expect(failed[0]?.error?.hint).toBeTruthy();
      expect(done.json).toMatchObject({ ok: false, exitCode: 4, error: { code: "setup.incomplete" } });
      expect(lines(done.json)).toHaveLength(40);
    },
  );

  it("mended and run again: exit 0, and one write", async () => {
    await start({ name: "team-07" });
    const user = sandbox.world.clusters[0]!.users[0]!;
    const everything = user.rules;
    user.rules = [
      { verbs: ["get"], resources: ["*"] },
      { verbs: ["list"], resources: ["secrets", "namespaces"] },
      {
        verbs: ["create", "patch"],
        resources: ["secrets"],
        namespaces: names.filter((name) => name !== "team-07"),
      },
    ];
    const first = await run();
    expect(first.code, first.stderr).toBe(4);
    expect(lines(first.json).find(({ action }) => action === "failed")).toMatchObject({
      namespace: "team-07",
      error: { code: "kubernetes.forbidden" },
    });
    user.rules = everything;
    const before = sandbox.requests.mutating().length;
    const again = await run();
    expect(again.code, again.stderr).toBe(0);
    expect(sandbox.requests.mutating().length - before).toBe(1);
    expect(lines(again.json).filter(({ action }) => action === "created")).toHaveLength(1);
    expect(again.json.credentials[0].action).toBe("copied");
  });

  it("with one foreign secret among them: exit 2, and no write at all", async () => {
    await start({ name: "team-07" });
    sandbox.addObject("sandbox-staging", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "acr-secret", namespace: "team-03" },
      data: { ".dockerconfigjson": Buffer.from("{}").toString("base64") },
    });
    const done = await run();
    expect(done.code).toBe(2);
    expect(done.json.error.message).toContain("sandbox-staging/team-03/acr-secret");
    expect(sandbox.requests.mutating()).toEqual([]);
  });

  it("with every target forbidden: exit 3, and no write", async () => {
    await start({ name: "team-07" });
    for (const { users } of sandbox.world.clusters) users[0]!.rules = [{ verbs: ["get"], resources: ["*"] }];
    const done = await run();
    expect(done.code, done.stderr).toBe(3);
    expect(done.json.error.code).toBe("kubernetes.forbidden");
    expect(sandbox.requests.mutating()).toEqual([]);
  });

  it("goes on with the other cluster when one does not answer, and names what was left out", async () => {
    await start({ name: "team-07" });
    const { readFile, writeFile } = await import("node:fs/promises");
    const staging = sandbox.world.clusters[1]!.server;
    const kubeconfig = await readFile(sandbox.kubeconfigPath, "utf8");
    await writeFile(sandbox.kubeconfigPath, kubeconfig.replace(staging, "https://localhost:1"));
    const done = await setup(sandbox, [...bothContexts, "-n", "team-01"]);
    expect(done.code, done.stderr).toBe(4);
    expect(lines(done.json).map(({ context, action, error }) => [context, action, error?.code])).toEqual([
      ["sandbox", "created", undefined],
      ["sandbox-staging", "failed", "kubernetes.unreachable"],
    ]);
  });
});

describe("setup, choosing namespaces", () => {
  it("takes the context's own when none is named", async () => {
    sandbox = await startSandbox({ clusters: [{ context: "sandbox", namespace: "awesomeapps" }] });
    const { runProgram } = await import("../program.ts");
    const done = await runProgram(sandbox, ["setup", "--registry", "myregistry", "-y", "-o", "json"]);
    expect(lines(done.json)[0]?.namespace).toBe("awesomeapps");
  });

  it("takes those that a selector finds, and refuses one that finds none", async () => {
    sandbox = await startSandbox({
      clusters: [
        {
          context: "sandbox",
          namespaces: [
            "kube-system",
            { name: "a", labels: { pull: "yes" } },
            { name: "b", labels: { pull: "yes" } },
            "c",
          ],
        },
      ],
    });
    const done = await setup(sandbox, ["--namespace-selector", "pull=yes"]);
    expect(lines(done.json).map(({ namespace }) => namespace)).toEqual(["a", "b"]);
    const none = await setup(sandbox, ["--namespace-selector", "pull=no"]);
    expect([none.code, none.json.error.code]).toEqual([2, "namespace.none-selected"]);
  });

  it("refuses one that does not exist, and makes it with --create-namespace", async () => {
    sandbox = await startSandbox();
    const refusal = await setup(sandbox, ["-n", "fresh"]);
    expect([refusal.code, refusal.json.error.code]).toEqual([2, "kubernetes.namespace-not-found"]);
    expect(sandbox.requests.mutating()).toEqual([]);
    const done = await setup(sandbox, ["-n", "fresh", "--create-namespace", "--service-account", "default"]);
    expect(done.code, done.stderr).toBe(0);
    expect(done.json.serviceAccounts).toEqual([
      { context: "sandbox", namespace: "fresh", name: "default", action: "updated" },
    ]);
    expect(secretOf(sandbox, "fresh")).toBeDefined();
  });
});

describe("setup --service-account", () => {
  const account = (namespace: string, name: string) =>
    sandbox.world.clusters[0]!.objects["serviceaccounts"]!.find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
    )!;

  it("adds the secret behind those that are there, once", async () => {
    sandbox = await startSandbox({ checkInvariants: true });
    account("awesomeapps", "default")["imagePullSecrets"] = [{ name: "other" }, { name: "another" }];
    sandbox.invariants.watch();
    const done = await setup(sandbox, ["--service-account", "default"]);
    expect(done.code, done.stderr).toBe(0);
    expect(account("awesomeapps", "default")["imagePullSecrets"]).toEqual([
      { name: "other" },
      { name: "another" },
      { name: "acr-secret" },
    ]);
    const before = sandbox.requests.mutating().length;
    const again = await setup(sandbox, ["--service-account", "default"]);
    expect(again.json.serviceAccounts[0].action).toBe("unchanged");
    expect(sandbox.requests.mutating().length).toBe(before);
    expect(sandbox.violations).toEqual([]);
  });

  it("refuses one that does not exist before anything is written", async () => {
    sandbox = await startSandbox();
    const done = await setup(sandbox, ["--service-account", "builder"]);
    expect([done.code, done.json.error.code]).toEqual([2, "service-account.not-found"]);
    expect(sandbox.requests.mutating()).toEqual([]);
  });
});

describe("setup, where two contexts are one cluster", () => {
  it("makes one application and writes each secret once", async () => {
    sandbox = await startSandbox({
      clusters: [
        { context: "sandbox", users: [{ context: "admin", rules: [{ verbs: ["*"], resources: ["*"] }] }] },
      ],
    });
    const done = await setup(sandbox, ["--context", "sandbox", "--context", "admin"]);
    expect(done.code, done.stderr).toBe(0);
    expect(done.json.secrets).toHaveLength(1);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(mutationsOf("sandbox").length).toBe(2);
  });
});

describe("setup, where kube-system may not be read", () => {
  const hide = () => {
    sandbox.world.clusters[0]!.users[0]!.rules = [
      {
        verbs: ["get", "create", "patch"],
        resources: ["secrets", "namespaces"],
        namespaces: ["awesomeapps"],
      },
    ];
  };

  it("asks for --cluster-id, and takes the id that a managed secret recorded", async () => {
    sandbox = await startSandbox();
    hide();
    const refusal = await setup(sandbox);
    expect([refusal.code, refusal.json.error.code]).toEqual([2, "cluster.id-unknown"]);
    const named = await setup(sandbox, ["--cluster-id", "on-prem-1"]);
    expect(named.code, named.stderr).toBe(0);
    expect(Object.values(marksOf(sandbox))[0].clusterId).toBe("on-prem-1");
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(again.json.credentials[0]).toMatchObject({ action: "unchanged", clusterId: "on-prem-1" });
  });
});
