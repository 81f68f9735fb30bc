import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { rotate, setup, type Run } from "../program.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
});
afterEach(() => sandbox.close());

const nameOf = ({ method, path }: RequestEntry) => `${method} ${path}`;

/** Answers a request only after others have arrived. A run that waits for this answer before it sends them hangs. */
function answerOnlyAfter(held: RegExp, awaited: readonly RegExp[]): () => void {
  const missing = new Set(awaited);
  let release = () => {};
  const allArrived = new Promise<void>((resolve) => (release = resolve));
  return sandbox.observe(async (phase, entry) => {
    const name = nameOf(entry);
    for (const one of missing) if (one.test(name)) missing.delete(one);
    if (missing.size === 0) release();
    if (phase === "read" && held.test(name)) await allArrived;
  });
}

/** A cluster with this many namespaces, `fleet-0` and so on, all with a label. */
function clusterOf(namespaces: number) {
  const names = Array.from({ length: namespaces }, (_, index) => `fleet-${index}`);
  return {
    context: "sandbox",
    namespaces: ["default", "kube-system"],
    objects: names.map((name) => ({
      apiVersion: "v1",
      kind: "Namespace" as const,
      metadata: { name, labels: { fleet: "yes" } },
    })),
  };
}

/** A setup that gives up waiting for an answer long before the test does. */
const impatientSetup = (args: readonly string[] = []): Promise<Run> =>
  setup(sandbox, ["--timeout", "20s", ...args]);

