import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { ApplicationRecord } from "../../src/sandbox/world.ts";
import { runSafely } from "../canary.ts";
import { livePasswords, type Run, type RunOptions } from "../program.ts";
import { change, expectFailure, expectRefusal, type Refusal } from "./refusals.ts";
import { countingWrites } from "./rotation.ts";

const first = "0a0a0a0a-0000-4000-8000-000000000001";
const second = "0a0a0a0a-0000-4000-8000-000000000002";
const shared = "0b0b0b0b-0000-4000-8000-000000000001";

let sandbox: Sandbox;

/** `setup` as JSON, without questions. */
function setup(args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const defaults = [
    ...(args.includes("--registry") ? [] : ["--registry", "myregistry"]),
    ...(args.includes("-n") ? [] : ["-n", "awesomeapps"]),
  ];
  return runSafely(sandbox, ["setup", ...defaults, "-y", "-o", "json", ...args], options);
}

const callerPrincipal = () =>
  sandbox.world.servicePrincipals.find(({ appId }) => appId === sandbox.world.caller.appId)!;
const ada = () => sandbox.world.users[0]!;
const adminOf = (context: string) => sandbox.world.clusters.find((one) => one.context === context)!.users[0]!;

/** Gives the caller these roles on every subscription, in place of Owner. The returned function undoes that. */
function roles(...names: string[]): () => void {
  const { roleAssignments, caller } = sandbox.world;
  const held = roleAssignments.filter(({ principalId }) => principalId === caller.objectId);
  const guids: Readonly<Record<string, string>> = {
    Contributor: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    Reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  };
  const others = held.flatMap((one) =>
    names.map((name) => ({
      ...one,
      name: `${one.name}-${name}`,
      id: `${one.id}-${name}`,
      roleDefinitionId: one.roleDefinitionId.replace(/[^/]+$/, guids[name] ?? ""),
    })),
  );
  const before = [...roleAssignments];
  roleAssignments.splice(0, Infinity, ...before.filter((one) => !held.includes(one)), ...others);
  return () => void roleAssignments.splice(0, Infinity, ...before);
}

/** A copy of the kubeconfig with one text replaced by another. */
async function kubeconfigWith(from: string, to: string): Promise<RunOptions["env"]> {
  const file = join(await mkdtemp(join(sandbox.folder, "kubeconfig-")), "config");
  await writeFile(file, (await readFile(sandbox.kubeconfigPath, "utf8")).replaceAll(from, to));
  return { KUBECONFIG: file };
}

/** A folder that is empty, or that holds an `az` with this script. */
async function pathWith(az?: string): Promise<string> {
  const folder = await mkdtemp(join(sandbox.folder, "path-"));
  if (az !== undefined) {
    await writeFile(join(folder, "az"), `#!/bin/sh\n${az}\n`);
    await chmod(join(folder, "az"), 0o755);
  }
  return folder;
}

const noVariables = {
  AZURE_TENANT_ID: undefined,
  AZURE_CLIENT_ID: undefined,
  AZURE_CLIENT_SECRET: undefined,
};

function sharedApplication(): ApplicationRecord {
  return sandbox.world.applications.find(({ appId }) => appId === shared)!;
}

async function startShared(): Promise<void> {
  sandbox = await startSandbox({
    subscriptions: [
      { subscriptionId: first, displayName: "First" },
      { subscriptionId: second, displayName: "Second" },
    ],
    registries: [
      { name: "myregistry" },
      { name: "twinregistry", resourceGroup: "here" },
      { name: "twinregistry", resourceGroup: "there", subscriptionId: second },
      { name: "farregistry", subscriptionId: second },
      { name: "wallregistry", firewalled: true },
      { name: "innerregistry", firewalled: true, network: { publicAccess: false, privateEndpoints: 1 } },
    ],
    applications: [{ displayName: "shared-puller", appId: shared }],
  });
  sharedApplication().owners.push(ada().id);
}

