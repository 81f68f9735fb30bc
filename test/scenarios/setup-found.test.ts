import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { ApplicationRecord } from "../../src/sandbox/world.ts";
import { runSafely } from "../canary.ts";
import {
  dockerConfigOf,
  entryOf,
  liveAssignments,
  livePasswords,
  marksOf,
  runProgram,
  secretOf,
  setup,
} from "../program.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(async () => {
  await sandbox.close();
});

const config = (auths: unknown) => Buffer.from(JSON.stringify({ auths })).toString("base64");

/** A secret in awesomeapps that somebody else made. */
function addSecret(options: {
  data?: Record<string, string>;
  type?: string;
  metadata?: Record<string, unknown>;
  [field: string]: unknown;
}) {
  const { metadata, type = "kubernetes.io/dockerconfigjson", ...rest } = options;
  return sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Secret",
    type,
    data: { ".dockerconfigjson": config({ "other.example": { username: "u", password: "p" } }) },
    ...rest,
    metadata: { name: "acr-secret", namespace: "awesomeapps", ...metadata },
  });
}

/** The application that setup made. */
function ourApplication(): ApplicationRecord {
  const found = sandbox.world.applications.find(({ uniqueName }) => uniqueName?.startsWith("acr-pull-"));
  if (!found) throw new Error("no application of ours");
  return found;
}

function addPassword(
  application: ApplicationRecord,
  displayName: string | null,
  secretText = "abcStranger~1234567890",
) {
  const keyId = "99999999-9999-4999-8999-999999999999";
  application.passwords.push({
    keyId,
    displayName,
    secretText,
    hint: secretText.slice(0, 3),
    startDateTime: new Date(Date.now() - 86_400_000).toISOString(),
    endDateTime: new Date(Date.now() + 86_400_000_000).toISOString(),
    createdAt: Date.now() - 86_400_000,
  });
  return keyId;
}

/** Lets this many days pass for every living key, and for what the secret in awesomeapps says about it. */
function growOld(world: Sandbox, days: number): void {
  const earlier = (time: string) =>
    `${new Date(Date.parse(time) - days * 86_400_000).toISOString().slice(0, 19)}Z`;
  for (const key of livePasswords(world)) {
    const { startDateTime, endDateTime } = key;
    Object.assign(key, { startDateTime: earlier(startDateTime), endDateTime: earlier(endDateTime) });
  }
  const { annotations } = secretOf(world)?.metadata ?? {};
  const text = annotations?.["acr-pull/entries"];
  if (!annotations || !text) throw new Error("nothing is set up");
  annotations["acr-pull/entries"] = text.replaceAll(/(?<="expiresAt":")[^"]+/g, earlier);
}

function deleteSecret(namespace = "awesomeapps") {
  const secrets = sandbox.world.clusters[0]?.objects["secrets"] ?? [];
  secrets.splice(
    secrets.findIndex(({ metadata }) => metadata.namespace === namespace && metadata.name === "acr-secret"),
    1,
  );
}

/** The result of `run`, and how many requests asked for a change meanwhile. */
async function mutations<T>(run: () => Promise<T>): Promise<{ result: T; count: number }> {
  const before = sandbox.requests.mutating().length;
  const result = await run();
  return { result, count: sandbox.requests.mutating().length - before };
}

