import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createIdSource } from "../../src/sandbox/new-id.ts";
import { assign } from "../../src/sandbox/new-role-assignment.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely } from "../canary.ts";
import { liveAssignments, type ResultDocument, type Run, type RunOptions } from "../program.ts";

const shop = { name: "shop", context: "shop", resourceGroup: "shop-group" };
const otherTenant = randomUUID();

let sandbox: Sandbox;

/** Before each test, starts a world with one managed cluster and one that is not managed. */
function freshSandbox(options: SandboxOptions = {}): void {
  beforeEach(async () => {
    sandbox = await startSandbox({
      clusters: [{ context: "shop" }, { context: "kind" }],
      managedClusters: [shop],
      ...options,
    });
    return () => sandbox.close();
  });
}

/** `setup --attach` as JSON, without questions. Its output is searched for secrets. */
function attach(args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const registry = args.includes("--registry") ? [] : ["--registry", "myregistry"];
  return runSafely(sandbox, ["setup", "--attach", ...registry, "-y", "-o", "json", ...args], options);
}

/** The nodes' identity. */
function nodes(name = "shop") {
  const identity = sandbox.world.managedClusters.find((one) => one.name === name)?.kubeletIdentity;
  if (!identity) throw new Error("its nodes have no identity");
  return identity;
}

/** Names and scopes of the roles that the nodes hold. */
function rolesOfNodes(): string[] {
  return liveAssignments(sandbox)
    .filter(({ principalId }) => principalId === nodes().objectId)
    .map(
      ({ roleDefinitionId, scope }) =>
        `${roleNames[roleDefinitionId.split("/").at(-1) ?? ""] ?? ""} ${scope.split("/").at(-1) ?? ""}`,
    );
}

const roleNames: Readonly<Record<string, string>> = {
  "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
  "b93aa761-3e63-49ed-ac28-beffa264f7ac": "Container Registry Repository Reader",
};

/** Requests for a change, such as `PUT roleAssignments`. */
function changes(): string[] {
  return sandbox.requests.mutating().map(({ method, path }) => `${method} ${path.split("/").at(-2) ?? ""}`);
}

const granted = ["PUT roleAssignments"];

/** Puts myregistry into ABAC mode. */
function switchMode(): void {
  const [registry] = sandbox.world.registries;
  if (registry) registry.roleAssignmentMode = "AbacRepositoryPermissions";
}

/** Grants the nodes a role as somebody else would. */
function grantByHand(role: string, scope = "myregistry"): void {
  const principal = { id: nodes().objectId, type: "ServicePrincipal" };
  assign(sandbox.world, { role, scope }, principal, createIdSource(undefined));
}

/** The result of one check. */
function find(run: Run, id: string): ResultDocument {
  return run.json.checks.find((check: ResultDocument) => check.id === id);
}