describe("setup, refused before anything is written", () => {
  beforeAll(startShared);
  afterAll(() => sandbox.close());

  const signIn: Refusal[] = [
    {
      what: "nobody is signed in, for there is no az and no variable",
      env: async () => ({ ...noVariables, PATH: await pathWith() }),
      exit: 3,
      code: "azure.not-signed-in",
      says: ["Not signed in", "the Azure CLI", "not installed"],
      hint: ["az login", "AZURE_CLIENT_SECRET", "--auth device-code", "--auth managed-identity"],
    },
    {
      what: "az is not signed in",
      args: ["--auth", "cli"],
      env: async () => ({
        PATH: await pathWith("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1"),
      }),
      exit: 3,
      code: "azure.not-signed-in",
      says: ["--auth cli", "az login"],
      hint: ["Run az login"],
    },
    {
      what: "the tenant does not exist",
      env: () => ({ AZURE_TENANT_ID: second }),
      exit: 3,
      code: "azure.wrong-tenant",
      says: ["AADSTS90002", second],
      hint: ["--tenant", "--cloud"],
    },
    {
      what: "another tenant is asked for than the one that signs in",
      args: ["--tenant", second],
      exit: 3,
      code: "azure.wrong-tenant",
      says: [second],
      hint: ["--tenant"],
    },
    {
      what: "the client secret is wrong",
      env: () => ({ AZURE_CLIENT_SECRET: "not-the-one" }),
      exit: 3,
      code: "azure.not-signed-in",
      says: ["AADSTS7000215: Invalid client secret provided."],
      hint: ["AZURE_CLIENT_SECRET"],
    },
    {
      what: "Conditional Access refuses this machine",
      arrange: ({ world }) => change(world.policy, "conditionalAccessBlocks", true),
      exit: 3,
      code: "azure.conditional-access",
      says: ["AADSTS53003", `this machine, ${hostname()}`],
      hint: ["policy for workload identities", "exclude the application", "addresses"],
    },
    {
      what: "the certificate authority of the cloud is not trusted",
      env: () => ({ NODE_EXTRA_CA_CERTS: undefined }),
      exit: 1,
      code: "azure.untrusted-certificate",
      says: ["certificate"],
      hint: ["NODE_EXTRA_CA_CERTS"],
    },
  ];

  const registry: Refusal[] = [
    {
      what: "no subscription is visible",
      arrange: () => roles(),
      exit: 3,
      code: "azure.no-subscription",
      says: [/sees no subscription in tenant [-0-9a-f]{36}/],
      hint: ["--tenant", "az login --tenant", "resource id", "Reader"],
    },
    {
      what: "a subscription that is named is not visible",
      args: ["--subscription", "Third"],
      exit: 3,
      code: "azure.no-subscription",
      says: [/"Third" in tenant [-0-9a-f]{36}/],
      hint: ["--subscription", "--tenant"],
    },
    {
      what: "there is no such registry",
      args: ["--registry", "nosuchregistry"],
      exit: 2,
      code: "registry.not-found",
      says: ["nosuchregistry", /any subscription you can see in tenant [-0-9a-f]{36}/],
      hint: ["Reader", "--tenant"],
    },
    {
      what: "the registry lies outside the subscription named",
      args: ["--registry", "farregistry", "--subscription", "First"],
      exit: 2,
      code: "registry.not-found",
      says: ["farregistry", "subscription First"],
      hint: ["Reader"],
    },
    {
      what: "two subscriptions hold a registry of that name, whatever AZURE_SUBSCRIPTION_ID says",
      args: ["--registry", "twinregistry"],
      env: () => ({ AZURE_SUBSCRIPTION_ID: second }),
      exit: 2,
      code: "registry.ambiguous",
      says: [
        "2 registries",
        `/subscriptions/${first}/resourceGroups/here/`,
        `/subscriptions/${second}/resourceGroups/there/`,
        /localhost:\d+ .*localhost:\d+ /s,
      ],
      hint: ["login server", "resource id", "--subscription"],
    },
    {
      what: "a password would go to a login server outside the cloud",
      unasked: true,
      args: [
        "--registry",
        "myregistry.evil.example",
        "--cloud",
        "AzureCloud",
        "--service-principal",
        shared,
        "--password-stdin",
      ],
      input: "a-known-password",
      exit: 2,
      code: "registry.foreign-host",
      says: ["myregistry.evil.example", "acr-pull sends no password there"],
      hint: [".azurecr.io", "--cloud"],
    },
    {
      what: "the registry's firewall refuses this machine",
      args: ["--registry", "wallregistry"],
      exit: 2,
      code: "registry.firewall",
      says: ["network rules", "127.0.0.1"],
      hint: ["Allow 127.0.0.1", "--proof entra"],
      requestId: true,
    },
    {
      what: "public access to the registry is off",
      args: ["--registry", "innerregistry"],
      exit: 2,
      code: "registry.firewall",
      says: ["Public access to registry localhost:", "is off"],
      hint: [/^Run this in a network .* private endpoints, or with --proof entra/],
      requestId: true,
    },
  ];

  const rights: Refusal[] = [
    {
      what: "the directory lets the caller do nothing",
      arrange: () => change(callerPrincipal(), "graphPermissions", []),
      exit: 3,
      code: "directory.forbidden",
      says: ["Insufficient privileges"],
      hint: ["Application.ReadWrite.OwnedBy", "Application Administrator"],
      requestId: true,
    },
    {
      what: "the caller may read the directory and not register in it",
      arrange: () => change(callerPrincipal(), "graphPermissions", ["Application.Read.All"]),
      exit: 3,
      code: "directory.forbidden",
      says: ["may not register applications"],
      tried: true,
      hint: ["Application.ReadWrite.OwnedBy", "Application Developer", "--service-principal"],
    },
    {
      what: "the caller may not assign roles",
      arrange: () => roles("Contributor"),
      exit: 3,
      code: "roles.forbidden",
      says: ["may not assign roles on myregistry", "Microsoft.Authorization/roleAssignments/write"],
      hint: ["Owner", "User Access Administrator", "Role Based Access Control Administrator"],
    },
    {
      what: "the caller is no owner of the application it is to use",
      args: ["--service-principal", shared],
      exit: 3,
      code: "directory.not-owner",
      says: ["not an owner", "shared-puller", shared],
      tried: true,
      hint: [/Its owners: .*[0-9a-f-]{36}/, "add "],
    },
    {
      what: "the application it is to use has no owner",
      args: ["--service-principal", shared],
      arrange: ({ world }) => {
        const { owners } = world.applications.find(({ appId }) => appId === shared)!;
        const before = owners.splice(0);
        return () => void owners.push(...before);
      },
      exit: 3,
      code: "directory.not-owner",
      says: ["not an owner", "shared-puller"],
      tried: true,
      hint: [/^It has no owner\. .*Application Administrator.* --owner-object-id [0-9a-f-]{36}$/],
    },
    {
      what: "the tenant's policy allows less life than was asked for, and may be read",
      args: ["--expires-in", "180d"],
      arrange: ({ world }) => {
        const undo = [
          change(world.policy, "maxPasswordLifetime", "P90D"),
          change(world.policy, "readable", true),
        ];
        return () => undo.forEach((one) => one());
      },
      exit: 3,
      code: "directory.password-lifetime",
      says: ["policy", "180d"],
      hint: ["The tenant allows at most 90d", "--expires-in 90d"],
    },
    {
      what: "the tenant's policy allows no passwords, and may be read",
      arrange: ({ world }) => {
        const undo = [
          change(world.policy, "passwordsForbidden", true),
          change(world.policy, "readable", true),
        ];
        return () => undo.forEach((one) => one());
      },
      exit: 3,
      code: "directory.passwords-forbidden",
      says: ["no passwords"],
      hint: ["exemption"],
    },
  ];

  const secretRule = (verbs: string[]) => [
    { verbs, resources: ["secrets"], namespaces: ["awesomeapps"] },
    { verbs: ["get"], resources: ["namespaces"] },
  ];

  const kubernetes: Refusal[] = [
    {
      what: "the context does not exist",
      unasked: true,
      args: ["--context", "sandbx"],
      exit: 2,
      code: "kubernetes.context-not-found",
      says: ["sandbx"],
      hint: ["sandbox", "sandbox-staging"],
    },
    {
      what: "there is no kubeconfig",
      unasked: true,
      env: () => ({ KUBECONFIG: "/nowhere/config" }),
      exit: 2,
      code: "kubernetes.kubeconfig-missing",
      says: ["/nowhere/config"],
      hint: ["--kubeconfig", "KUBECONFIG"],
    },
    {
      what: "the kubeconfig is empty",
      unasked: true,
      env: () => ({ KUBECONFIG: "/dev/null" }),
      exit: 2,
      code: "kubernetes.no-current-context",
      says: ["has no contexts"],
      hint: ["--kubeconfig"],
    },
    {
      what: "the namespace does not exist",
      args: ["-n", "awesomeaps"],
      exit: 2,
      code: "kubernetes.namespace-not-found",
      says: ["awesomeaps", "sandbox"],
      hint: ["--create-namespace"],
    },
    {
      what: "the cluster does not know the user (401)",
      env: () => kubeconfigWith(adminOf("sandbox").token, "another-token"),
      exit: 3,
      code: "kubernetes.unauthorized",
      says: ["sandbox", "not signed in"],
      hint: ["Sign in again", "kubectl"],
      requestId: true,
    },
    {
      what: "the user may not read secrets (403)",
      arrange: () => change(adminOf("sandbox"), "rules", secretRule(["create", "patch"])),
      exit: 3,
      code: "kubernetes.forbidden",
      says: ["may not get secret awesomeapps/acr-secret"],
      hint: ["--verb=get,create,patch", "--resource=secrets", "rolebinding"],
      requestId: true,
    },
    {
      what: "the user may not create secrets (403)",
      arrange: () => change(adminOf("sandbox"), "rules", secretRule(["get", "patch"])),
      exit: 3,
      code: "kubernetes.forbidden",
      says: ["may not create secret awesomeapps/acr-secret"],
      hint: ["--verb=get,create,patch"],
      requestId: true,
    },
    {
      what: "the user may not patch secrets, which the mark of a key being made needs (403)",
      arrange: () => change(adminOf("sandbox"), "rules", secretRule(["get", "create"])),
      exit: 3,
      code: "kubernetes.forbidden",
      says: ["may not patch secret awesomeapps/acr-secret"],
      hint: ["--verb=get,create,patch"],
    },
    {
      what: "somebody else is always faster (409)",
      faults: [{ match: "POST .*/secrets", status: 409, times: 99 }],
      exit: 1,
      code: "busy",
      says: ["Another run works on", "awesomeapps/acr-secret"],
      hint: ["again"],
      retryable: true,
    },
    {
      what: "the secret has no room left for a mark, and the cluster does not accept it so (422)",
      args: ["--adopt"],
      arrange: ({ world }) => {
        sandbox.addObject("sandbox", {
          apiVersion: "v1",
          kind: "Secret",
          type: "kubernetes.io/dockerconfigjson",
          metadata: {
            name: "acr-secret",
            namespace: "awesomeapps",
            annotations: { note: "x".repeat(262_100) },
          },
          data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
        });
        return () => void world.clusters[0]!.objects["secrets"]!.pop();
      },
      exit: 2,
      code: "kubernetes.invalid",
      says: ["rejects the new content", "awesomeapps/acr-secret"],
      hint: ["--secret-name"],
      requestId: true,
    },
    {
      what: "the cluster cannot be reached",
      args: ["--timeout", "1s"],
      env: () => kubeconfigWith(sandbox.world.clusters[0]!.server, "https://localhost:1"),
      exit: 1,
      code: "kubernetes.unreachable",
      says: ["sandbox", "cannot be reached"],
      hint: ["kubectl --context sandbox cluster-info"],
      retryable: true,
    },
  ];

  const waits: Refusal[] = [
    {
      what: "Azure does not answer within --timeout",
      args: ["--timeout", "1s"],
      faults: [{ match: "GET /subscriptions", action: "hang", times: 99 }],
      exit: 1,
      code: "azure.unreachable",
      says: ["no answer within 1 s"],
      hint: ["again"],
      retryable: true,
    },
    {
      what: "the cluster does not answer within --timeout",
      args: ["--timeout", "1s"],
      faults: [{ match: "GET /api/v1/", action: "hang", times: 99 }],
      exit: 1,
      code: "kubernetes.timed-out",
      says: ["did not answer in time"],
      hint: ["again"],
      retryable: true,
    },
    {
      what: "the registry does not answer within --timeout",
      args: ["--timeout", "1s"],
      faults: [{ match: "GET /v2/", action: "hang", times: 99 }],
      exit: 1,
      code: "registry.unreachable",
      says: ["no answer within 1 s"],
      hint: ["--proof entra"],
      retryable: true,
    },
  ];

  const everything = [...signIn, ...registry, ...rights, ...kubernetes, ...waits].map(
    (one) => [one.what, one] as const,
  );
  it.each(everything)("because %s", async (_what, scenario) => {
    await expectRefusal(sandbox, "setup", scenario, setup);
    const left = [livePasswords(sandbox), sandbox.world.clusters[0]!.objects["secrets"]];
    expect(left, "what is left").toEqual([[], []]);
  });

  it("tells people the same, with its code and without a document", async () => {
    const run = await runSafely(sandbox, ["setup", "--registry", "twinregistry", "--verbose", "-y"]);
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toMatch(
      /^error\[registry.ambiguous\]: 2 registries are called twinregistry:\n {9}localhost:\d+ {2}\/sub/m,
    );
  });

  it.each([
    ["--subscription by name", () => ["--registry", "twinregistry", "--subscription", "Second"]],
    ["--subscription by id", () => ["--registry", "twinregistry", "--subscription", second]],
    ["the login server", () => ["--registry", sandbox.world.registries[2]!.loginServer]],
    [
      "the resource id",
      () => [
        "--registry",
        `/subscriptions/${second}/resourceGroups/there/providers/Microsoft.ContainerRegistry/registries/twinregistry`,
      ],
    ],
  ])("finds the one that is meant by %s", async (_how, args) => {
    const run = await setup([...args(), "--dry-run"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.registry.loginServer).toBe(sandbox.world.registries[2]!.loginServer);
  });
});

describe("setup, refused or stopped once it has begun", () => {
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox.close());

  it("by a policy on the life of passwords that may not be read: says so, and goes on with a shorter one", async () => {
    const { policy } = sandbox.world;
    policy.maxPasswordLifetime = "P90D";
    const run = await setup();
    expectFailure(run, "setup", {
      exit: 3,
      code: "directory.password-lifetime",
      says: ["policy forbids a password that is valid for 180d"],
      hint: ["You may not read what the policy allows", "--expires-in max"],
      requestId: true,
    });
    const again = await setup(["--expires-in", "max"]);
    expect(again.code, again.stderr).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
    delete policy.maxPasswordLifetime;
  });

  it("by a policy against passwords that may not be read", async () => {
    sandbox.world.policy.passwordsForbidden = true;
    const run = await setup(["--registry", "abacregistry"]);
    expectFailure(run, "setup", {
      exit: 3,
      code: "directory.passwords-forbidden",
      says: ["no passwords"],
      hint: ["exemption"],
      requestId: true,
    });
    expect(livePasswords(sandbox)).toHaveLength(1);
    delete sandbox.world.policy.passwordsForbidden;
  });

  it("by a tenant that wants a service management reference, and goes on with one", async () => {
    sandbox.world.policy.serviceTreeRequired = true;
    const args = ["--context", "sandbox-staging"];
    const run = await setup(args);
    expectFailure(run, "setup", {
      exit: 2,
      code: "directory.service-tree",
      says: ["service management reference"],
      hint: ["--service-management-reference"],
      requestId: true,
    });
    const reference = "0c0c0c0c-0000-4000-8000-000000000001";
    const again = await setup([...args, "--service-management-reference", reference]);
    expect(again.code, again.stderr).toBe(0);
    const made = sandbox.world.applications.find(
      ({ appId }) => appId === again.json.servicePrincipals[0].appId,
    );
    expect(made?.serviceManagementReference).toBe(reference);
    delete sandbox.world.policy.serviceTreeRequired;
  });

  it("by a registry that does not come to know the credential within --timeout, and goes on", async () => {
    sandbox.setFaults([{ match: "GET /oauth2/token", status: 401, times: 9999 }]);
    const args = ["-n", "default", "--registry", "abacregistry", "--secret-name", "late"];
    const run = await setup([...args, "--timeout", "2s"]);
    expectFailure(run, "setup", {
      exit: 4,
      code: "proof.refused",
      says: ["refused the credential"],
      hint: ["ten minutes", "again"],
      retryable: true,
    });
    sandbox.setFaults([]);
    const again = await setup(args);
    expect(again.code, again.stderr).toBe(0);
  });
});