describe("setup, where its entry is in order", () => {
  it("changes nothing, and within 30 days of the end says that renewal is due", async () => {
    await setup(sandbox);
    growOld(sandbox, 151);
    const { result, count } = await mutations(() => setup(sandbox));
    expect(result.code).toBe(0);
    expect(count).toBe(0);
    expect(result.json.renewalDue).toBe(true);
    expect(result.json.credentials[0].action).toBe("unchanged");
  });

  it("says of a key that lives 20 days no sooner than in its last third that renewal is due", async () => {
    const args = ["--expires-in", "20d"];
    expect((await setup(sandbox, args)).json.renewalDue).toBe(false);
    growOld(sandbox, 13);
    const young = await setup(sandbox, args);
    expect(young.json.renewalDue).toBe(false);
    expect(young.stderr).not.toContain("renew it");
    growOld(sandbox, 1);
    const old = await setup(sandbox, args);
    expect(old.json.renewalDue).toBe(true);
    expect(old.json.credentials[0]).toMatchObject({
      action: "unchanged",
      keyId: young.json.credentials[0].keyId,
    });
  });

  it("tells a command for keys of 20 days that leaves a new one alone and renews it in its last third", async () => {
    const { stdout } = await runSafely(sandbox, [
      "setup",
      "--registry",
      "myregistry",
      "-y",
      "-n",
      "awesomeapps",
      "--expires-in",
      "20d",
    ]);
    const [, told = ""] = /^ {2}acr-pull (rotate .*)$/m.exec(stdout) ?? [];
    const args = [...told.split(" "), "--settle", "0s", "-o", "json"];
    const state = async () => (await runSafely(sandbox, args)).json.rotations[0].state;
    expect(await state()).toBe("unchanged");
    growOld(sandbox, 13);
    expect(await state()).toBe("unchanged");
    growOld(sandbox, 1);
    expect(await state()).toBe("pending");
  });

  it("keeps a living key when another life is asked for, and says so", async () => {
    const first = await setup(sandbox);
    const { result, count } = await mutations(() => setup(sandbox, ["--expires-in", "90d"]));
    expect(count).toBe(0);
    expect(result.json.credentials[0].keyId).toBe(first.json.credentials[0].keyId);
    expect(result.stderr).toContain(
      "acr-pull rotate --registry myregistry --context sandbox --expires-in 90d",
    );
  });
});

describe("setup, where the entry is missing here and lives elsewhere in the cluster", () => {
  it("copies it and makes no key", async () => {
    const first = await setup(sandbox, ["-n", "default"]);
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.credentials[0]).toMatchObject({
      action: "copied",
      keyId: first.json.credentials[0].keyId,
    });
    expect(run.json.secrets[0].action).toBe("created");
    expect(entryOf(sandbox)).toEqual(entryOf(sandbox, "myregistry", "default"));
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("copies it over bytes that are refused here", async () => {
    await setup(sandbox, ["-n", "default", "-n", "awesomeapps"]);
    const data = secretOf(sandbox)?.["data"] as Record<string, string>;
    const [loginServer] = Object.keys(dockerConfigOf(sandbox).auths);
    data[".dockerconfigjson"] = config({
      [loginServer!]: { username: entryOf(sandbox)?.username, password: "broken" },
    });
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.credentials[0].action).toBe("copied");
    expect(run.json.secrets[0].action).toBe("updated");
    expect(entryOf(sandbox)?.password).toBe(entryOf(sandbox, "myregistry", "default")?.password);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });
});

it("setup, where parts of the service call a password of a moment ago expired, copies it all the same", async () => {
  expect((await setup(sandbox)).code).toBe(0);
  // The caller signs in twice before any key is tried.
  sandbox.setFaults([
    { match: "GET /oauth2/token\\?.*service=", status: 401 },
    { match: "POST .*/oauth2/v2.0/token", nth: 3, status: 401, code: "AADSTS7000222" },
  ]);
  const run = await setup(sandbox, ["-n", "default"]);
  expect(run.code, run.stderr).toBe(0);
  expect(run.json.credentials[0].action).toBe("copied");
  expect(sandbox.requests.entries.filter(({ fault }) => fault !== undefined)).toHaveLength(2);
  expect(livePasswords(sandbox)).toHaveLength(1);
});

describe("setup, where the credential is dead everywhere", () => {
  it.each([
    [
      "expired",
      (application: ApplicationRecord) =>
        (application.passwords[0]!.endDateTime = new Date(Date.now() - 1000).toISOString()),
    ],
    [
      "removed",
      (application: ApplicationRecord) => (application.passwords[0]!.removedAt = Date.now() - 1000),
    ],
  ])("makes a new key when it is %s, and leaves exactly one", async (_how, kill) => {
    const first = await setup(sandbox);
    kill(ourApplication());
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.credentials[0].action).toBe("created");
    expect(run.json.credentials[0].keyId).not.toBe(first.json.credentials[0].keyId);
    expect(livePasswords(sandbox).map(({ keyId }) => keyId)).toEqual([run.json.credentials[0].keyId]);
    expect(ourApplication().passwords.filter(({ removedAt }) => removedAt === undefined)).toHaveLength(1);
  });

  it("removes the dead key that its own entry names, and no other password of the application", async () => {
    await setup(sandbox);
    const data = secretOf(sandbox)?.["data"] as Record<string, string>;
    const [loginServer] = Object.keys(dockerConfigOf(sandbox).auths);
    data[".dockerconfigjson"] = config({
      [loginServer!]: { username: entryOf(sandbox)?.username, password: "broken" },
    });
    const stranger = addPassword(ourApplication(), "a colleague's");
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const left = livePasswords(sandbox)
      .map(({ keyId }) => keyId)
      .sort();
    expect(left).toEqual([run.json.credentials[0].keyId, stranger].sort());
  });
});