describe("setup --attach", () => {
  freshSandbox();

  it("grants the nodes AcrPull on a registry in legacy mode, reads it back, and asks the cluster nothing", async () => {
    const run = await attach();
    expect(run.code, run.stderr).toBe(0);
    expect(run.json).toMatchObject({
      roleAssignments: [{ role: "AcrPull", requestedRole: "acrpull", condition: null, action: "created" }],
      attachments: [{ context: "shop", kubeletIdentity: nodes(), action: "created" }],
      servicePrincipals: [],
      credentials: [],
      secrets: [],
      verification: { status: "skipped", reason: "role-read-back" },
    });
    expect(run.json.attachments[0].managedCluster).toMatch(/\/managedClusters\/shop$/);
    expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
    expect(changes()).toEqual(granted);
    expect(sandbox.requests.entries.filter(({ service }) => service.startsWith("cluster "))).toEqual([]);
  });

  it("grants the role that pulls on a registry in ABAC mode, where AcrPull does nothing", async () => {
    const run = await attach(["--registry", "abacregistry"]);
    expect(run.json.roleAssignments).toMatchObject([{ role: "Container Registry Repository Reader" }]);
    expect(rolesOfNodes()).toEqual(["Container Registry Repository Reader abacregistry"]);
  });

  it("limits the role to the repositories that were named", async () => {
    const run = await attach(["--registry", "abacregistry", "--repository", "team/*"]);
    expect(run.json.roleAssignments[0].condition).toContain("StringStartsWithIgnoreCase 'team/'");
    const again = await attach(["--registry", "abacregistry"]);
    expect(again.json.roleAssignments).toMatchObject([
      { condition: run.json.roleAssignments[0].condition, action: "unchanged" },
    ]);
  });

  it("changes nothing when it is run again", async () => {
    await attach();
    const again = await attach();
    expect(again.code).toBe(0);
    expect(again.json.attachments).toMatchObject([{ action: "unchanged" }]);
    expect(changes()).toEqual(granted);
  });

  it("grants nothing, and takes nothing back, where another cluster has an API server of the same name", async () => {
    await attach();
    const [first] = sandbox.world.managedClusters;
    const kubeletIdentity = { ...nodes(), objectId: randomUUID(), clientId: randomUUID() };
    sandbox.world.managedClusters.unshift({
      ...first!,
      name: "twin",
      resourceGroup: "twins",
      kubeletIdentity,
    });
    const before = liveAssignments(sandbox).map(({ id }) => id);
    const run = await attach();
    expect([run.code, run.json.error.code]).toEqual([2, "aks.ambiguous"]);
    expect(run.json.error.message).toContain("twins/twin, shop-group/shop");
    const about = ["--registry", "myregistry", "--context", "shop"];
    const removal = await runSafely(sandbox, ["remove", ...about, "-y"]);
    expect(removal.stderr).toContain(
      "several managed clusters have its API server: twins/twin, shop-group/shop",
    );
    const status = await runSafely(sandbox, ["status", ...about, "-o", "json"]);
    expect(status.json.attachmentsUnknown.message).toContain("several managed clusters");
    const verify = await runSafely(sandbox, ["verify", ...about, "-o", "json"]);
    expect(JSON.stringify(verify.json)).toContain("several managed clusters");
    expect(liveAssignments(sandbox).map(({ id }) => id)).toEqual(before);
  });

  it("is content with the role that az aks update --attach-acr granted", async () => {
    grantByHand("AcrPull");
    const run = await attach();
    expect(run.json.attachments).toMatchObject([{ action: "reused" }]);
    expect(changes()).toEqual([]);
  });

  it("says in a dry run what it would do, and writes nothing", async () => {
    const run = await attach(["--dry-run", "--exit-code"]);
    expect(run.code).toBe(5);
    expect(run.json.plan).toMatchObject([
      { target: "role assignment AcrPull on myregistry for the nodes of shop", action: "created" },
    ]);
    expect(changes()).toEqual([]);
  });

  it("grants the other role, and takes the first back, when the registry was switched to ABAC mode", async () => {
    await attach();
    switchMode();
    const run = await attach();
    expect(run.code, run.stderr).toBe(0);
    expect(rolesOfNodes()).toEqual(["Container Registry Repository Reader myregistry"]);
    expect(run.json.roleAssignments).toMatchObject([
      { action: "created" },
      { role: "AcrPull", action: "removed" },
    ]);
  });

  it("finishes what was cut off after the role was granted", async () => {
    sandbox.setFaults([{ match: "PUT .*/roleAssignments/", after: "commit", action: "drop" }]);
    const run = await attach();
    expect(run.code, run.stderr).toBe(0);
    expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
  });

  it("says what happened and how long it takes to whoever reads it, and prints no command that asks", async () => {
    const run = await runSafely(sandbox, ["setup", "--attach", "--registry", "myregistry", "-y"]);
    expect(run.stdout).toContain("The nodes of shop may pull from");
    expect(run.stdout).toContain("up to thirty");
    expect(run.stdout).toMatch(
      /^A Pod names the image, such as \S+\/my-awesome-app:v1, and needs no imagePullSecrets\./m,
    );
    expect(run.stdout).not.toContain("kind: Pod");
    expect(run.stdout).toContain("acr-pull verify --registry myregistry --context shop");
  });

  it("does not go with what a secret or a principal would need", async () => {
    const run = await attach(["-n", "awesomeapps", "--role", "acrpush"]);
    expect(run.code).toBe(2);
    expect(run.json.error.message).toContain("'--attach' cannot be used with option");
  });

  it("says of a cluster that is not AKS's that a pull secret is what it needs", async () => {
    const run = await attach(["--context", "kind"]);
    expect([run.code, run.json.error.code]).toEqual([2, "aks.not-seen"]);
    expect(run.json.error.hint).toContain("without --attach");
    expect(changes()).toEqual([]);
  });

  it("is offered by setup to who makes a secret for AKS, and to nobody else", async () => {
    const plain = ["setup", "--registry", "myregistry", "-n", "awesomeapps", "--dry-run"];
    const offered = await runSafely(sandbox, plain);
    expect(offered.stderr + offered.stdout).toContain("points to the AKS cluster shop, whose nodes can pull");
    const elsewhere = await runSafely(sandbox, [...plain, "--context", "kind"]);
    expect(elsewhere.stderr + elsewhere.stdout).not.toContain("AKS");
    const asked = sandbox.requests.entries.filter(({ path }) => path.includes("managedClusters"));
    expect(asked).toHaveLength(1);
  });
});