describe("setup, where the registry's firewall refuses this machine", () => {
  it("goes on with --proof entra, and says that the registry was not asked", async () => {
    sandbox = await startSandbox({ registries: [{ name: "wallregistry", firewalled: true }] });
    try {
      const args = ["--registry", "wallregistry", "--proof", "entra"];
      const run = await setup(args);
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.verification).toMatchObject({ status: "skipped", reason: "registry-unreachable" });
      const { result, writes } = await countingWrites(sandbox, () => setup(args));
      expect([result.code, writes]).toEqual([0, 0]);
      expect(result.json.credentials[0].action).toBe("unchanged");
    } finally {
      await sandbox.close();
    }
  });
});

describe("setup, with exactly the rights that it asks for", () => {
  it("does the whole job, and nothing again", async () => {
    sandbox = await startSandbox({
      checkInvariants: true,
      caller: {
        graphPermissions: ["Application.ReadWrite.OwnedBy"],
        roles: [
          { role: "Reader", scope: "myregistry" },
          { role: "Role Based Access Control Administrator", scope: "myregistry" },
        ],
      },
      clusters: [
        {
          context: "sandbox",
          rules: [
            { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: ["awesomeapps"] },
            { verbs: ["get"], resources: ["namespaces"], namespaces: ["kube-system", "awesomeapps"] },
          ],
        },
      ],
    });
    try {
      const run = await setup();
      expect(run.code, run.stderr).toBe(0);
      expect(run.json.verification.status).toBe("passed");
      const { result, writes } = await countingWrites(sandbox, () => setup());
      expect([result.code, writes]).toEqual([0, 0]);
      expect(sandbox.violations).toEqual([]);
    } finally {
      await sandbox.close();
    }
  });
});