describe("setup, where the text in its own secret is broken and a copy that nobody marked holds the key", () => {
  it("makes a new key and leaves the other one alone, so that the copy still pulls", async () => {
    const first = await setup(sandbox);
    const data = secretOf(sandbox)?.["data"] as Record<string, string>;
    const [loginServer] = Object.keys(dockerConfigOf(sandbox).auths);
    addSecret({ data: { ...data }, metadata: { name: "copy", namespace: "default" } });
    data[".dockerconfigjson"] = config({
      [loginServer!]: { username: entryOf(sandbox)?.username, password: "broken" },
    });
    const plan = await setup(sandbox, ["--dry-run"]);
    expect(plan.json.plan.map(({ action }: { action: string }) => action)).not.toContain("removed");
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const [{ keyId }] = run.json.credentials;
    expect(livePasswords(sandbox).map((key) => key.keyId)).toEqual([first.json.credentials[0].keyId, keyId]);
    expect(run.json.keptKeys).toMatchObject([{ keyId: first.json.credentials[0].keyId }]);
    expect(run.json.keptKeys[0].reason).toContain("a secret that acr-pull did not write seems to hold it");
  });
});

describe("setup, where the secret is gone", () => {
  it("makes a new key, keeps the old one and reports it", async () => {
    const first = await setup(sandbox);
    deleteSecret();
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.credentials[0].action).toBe("created");
    expect(run.json.keptKeys).toEqual([expect.objectContaining({ keyId: first.json.credentials[0].keyId })]);
    expect(livePasswords(sandbox)).toHaveLength(2);
  });

  it("and not every namespace may be read, does the same", async () => {
    const first = await setup(sandbox);
    deleteSecret();
    const user = sandbox.world.clusters[0]!.users[0]!;
    user.rules = [
      { verbs: ["get", "create", "patch"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.keptKeys[0].keyId).toBe(first.json.credentials[0].keyId);
  });
});

describe("setup, where the entry names another application", () => {
  it("refuses, and names both; a remove makes room for it", async () => {
    sandbox.world.applications.push();
    await setup(sandbox);
    const created = await startOther();
    const refusal = await mutations(() => setup(sandbox, ["--service-principal", created]));
    expect(refusal.result.code).toBe(2);
    expect(refusal.result.json.error.code).toBe("secret.other-principal");
    expect(refusal.result.json.error.message).toContain(created);
    expect(refusal.count).toBe(0);
    const removed = await runSafely(sandbox, [
      "remove",
      "--registry",
      "myregistry",
      "-n",
      "awesomeapps",
      "-y",
    ]);
    expect(removed.code, removed.stderr).toBe(0);
    const run = await setup(sandbox, ["--service-principal", created]);
    expect(run.code, run.stderr).toBe(0);
    expect(entryOf(sandbox)?.username).toBe(created);
    expect(run.json.servicePrincipals[0].action).toBe("reused");
  });

  it("refuses also when a part of the directory knows nothing of that application", async () => {
    await setup(sandbox);
    await startOther();
    sandbox.setFaults([{ match: "GET .*/applications\\(appId", status: 404, times: 3 }]);
    const { result, count } = await mutations(() => setup(sandbox, ["--service-principal", "shared-puller"]));
    expect([result.code, result.json.error?.code, count], result.stderr).toEqual([
      2,
      "secret.other-principal",
      0,
    ]);
  });

  it("takes over with --adopt a secret that was copied from another cluster", async () => {
    await setup(sandbox);
    const annotations = secretOf(sandbox)!.metadata.annotations!;
    const marks = marksOf(sandbox);
    for (const mark of Object.values(marks)) mark.clusterId = "another-cluster";
    annotations["acr-pull/entries"] = JSON.stringify(marks);
    const refusal = await mutations(() => setup(sandbox));
    const { error } = refusal.result.json;
    expect([refusal.result.code, error.code, refusal.count]).toEqual([2, "secret.not-ours", 0]);
    expect(error.hint).toContain("--adopt");
    expect(error.hint).not.toContain("--service-principal");
    const run = await setup(sandbox, ["--adopt"]);
    expect(run.code, run.stderr).toBe(0);
    expect(Object.values(marksOf(sandbox))[0]!.clusterId).not.toBe("another-cluster");
  });

  it("goes on with a new one when that application is gone for good", async () => {
    const first = await setup(sandbox);
    const { applications, servicePrincipals } = sandbox.world;
    applications.splice(applications.indexOf(ourApplication()), 1);
    servicePrincipals.splice(
      servicePrincipals.findIndex(({ appId }) => appId === first.json.servicePrincipals[0].appId),
      1,
    );
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.servicePrincipals[0]).toMatchObject({ action: "created" });
  });

  /** A second application, which the caller owns. */
  async function startOther(): Promise<string> {
    const { world } = sandbox;
    const appId = "12121212-1212-4121-8121-121212121212";
    const now = Date.now() - 86_400_000;
    const common = {
      createdAt: now,
      displayName: "shared-puller",
      appId,
      owners: [world.caller.objectId],
      passwords: [],
    };
    world.applications.push({
      ...common,
      id: "13131313-1212-4121-8121-121212121212",
      uniqueName: null,
      tags: [],
      notes: null,
      serviceManagementReference: null,
      signInAudience: "AzureADMyOrg",
      keyCredentials: [],
      federatedCredentials: [],
      softDeleted: false,
    });
    world.servicePrincipals.push({
      ...common,
      id: "14141414-1212-4121-8121-121212121212",
      accountEnabled: true,
      servicePrincipalType: "Application",
      appOwnerOrganizationId: world.tenantId,
      graphPermissions: [],
    });
    return Promise.resolve(appId);
  }
});

