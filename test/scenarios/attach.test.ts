import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely } from "../canary.ts";
import { liveAssignments, type Run, type RunOptions } from "../program.ts";

const shop = { name: "shop", context: "shop", resourceGroup: "shop-group" };
const otherTenant = randomUUID();

let sandbox: Sandbox;

/** A world with a managed cluster, and one that is none; begun anew before each test. */
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

/** `setup --attach` as JSON, without asking; its output is searched for secrets. */
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

/** Requests for a change, as `METHOD /path`. */
function changes(): string[] {
  return sandbox.requests.mutating().map(({ method, path }) => `${method} ${path.split("/").at(-2) ?? ""}`);
}

const granted = ["PUT roleAssignments"];

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

  it("is content with the role that az aks update --attach-acr granted", async () => {
    const { assign } = await import("../../src/sandbox/new-role-assignment.ts");
    const { createIdSource } = await import("../../src/sandbox/new-id.ts");
    const principal = { id: nodes().objectId, type: "ServicePrincipal" };
    assign(sandbox.world, { role: "AcrPull", scope: "myregistry" }, principal, createIdSource(undefined));
    const run = await attach();
    expect(run.json.attachments).toMatchObject([{ action: "reused" }]);
    expect(changes()).toEqual([]);
  });

  it("says in a dry run what it would do, and writes nothing", async () => {
    const run = await attach(["--dry-run", "--exit-code"]);
    expect(run.code).toBe(5);
    expect(run.json.plan).toMatchObject([
      { target: "role AcrPull on myregistry for the nodes of shop", action: "created" },
    ]);
    expect(changes()).toEqual([]);
  });

  it("grants the other role, and takes the first back, when the registry was switched to ABAC mode", async () => {
    await attach();
    const [registry] = sandbox.world.registries;
    if (registry) registry.roleAssignmentMode = "AbacRepositoryPermissions";
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
    expect(run.stdout).toContain("acr-pull verify --registry myregistry --context shop");
  });

  it("does not go with what a secret or a principal would need", async () => {
    const run = await attach(["-n", "awesomeapps", "--role", "acrpush"]);
    expect(run.code).toBe(2);
    expect(run.json.error.message).toContain("--namespace cannot go with --attach");
    expect(run.json.error.message).toContain("--role cannot go with --attach");
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
    expect(offered.stderr + offered.stdout).toContain("leads to the AKS cluster shop, whose nodes can pull");
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