/** Takes over a terminal where it can: a title, a color, a cleared screen, reversed letters, a line of its own. */
const hostile = "\u001b]0;owned\u0007\u001b[31mred\u009b2J\u202egnp\u200b\r\n\u2028error: forged";

describe("setup, among names that mean harm", () => {
  beforeAll(async () => {
    await startShared();
    sandbox.world.users.splice(0, 1, { ...ada(), displayName: hostile, userPrincipalName: hostile });
    sharedApplication().displayName = hostile;
  });
  afterAll(() => sandbox.close());

  /** `setup` for people. Its output is checked for control characters, and must not hold a line that others made up. */
  async function forPeople(args: readonly string[], env: RunOptions["env"] = {}): Promise<Run> {
    const namespace = args.includes("-n") ? [] : ["-n", "awesomeapps"];
    const all = ["setup", "--registry", "myregistry", ...namespace, "-y", ...args];
    const run = await runSafely(sandbox, all, { env });
    expect(run.stdout + run.stderr).not.toMatch(/^\s*error: forged/m);
    return run;
  }

  it("of an application and its owner", async () => {
    const restore = change(callerPrincipal(), "graphPermissions", [
      "Application.ReadWrite.OwnedBy",
      "Directory.Read.All",
    ]);
    const run = await forPeople(["--service-principal", shared]);
    restore();
    expect(run.code, run.stderr).toBe(3);
    expect(run.stderr).toMatch(/not an owner of the application .*red.*Its owners: .*red/s);
  });

  it("of an application that is used, also in documents", async () => {
    sharedApplication().owners.push(sandbox.world.caller.objectId);
    const args = ["--service-principal", shared];
    const done = await forPeople(args);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("red");
    const planned = await forPeople([...args, "--dry-run", "--verbose"]);
    expect(planned.stdout).toContain("red");
    const document = await setup(args);
    expect(document.json.servicePrincipals[0].displayName).toBe(hostile);
  });

  it.each([
    ["labels", { labels: { "app.kubernetes.io/managed-by": hostile } }],
    ["field managers", { managedFields: [{ manager: hostile, operation: "Update" }] }],
    ["owners", { ownerReferences: [{ apiVersion: "v1", kind: hostile, name: hostile, uid: "u" }] }],
    [
      "marks",
      {
        labels: { "acr-pull/managed": "true" },
        annotations: {
          "acr-pull/entries": JSON.stringify({
            HOST: { registry: hostile, clusterId: hostile, appId: `x'; reboot; ${hostile}`, keyId: hostile },
          }),
        },
      },
    ],
  ])("in the %s of a secret", async (_where, metadata) => {
    const { loginServer } = sandbox.world.registries[0]!;
    const text = JSON.stringify(metadata).replace("HOST", loginServer);
    const secrets = sandbox.world.clusters[0]!.objects["secrets"]!;
    const secret = sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") },
      metadata: { name: "hostile", namespace: "awesomeapps" },
    });
    // No API server would accept all of this. A hostile one may answer it.
    Object.assign(secret.metadata, JSON.parse(text));
    const run = await forPeople(["--secret-name", "hostile"]);
    secrets.pop();
    expect(run.code, run.stderr).toBe(2);
    expect(run.stderr).not.toContain("; reboot;");
  });

  it.each(["/v1\\.0/", "/subscriptions", "/api/v1", "/v2/", "/oauth2/v2\\.0/token"])(
    "in the refusals of %s",
    async (path) => {
      sandbox.setFaults([{ match: path, status: 400, code: hostile, times: 99 }]);
      const run = await forPeople(["--debug"]);
      sandbox.setFaults([]);
      expect(run.code, run.stderr).not.toBe(0);
    },
  );

  it("in the id of a registry, where a letter is cut in two", async () => {
    const registry = sandbox.world.registries[0]!;
    const before = { resourceGroup: registry.resourceGroup };
    Object.assign(registry, { resourceGroup: "group\ud800" });
    const run = await forPeople([]);
    Object.assign(registry, before);
    expect(run.stderr).toContain("Resource group 'group\ufffd' could not be found.");
  });

  it("of a context", async () => {
    const env = await kubeconfigWith('"sandbox"', JSON.stringify(hostile));
    const done = await forPeople(["-n", "default"], env);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout).toContain("red");
    const failed = await forPeople(["-n", "nowhere"], env);
    expect(failed.code, failed.stderr).toBe(2);
    expect(failed.stderr).toContain("red");
  });
});