describe("setup, where the application lies among the deleted ones", () => {
  it("restores it and goes on with the same application", async () => {
    const { world } = sandbox;
    const caller = world.servicePrincipals.find(({ id }) => id === world.caller.objectId);
    caller?.graphPermissions.push("Application.Read.All");
    const first = await setup(sandbox);
    const application = ourApplication();
    application.softDeleted = true;
    application.removedAt = Date.now() - 1000;
    const { servicePrincipals } = sandbox.world;
    servicePrincipals.splice(
      servicePrincipals.findIndex(({ appId }) => appId === application.appId),
      1,
    );
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.servicePrincipals[0].appId).toBe(first.json.servicePrincipals[0].appId);
    expect(ourApplication().softDeleted).toBe(false);
    expect(run.json.verification.status).toBe("passed");
  });
});

describe("setup, where the registry has changed", () => {
  it("moved to another resource group: grants again and updates the mark", async () => {
    await setup(sandbox);
    const { registries } = sandbox.world;
    const moved = { ...registries[0]!, resourceGroup: "moved-group" };
    registries[0] = moved;
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.roleAssignments[0].action).toBe("created");
    expect(run.json.credentials[0].action).toBe("unchanged");
    expect(Object.values(marksOf(sandbox))[0].registry).toContain("/moved-group/");
  });

  it("moved to another resource group: grants what it was limited to, and no more", async () => {
    const limited = ["--registry", "abacregistry", "--role", "acrpush", "--repository", "team/*"];
    const first = await setup(sandbox, limited);
    expect(first.code, first.stderr).toBe(0);
    const { registries } = sandbox.world;
    registries[1] = { ...registries[1]!, resourceGroup: "moved-group" };
    const run = await setup(sandbox, ["--registry", "abacregistry"]);
    expect(run.code, run.stderr).toBe(0);
    const [{ condition, role }] = first.json.roleAssignments;
    expect(run.json.roleAssignments).toMatchObject([
      { role, requestedRole: "acrpush", condition, action: "created" },
    ]);
    expect(run.json.roleAssignments[0].scope).toContain("/moved-group/");
  });

  it("moved where the old roles cannot be seen: says that nothing is carried over", async () => {
    await setup(sandbox, ["--registry", "abacregistry", "--repository", "my-awesome-app"]);
    const { registries, roleAssignments } = sandbox.world;
    registries[1] = { ...registries[1]!, resourceGroup: "moved-group" };
    for (const one of roleAssignments)
      if (one.scope.endsWith("/abacregistry")) one.removedAt = Date.now() - 1000;
    const { json } = await setup(sandbox, ["--registry", "abacregistry", "--dry-run"]);
    expect(json.warnings).toContainEqual(expect.stringContaining("cannot be carried over"));
    const said = ["--role", "acrpull", "--repository", "my-awesome-app", "--dry-run"];
    const again = await setup(sandbox, ["--registry", "abacregistry", ...said]);
    expect(again.json.warnings).toEqual([]);
  });

  it("switched to ABAC mode: grants the role that works there, then takes the other away", async () => {
    await setup(sandbox);
    sandbox.world.registries[0]!.roleAssignmentMode = "AbacRepositoryPermissions";
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const actions = run.json.roleAssignments.map(({ role, action }: { role: string; action: string }) => [
      role,
      action,
    ]);
    expect(actions).toEqual([
      ["Container Registry Repository Reader", "created"],
      ["AcrPull", "removed"],
    ]);
    expect(liveAssignments(sandbox)).toHaveLength(1);
    expect(run.json.credentials[0].action).toBe("unchanged");
  });
});