describe("setup --attach of a cluster that cannot be attached", () => {
  const refused = async (code: number, name: string) => {
    const run = await attach();
    expect([run.code, run.json.error.code, changes()]).toEqual([code, name, []]);
    return run.json.error.hint as string;
  };

  describe("whose nodes sign in as a service principal", () => {
    freshSandbox({ managedClusters: [{ ...shop, nodes: "service-principal" }] });
    it("names the ways out", async () => {
      expect(await refused(2, "aks.no-identity")).toContain("az aks update --enable-managed-identity");
    });
  });

  describe("which the caller does not see", () => {
    freshSandbox({ caller: { roles: [{ role: "Owner", scope: "myregistry" }] } });
    it("says what right is missing, and what works from another tenant", async () => {
      const hint = await refused(2, "aks.not-seen");
      expect(hint).toContain("Reader on the cluster");
      expect(hint).toContain("without --attach");
    });
  });

  describe("of another tenant, which is seen by delegation", () => {
    const [here, there] = [randomUUID(), randomUUID()];
    freshSandbox({
      subscriptions: [
        { subscriptionId: here, displayName: "Ours" },
        { subscriptionId: there, displayName: "Theirs", tenantId: otherTenant },
      ],
      managedClusters: [{ ...shop, subscriptionId: there }],
    });
    it("says that its nodes can hold no role here", async () => {
      expect(await refused(2, "aks.other-tenant")).toContain("a pull secret works from any cluster");
    });
  });

  describe("by somebody who may not assign roles", () => {
    freshSandbox({ caller: { roles: [{ role: "Reader" }] } });
    it("says who may", async () => {
      expect(await refused(3, "roles.forbidden")).toContain("Role Based Access Control Administrator");
    });
  });

  describe("where a subscription cannot be listed now", () => {
    freshSandbox();
    it("may be tried again", async () => {
      sandbox.setFaults([{ match: "GET .*/managedClusters", times: 20, status: 503 }]);
      const run = await attach(["--timeout", "2s"]);
      expect(run.code).toBe(1);
      expect(run.json.error).toMatchObject({ code: "aks.not-seen", retryable: true });
    });
  });
});

describe("the least rights", () => {
  const [subscriptionId] = [randomUUID()];
  const cluster = `/subscriptions/${subscriptionId}/resourceGroups/shop-group/providers/Microsoft.ContainerService/managedClusters/shop`;
  freshSandbox({
    subscriptions: [{ subscriptionId, displayName: "Ours" }],
    caller: {
      graphPermissions: [],
      roles: [
        { role: "Reader", scope: cluster },
        { role: "Reader", scope: "myregistry" },
        { role: "Role Based Access Control Administrator", scope: "myregistry" },
      ],
    },
    // The user may do nothing in the cluster.
    clusters: [{ context: "shop", rules: [] }],
  });

  it("are those that the page of AKS names", async () => {
    const run = await attach();
    expect(run.code, run.stderr).toBe(0);
    expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
  });
});