const registries = /GET .*\/Microsoft\.ContainerRegistry\/registries$/;
const application = /GET \/v1\.0\/applications\(uniqueName=/;
const deleted = /GET \/v1\.0\/directory\/deletedItems/;

describe("setup waits for no answer that it does not need", () => {
  it("and looks for the registry in the usual subscription before it knows of others", async () => {
    answerOnlyAfter(/GET \/subscriptions$/, [registries]);
    const run = await impatientSetup();
    expect(run.code, run.stderr).toBe(0);
  });

  it("and looks for the application, and whether a registry can be reached, while that is looked for by its login server", async () => {
    const loginServer = sandbox.world.registries[0]?.loginServer ?? "";
    answerOnlyAfter(registries, [application, deleted, /GET \/v2\/$/]);
    const run = await impatientSetup(["--registry", loginServer]);
    expect(run.code, run.stderr).toBe(0);
    expect(sandbox.requests.entries.filter((entry) => application.test(nameOf(entry)))).toHaveLength(1);
    expect(sandbox.requests.entries.filter((entry) => deleted.test(nameOf(entry)))).toHaveLength(1);
  });

  it("and reads the tenant's policy and the rights beside the application", async () => {
    answerOnlyAfter(application, [
      deleted,
      /GET \/v1\.0\/policies\/defaultAppManagementPolicy/,
      /GET .*\/Microsoft\.Authorization\/permissions$/,
    ]);
    const run = await impatientSetup();
    expect(run.code, run.stderr).toBe(0);
  });

  it.each([
    ["the principal beside the password", /POST .*\/servicePrincipals$/, /POST .*\/addPassword$/],
    ["the password beside the principal", /POST .*\/addPassword$/, /POST .*\/servicePrincipals$/],
  ])("and makes %s, where the tenant is known to allow it", async (_what, held, awaited) => {
    sandbox.world.policy.readable = true;
    answerOnlyAfter(held, [awaited]);
    const run = await impatientSetup();
    expect(run.code, run.stderr).toBe(0);
  });

  it("and reads the cluster while nobody is signed in to Azure", async () => {
    answerOnlyAfter(/POST .*\/oauth2\/v2\.0\/token$/, [
      /GET .*\/secrets\/acr-secret$/,
      /GET \/api\/v1\/secrets$/,
    ]);
    const run = await impatientSetup();
    expect(run.code, run.stderr).toBe(0);
  });
});

describe("rotate waits for no answer that it does not need", () => {
  const entraToken = /POST .*\/oauth2\/v2\.0\/token$/;

  it("and signs in while it looks at the clusters", async () => {
    await setup(sandbox);
    answerOnlyAfter(/GET \/api\/v1\/secrets$/, [entraToken]);
    const run = await rotate(sandbox, ["--timeout", "20s", "--dry-run"]);
    expect(run.code, run.stderr).toBe(0);
  });

  it("and tries a key at the registry and at Entra at once", async () => {
    await setup(sandbox);
    const from = sandbox.requests.entries.length;
    const signIns = () =>
      sandbox.requests.entries.slice(from).filter((entry) => entraToken.test(nameOf(entry)));
    sandbox.observe(async (phase, entry) => {
      if (phase !== "read" || nameOf(entry) !== "GET /oauth2/token") return;
      // The caller's own sign-in, and the one with the key.
      await vi.waitUntil(() => signIns().length >= 2, { timeout: 20_000 });
    });
    const run = await rotate(sandbox, ["--timeout", "20s", "--dry-run"]);
    expect(run.code, run.stderr).toBe(0);
    expect(signIns()).toHaveLength(2);
  });

  it("and asks nobody to sign in where there is no key to be found", async () => {
    sandbox.world.deviceSignIn = { pendingPolls: 1000 };
    const run = await rotate(sandbox, ["--dry-run", "--auth", "device-code"]);
    expect(run.json.error.code).toBe("rotate.nothing-found");
    expect(run.stderr).not.toMatch(/device code|microsoft.com\/device|enter the code/);
  });

  it("and says nothing of a sign-in that failed where there is no key to be found", async () => {
    const run = await rotate(sandbox, ["--dry-run"], { env: { AZURE_CLIENT_SECRET: "wrong" } });
    expect(run.code).toBe(2);
    expect(run.json.error.code).toBe("rotate.nothing-found");
  });
});

describe("a usual subscription that the caller does not see", () => {
  it("stops nothing: the registry is found in those that it sees", async () => {
    const run = await setup(sandbox, [], {
      env: { AZURE_SUBSCRIPTION_ID: "00000000-0000-4000-8000-000000000000" },
    });
    expect(run.code, run.stderr).toBe(0);
  });
});

describe("the requests of setup", () => {
  const ofAzure = (from: number) =>
    sandbox.requests.entries.slice(from).filter(({ service }) => service === "azure");

  it("to Azure are as many for one namespace as for sixty", async () => {
    const one = await setup(sandbox, ["-n", "solo", "--create-namespace"]);
    expect(one.code, one.stderr).toBe(0);
    const first = ofAzure(0).map(nameOf);
    await sandbox.close();
    sandbox = await startSandbox({ checkInvariants: true });
    const names = Array.from({ length: 60 }, (_, index) => ["-n", `space-${index}`]).flat();
    const many = await setup(sandbox, [...names, "--create-namespace"]);
    expect(many.code, many.stderr).toBe(0);
    expect(ofAzure(0)).toHaveLength(first.length);
  });

  it("to the cluster are one write a namespace, the mark, and a few lists by the page", async () => {
    await sandbox.close();
    sandbox = await startSandbox({ checkInvariants: true, clusters: [clusterOf(60)] });
    const run = await setup(sandbox, ["--namespace-selector", "fleet=yes"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.secrets).toHaveLength(60);
    const toCluster = sandbox.requests.entries.filter(({ service }) => service === "cluster sandbox");
    expect(toCluster.filter(({ mutating }) => mutating)).toHaveLength(60 + 1);
    expect(toCluster.length - 61).toBeLessThanOrEqual(14);
    const before = sandbox.requests.entries.length;
    const again = await setup(sandbox, ["--namespace-selector", "fleet=yes"]);
    expect(again.code, again.stderr).toBe(0);
    const later = sandbox.requests.entries.slice(before);
    expect(later.filter(({ service }) => service === "cluster sandbox")).toHaveLength(3);
    expect(later.filter(({ mutating }) => mutating)).toEqual([]);
  });

  it("are sent for each namespace where nothing may be listed, and what may not be written is left out", async () => {
    await sandbox.close();
    const everything = ["get", "create", "patch"];
    const most = Array.from({ length: 29 }, (_, index) => `fleet-${index}`);
    const rules = [
      { verbs: ["get"], resources: ["namespaces"] },
      { verbs: everything, resources: ["secrets"], namespaces: most },
    ];
    sandbox = await startSandbox({ checkInvariants: true, clusters: [{ ...clusterOf(30), rules }] });
    const names = [...most, "fleet-29"].flatMap((name) => ["-n", name]);
    const run = await setup(sandbox, names);
    expect(run.code).toBe(4);
    expect(run.json.secrets.filter(({ action }: { action: string }) => action === "created")).toHaveLength(
      29,
    );
    expect(run.json.secrets).toContainEqual(
      expect.objectContaining({
        namespace: "fleet-29",
        error: expect.objectContaining({ code: "kubernetes.forbidden" }),
      }),
    );
  });

  it("end with 4 where one of many namespaces has no room, and name it", async () => {
    await sandbox.close();
    const fleet = clusterOf(30);
    const namespaces = [...fleet.namespaces, { name: "full", secretQuota: 0 }];
    sandbox = await startSandbox({ checkInvariants: true, clusters: [{ ...fleet, namespaces }] });
    const names = Array.from({ length: 30 }, (_, index) => ["-n", `fleet-${index}`]).flat();
    const run = await setup(sandbox, [...names, "-n", "full"]);
    expect(run.code).toBe(4);
    expect(run.json.secrets).toContainEqual(
      expect.objectContaining({
        namespace: "full",
        error: expect.objectContaining({ code: "kubernetes.forbidden" }),
      }),
    );
    expect(run.json.secrets.filter(({ action }: { action: string }) => action === "created")).toHaveLength(
      30,
    );
  });

  it("are as many as it takes to tell, in a dry run, which of many namespaces has no room", async () => {
    await sandbox.close();
    const fleet = clusterOf(30);
    const namespaces = [...fleet.namespaces, { name: "full", secretQuota: 0 }];
    sandbox = await startSandbox({ checkInvariants: true, clusters: [{ ...fleet, namespaces }] });
    const names = Array.from({ length: 30 }, (_, index) => ["-n", `fleet-${index}`]).flat();
    const run = await setup(sandbox, [...names, "-n", "full", "--dry-run"]);
    expect(run.json.warnings).toEqual([expect.stringContaining("sandbox/full/acr-secret is left out")]);
    expect(sandbox.requests.mutating()).toEqual([]);
  });

  it("change nothing and ask nothing twice when all is in order", async () => {
    await setup(sandbox);
    const before = sandbox.requests.entries.length;
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    const asked = sandbox.requests.entries.slice(before);
    expect(asked.filter(({ mutating }) => mutating)).toEqual([]);
    const reads = asked
      .filter(({ path }) => !path.includes("oauth2"))
      .map(({ service, method, path, query }) => `${service} ${method} ${path}?${query}`);
    expect(reads).toEqual([...new Set(reads)]);
  });
});