describe("setup, where a secret of that name exists without its entry", () => {
  it("refuses, shows whose it is and writes nothing", async () => {
    addSecret({ metadata: { labels: { "app.kubernetes.io/managed-by": "team-blue" } } });
    const { result, count } = await mutations(() => setup(sandbox));
    expect(result.code).toBe(2);
    expect(result.json.error).toMatchObject({
      code: "secret.not-ours",
      hint: expect.stringContaining("--adopt"),
    });
    expect(result.json.error.message).toContain("team-blue");
    expect(count).toBe(0);
  });

  it("says before --adopt that a credential for this very registry would be replaced", async () => {
    const host = sandbox.world.registries[0]!.loginServer;
    addSecret({ data: { ".dockerconfigjson": config({ [host]: { username: "u", password: "p" } }) } });
    const refusal = await setup(sandbox);
    expect(refusal.json.error.message).toContain(`holds a credential for ${host}`);
    expect(refusal.json.error.hint).toContain("--adopt to replace that credential");
    const { plan } = (await setup(sandbox, ["--adopt", "--dry-run"])).json;
    expect(plan).toContainEqual(
      expect.objectContaining({ action: "updated", before: { credential: "not made by acr-pull" } }),
    );
  });

  it("adds the entry with --adopt, and leaves foreign hosts, labels and owner alone", async () => {
    addSecret({ metadata: { labels: { "app.kubernetes.io/managed-by": "team-blue", tier: "x" } } });
    const { plan } = (await setup(sandbox, ["--adopt", "--dry-run"])).json;
    expect(plan.at(-1)).toMatchObject({ action: "updated", after: { keeps: ["other.example"] } });
    const run = await setup(sandbox, ["--adopt"]);
    expect(run.code, run.stderr).toBe(0);
    expect(dockerConfigOf(sandbox).auths["other.example"]).toEqual({ username: "u", password: "p" });
    expect(secretOf(sandbox)?.metadata.labels).toEqual({
      "app.kubernetes.io/managed-by": "team-blue",
      tier: "x",
      "acr-pull/managed": "true",
    });
    const { count } = await mutations(() => setup(sandbox));
    expect(count).toBe(0);
  });

  it("refuses a host that somebody else put into a secret of ours", async () => {
    await setup(sandbox);
    const data = secretOf(sandbox)?.["data"] as Record<string, string>;
    const abac = sandbox.world.registries[1]!.loginServer;
    data[".dockerconfigjson"] = config({
      ...dockerConfigOf(sandbox).auths,
      [abac]: { username: "u", password: "p" },
    });
    const { result, count } = await mutations(() => setup(sandbox, ["--registry", "abacregistry"]));
    expect([result.code, result.json.error.code, count]).toEqual([2, "secret.not-ours", 0]);
  });
});

/** So deep that Kubernetes accepts it, but Node's JSON cannot write it again. */
const deep = `${'{"a":'.repeat(6000)}1${"}".repeat(6000)}`;