describe("a cluster whose pods pull as their service accounts", () => {
  const managedClusters = [{ ...shop, serviceAccountPull: true }];

  describe("in whatever preview the cloud still has", () => {
    freshSandbox({
      managedClusters,
      apiVersions: { managedClusters: ["2026-06-01", "2026-09-02-preview", "2027-01-01"] },
    });

    it("is not attached: nothing would use the role, and a pull secret works", async () => {
      const run = await attach();
      expect([run.code, run.json.error.code, changes()]).toEqual([2, "aks.service-account-pull", []]);
      expect(run.json.error.hint).toContain("a pull secret works");
    });
  });

  describe("since it was attached", () => {
    freshSandbox();
    beforeEach(async () => {
      await attach();
      sandbox.world.managedClusters[0]!.serviceAccountPull = true;
    });

    it("is not in order by status, which says what is", async () => {
      const run = await runSafely(sandbox, ["status", "-o", "json"]);
      expect([run.code, run.json.attachments[0].state]).toEqual([5, "unused"]);
      const text = await runSafely(sandbox, ["status"]);
      expect(text.stdout.replace(/\s+/g, " ")).toContain("pods of shop pull as their service accounts");
    });

    it("needs a secret by verify", async () => {
      const run = await runSafely(sandbox, ["verify", "-o", "json", "-n", "awesomeapps"]);
      expect([run.code, find(run, "secret-present").status]).toEqual([5, "fail"]);
      expect(find(run, "aks").message).toContain("need a pull secret");
    });

    it("gets one by setup, which offers no role for the nodes", async () => {
      const run = await runSafely(sandbox, ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y"]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr + run.stdout).not.toContain("--attach");
    });

    it("gives the role back by remove", async () => {
      const run = await runSafely(sandbox, ["remove", "--registry", "myregistry", "-y", "-o", "json"]);
      expect([run.code, rolesOfNodes()]).toEqual([0, []]);
    });
  });
});

describe("a run that is told to stop after the role was granted", () => {
  freshSandbox();

  it("says what it did, and the next one has nothing left to do", async () => {
    let stop = (_signal: NodeJS.Signals) => {};
    let end = () => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    // The run is stopped while it waits to read back what it wrote.
    const unobserve = sandbox.observe(async (phase, { method, path }) => {
      if (phase !== "arrived" || method !== "GET" || changes().length === 0) return undefined;
      if (!path.includes("roleAssignments")) return undefined;
      stop("SIGINT");
      await over;
      return "drop";
    });
    const run = await attach([], { started: (kill) => (stop = kill) });
    end();
    unobserve();
    expect(run.code, run.stderr).toBe(130);
    expect(run.json.roleAssignments).toMatchObject([{ role: "AcrPull", action: "created" }]);
    expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
    const again = await attach();
    expect(again.json.attachments).toMatchObject([{ action: "unchanged" }]);
    expect(changes()).toEqual(granted);
  });
});

describe("a private cluster, and one of an older cloud", () => {
  beforeAll(async () => {
    sandbox = await startSandbox({
      clusters: [{ context: "shop" }],
      managedClusters: [{ ...shop, isPrivate: true }, { name: "a" }, { name: "b" }],
      pageSize: 1,
      apiVersions: { managedClusters: ["2020-11-01"] },
    });
  });
  afterAll(() => sandbox.close());

  it("is found by its name within its network, on whatever page and in whatever version it is listed", async () => {
    const run = await attach();
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.attachments).toMatchObject([{ action: "created" }]);
  });
});

describe("what setup --attach granted", () => {
  freshSandbox({ managedClusters: [shop, { name: "other" }] });

  /** Runs a command about the attached cluster, as JSON. */
  const about = (command: string, ...args: readonly string[]) =>
    runSafely(sandbox, [command, "-o", "json", ...args]);

  describe("by status", () => {
    it("is listed, and in order", async () => {
      await attach();
      const run = await about("status");
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.attachments).toMatchObject([
        { context: "shop", kubeletIdentity: nodes().objectId, role: "AcrPull", state: "ok" },
      ]);
      // No entry is missing for a registry that the nodes pull from.
      expect((await about("status", "--registry", "myregistry")).code).toBe(0);
      expect((await about("status", "--registry", "abacregistry")).code).toBe(5);
    });

    it("is not in order when the registry's mode was switched", async () => {
      await attach();
      switchMode();
      const run = await about("status");
      expect([run.code, run.json.attachments[0].state]).toEqual([5, "wrong-mode"]);
      const text = await runSafely(sandbox, ["status"]);
      expect(text.stdout).toContain("acr-pull setup --registry myregistry --context shop --attach");
    });

    it("is not told of what others granted, and none of what a namespace holds", async () => {
      grantByHand("AcrPull");
      expect((await about("status")).json.attachments).toEqual([]);
      expect((await about("status", "-n", "awesomeapps")).json.attachments).toBeUndefined();
      expect((await about("status", "--context", "kind")).json.attachments).toBeUndefined();
    });

    it("is unknown to who does not see the cluster or is not signed in, and all else is told", async () => {
      await attach();
      sandbox.setFaults([{ match: "GET .*/managedClusters", times: 20, status: 403 }]);
      const run = await about("status");
      expect([run.code, run.json.attachmentsUnknown.code]).toEqual([0, "aks.not-seen"]);
      const nobody = await runSafely(sandbox, ["status", "-o", "json"], {
        env: { AZURE_CLIENT_SECRET: "wrong" },
      });
      expect(nobody.json.attachmentsUnknown.code).toMatch(/^azure\./);
      expect(nobody.json.entries).toEqual([]);
    });
  });

  describe("by verify", () => {
    it("lets pods pull with no secret, so that none is missing", async () => {
      await attach();
      const run = await about("verify", "-n", "awesomeapps");
      expect(run.code, run.stdout).toBe(0);
      expect(find(run, "aks")).toMatchObject({
        status: "pass",
        message: expect.stringContaining("pull from myregistry with their own identity, which holds AcrPull"),
      });
      expect(find(run, "secret-present")).toMatchObject({ status: "skip" });
    });

    it("does not excuse a secret of another registry, or one that was asked for", async () => {
      await attach();
      for (const args of [
        ["--registry", "abacregistry"],
        ["--secret-name", "acr-secret"],
      ]) {
        const run = await about("verify", "-n", "awesomeapps", ...args);
        expect([run.code, find(run, "secret-present").status]).toEqual([5, "fail"]);
      }
    });

    it("fails when the registry's mode was switched", async () => {
      await attach();
      switchMode();
      const run = await about("verify", "-n", "awesomeapps", "--registry", "myregistry");
      expect(run.code).toBe(5);
      expect(find(run, "aks")).toMatchObject({
        status: "fail",
        fix: expect.stringContaining("setup --registry myregistry --attach --context shop"),
      });
    });

    it("knows what az aks update --attach-acr granted, in vain on a registry in ABAC mode", async () => {
      grantByHand("AcrPull", "abacregistry");
      const run = await about("verify", "-n", "awesomeapps", "--registry", "abacregistry");
      expect(find(run, "aks")).toMatchObject({ status: "warn" });
    });

    it("says of a pod that waits that its node may need time", async () => {
      await attach();
      const image = `${sandbox.world.registries[0]?.loginServer ?? ""}/my-awesome-app:v1`;
      sandbox.addObject("shop", {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "app", namespace: "awesomeapps" },
        spec: { containers: [{ name: "main", image }] },
        status: {
          phase: "Pending",
          containerStatuses: [
            { name: "main", image, state: { waiting: { reason: "ImagePullBackOff", message: "401" } } },
          ],
        },
      });
      const run = await about("verify", "-n", "awesomeapps");
      expect(find(run, "pod")).toMatchObject({
        status: "warn",
        message: expect.stringContaining("without a pull secret: it pulls with the identity of its node"),
      });
    });
  });

  describe("by remove", () => {
    const removed = (...args: readonly string[]) =>
      about("remove", "--registry", "myregistry", "-y", ...args);

    it("is taken back exactly, with nothing that others granted", async () => {
      await attach();
      grantByHand("Reader");
      await attach(["--registry", "abacregistry"]);
      const run = await removed();
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.removed).toMatchObject([{ kind: "role-assignment", action: "removed" }]);
      expect(rolesOfNodes()).toEqual([" myregistry", "Container Registry Repository Reader abacregistry"]);
      expect((await removed()).json.removed).toEqual([]);
    });

    it("goes with the secrets of the cluster that had both", async () => {
      await attach();
      await runSafely(sandbox, ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y"]);
      const run = await removed();
      expect(run.code, run.stderr).toBe(0);
      expect(liveAssignments(sandbox)).toEqual([]);
    });

    it("is shown in a dry run, and stays", async () => {
      await attach();
      const run = await removed("--dry-run");
      expect(run.json.plan).toMatchObject([
        { target: "role assignment AcrPull on myregistry for the nodes of shop", action: "removed" },
      ]);
      expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
    });

    it("stays where one namespace alone was meant", async () => {
      await attach();
      await removed("-n", "awesomeapps");
      expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
    });

    it("leaves what others granted alone, and says nothing of it", async () => {
      grantByHand("AcrPull");
      const run = await removed();
      expect([run.code, run.json.removed]).toEqual([0, []]);
      expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
    });

    it("stays where it cannot be looked at, and that is said", async () => {
      await attach();
      sandbox.setFaults([{ match: "GET .*/managedClusters", times: 20, status: 403 }]);
      const run = await runSafely(sandbox, ["remove", "--registry", "myregistry", "-y"]);
      expect(run.stderr).toContain("if it did, the role stays");
      expect(rolesOfNodes()).toEqual(["AcrPull myregistry"]);
    });

    it("is refused before anything goes to who may not delete role assignments", async () => {
      await attach();
      sandbox.world.roleAssignments
        .filter(({ principalId }) => principalId === sandbox.world.caller.objectId)
        .forEach((one) => (one.removedAt = Date.now()));
      const caller = { id: sandbox.world.caller.objectId, type: "ServicePrincipal" };
      assign(sandbox.world, { role: "Reader" }, caller, createIdSource(undefined));
      const run = await removed();
      expect([run.code, run.json.error.code]).toEqual([3, "roles.forbidden"]);
    });
  });
});