describe("setup, where the secret can never be written", () => {
  it.each([
    [
      "malformed",
      { data: { ".dockerconfigjson": Buffer.from('{"auths":[]}').toString("base64") } },
      "secret.malformed",
    ],
    [
      "nested too deep",
      { data: { ".dockerconfigjson": Buffer.from(`{"auths":{},"other":${deep}}`).toString("base64") } },
      "secret.malformed",
    ],
    ["of another type", { type: "Opaque", data: {} }, "secret.wrong-type"],
    ["immutable", { immutable: true }, "secret.immutable"],
    [
      "owned by a controller",
      { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "SealedSecret", name: "x", uid: "u" }] } },
      "secret.reconciled",
    ],
    [
      "written by Flux",
      { metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "apps" } } },
      "secret.reconciled",
    ],
    [
      "written by Argo CD",
      { metadata: { annotations: { "argocd.argoproj.io/tracking-id": "x" } } },
      "secret.reconciled",
    ],
    [
      "marked beyond reading",
      { metadata: { annotations: { "acr-pull/entries": "{" } } },
      "secret.marks-malformed",
    ],
    [
      "marked too deep",
      {
        metadata: {
          annotations: {
            "acr-pull/entries": `{"other.example":{"registry":"r","clusterId":"c","more":${deep}}}`,
          },
        },
      },
      "secret.marks-malformed",
    ],
  ])("because it is %s, refuses even with --adopt and writes nothing", async (_what, secret, code) => {
    addSecret(secret);
    const { result, count } = await mutations(() => setup(sandbox, ["--adopt"]));
    expect([result.code, result.json.error.code, count]).toEqual([2, code, 0]);
  });

  it("because our own entry is in a secret that a reconciler writes, refuses", async () => {
    await setup(sandbox);
    secretOf(sandbox)!.metadata.labels!["kustomize.toolkit.fluxcd.io/name"] = "apps";
    livePasswords(sandbox)[0]!.removedAt = Date.now() - 1000;
    const { result, count } = await mutations(() => setup(sandbox));
    expect([result.code, result.json.error.code, count]).toEqual([2, "secret.reconciled", 0]);
  });
});

describe("setup, where a stranger registered our name first", () => {
  /** Registers the application that setup would use, as any member of the tenant could. */
  async function squat(change: (application: ApplicationRecord) => void): Promise<ApplicationRecord> {
    const plan = await setup(sandbox, ["--dry-run"]);
    const created = plan.json.plan.find(({ target }: { target: string }) =>
      target.startsWith("application "),
    );
    const application: ApplicationRecord = {
      id: "15151515-1212-4121-8121-121212121212",
      appId: "16161616-1212-4121-8121-121212121212",
      displayName: created.after.displayName as string,
      uniqueName: created.after.uniqueName as string,
      tags: ["acr-pull"],
      notes: null,
      serviceManagementReference: null,
      signInAudience: "AzureADMyOrg",
      passwords: [],
      keyCredentials: [],
      federatedCredentials: [],
      owners: [],
      softDeleted: false,
      createdAt: Date.now() - 86_400_000,
    };
    change(application);
    sandbox.world.applications.push(application);
    return application;
  }

  const clusterId = () =>
    sandbox.world.clusters[0]!.objects["namespaces"]!.find(({ metadata }) => metadata.name === "kube-system")!
      .metadata.uid;

  it.each([
    ["a password of his own", (application: ApplicationRecord) => void addPassword(application, "mine")],
    [
      "a password that carries our display name",
      (application: ApplicationRecord) =>
        void addPassword(application, `acr-pull/${clusterId()}/${clusterId()}`),
    ],
    [
      "a certificate",
      (application: ApplicationRecord) =>
        void application.keyCredentials.push({ keyId: "k", displayName: "c" }),
    ],
    [
      "a federated credential",
      (application: ApplicationRecord) =>
        void application.federatedCredentials.push({
          id: "f",
          name: "n",
          issuer: "i",
          subject: "s",
          audience: "a",
        }),
    ],
    [
      "himself as its owner",
      (application: ApplicationRecord) => void application.owners.push(sandbox.world.users[0]!.id),
    ],
  ])("with %s, he is granted nothing and nothing is written", async (_what, change) => {
    await squat(change);
    const { result, count } = await mutations(() => setup(sandbox));
    expect([result.code, result.json.error.code, count]).toEqual([2, "service-principal.not-ours", 0]);
    expect(liveAssignments(sandbox)).toEqual([]);
  });

  /** The service principal of the squatted application. */
  function addPrincipal(
    { appId, displayName }: ApplicationRecord,
    owners: string[],
    passwords: ApplicationRecord["passwords"] = [],
  ) {
    sandbox.world.servicePrincipals.push({
      id: "18181818-1212-4121-8121-121212121212",
      appId,
      displayName,
      accountEnabled: true,
      servicePrincipalType: "Application",
      appOwnerOrganizationId: sandbox.world.tenantId,
      owners,
      passwords,
      graphPermissions: [],
      createdAt: Date.now() - 86_400_000,
    });
  }

  const ownedByCaller = (application: ApplicationRecord) =>
    void application.owners.push(sandbox.world.caller.objectId);

  it.each([
    [
      "a password of his",
      (application: ApplicationRecord) => {
        addPassword(application, "mine");
        addPrincipal(application, [], application.passwords.splice(0));
      },
    ],
    [
      "himself as its owner",
      (application: ApplicationRecord) => addPrincipal(application, [sandbox.world.users[0]!.id]),
    ],
  ])("and left on its service principal %s, he is granted nothing", async (_what, leave) => {
    leave(await squat(ownedByCaller));
    const { result, count } = await mutations(() =>
      setup(sandbox, ["--role", "owner", "--allow-privileged-role", "owner"]),
    );
    expect([result.code, result.json.error.code, count]).toEqual([2, "service-principal.not-ours", 0]);
    expect(liveAssignments(sandbox)).toEqual([]);
  });

  it("and lets a secret of another namespace speak for his key, he is granted nothing and his key is copied nowhere", async () => {
    const application = await squat((squatted) => {
      addPassword(squatted, `acr-pull/${clusterId()}/op1`);
      ownedByCaller(squatted);
    });
    addPrincipal(application, []);
    const host = sandbox.world.registries[0]!.loginServer;
    const { keyId, secretText } = application.passwords[0]!;
    const mark = { registry: "/x", clusterId: clusterId(), appId: application.appId, keyId };
    addSecret({
      data: {
        ".dockerconfigjson": config({ [host]: { username: application.appId, password: secretText } }),
      },
      metadata: {
        name: "planted",
        namespace: "default",
        labels: { "acr-pull/managed": "true" },
        annotations: { "acr-pull/entries": JSON.stringify({ [host]: mark }) },
      },
    });
    const { result, count } = await mutations(() => setup(sandbox));
    expect([result.code, result.json.error.code, count]).toEqual([2, "service-principal.not-ours", 0]);
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("and deleted it again with his password in it, it is not restored", async () => {
    const { world } = sandbox;
    const caller = world.servicePrincipals.find(({ id }) => id === world.caller.objectId);
    caller?.graphPermissions.push("Application.Read.All");
    await squat((application) => {
      addPassword(application, "mine");
      application.softDeleted = true;
      application.removedAt = Date.now() - 1000;
    });
    const { result, count } = await mutations(() => setup(sandbox));
    expect([result.code, result.json.error.code, count]).toEqual([2, "service-principal.not-ours", 0]);
  });

  it("an application that only the caller can use or change is taken", async () => {
    await squat((application) => void application.owners.push(sandbox.world.caller.objectId));
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });

  it("an application that already holds our role is taken, whoever owns it", async () => {
    await setup(sandbox);
    ourApplication().owners.push(sandbox.world.users[0]!.id);
    const { result, count } = await mutations(() => setup(sandbox));
    expect([result.code, count]).toEqual([0, 0]);
  });
});

describe("setup, with a service principal named on purpose", () => {
  it("refuses a name that several applications bear, with the candidates", async () => {
    await setup(sandbox);
    const first = ourApplication();
    sandbox.world.applications.push({
      ...first,
      id: "other",
      appId: "17171717-1212-4121-8121-121212121212",
      uniqueName: null,
    });
    const { result, count } = await mutations(() =>
      setup(sandbox, ["--service-principal", first.displayName]),
    );
    expect([result.code, result.json.error.code, count]).toEqual([2, "service-principal.ambiguous", 0]);
    expect(result.json.error.message).toContain(first.appId);
  });

  it("refuses one that is not there", async () => {
    const run = await runProgram(sandbox, [
      "setup",
      "--registry",
      "myregistry",
      "-y",
      "-o",
      "json",
      "--service-principal",
      "nobody",
    ]);
    expect([run.code, run.json.error.code]).toEqual([2, "service-principal.not-found"]);
  });
});