describe("an identity that two clusters share", () => {
  const shared = { kubeletIdentity: "pullers" };
  freshSandbox({
    clusters: [{ context: "shop" }, { context: "blue" }],
    managedClusters: [
      { ...shop, ...shared },
      { name: "blue", context: "blue", ...shared },
    ],
  });

  it("is granted one role for both", async () => {
    const run = await attach(["--context", "shop", "--context", "blue"]);
    expect(run.json.attachments).toMatchObject([{ context: "shop" }, { context: "blue" }]);
    expect(changes()).toEqual(granted);
  });

  it("keeps it while the other cluster may pull by it, unless that is agreed to or removed as well", async () => {
    await attach();
    const one = ["remove", "--registry", "myregistry", "-y", "-o", "json"];
    const kept = await runSafely(sandbox, one);
    expect(kept.json.removed).toMatchObject([
      { action: "kept", reason: "identity-shared", heldBy: ["sandbox-group/blue"] },
    ]);
    const both = await runSafely(sandbox, [...one, "--context", "shop", "--context", "blue"]);
    expect(both.json.removed).toMatchObject([{ action: "removed" }]);
    await attach();
    const forced = await runSafely(sandbox, [...one, "--force"]);
    expect(forced.json.removed).toMatchObject([{ action: "removed" }]);
  });
});
