import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
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
  sandbox = await startSandbox({ checkInvariants: true });
});
afterEach(async () => {
  const { violations } = sandbox;
  await sandbox.close();
  // Whatever a scenario is about, nobody's pull broke and nothing foreign changed.
  if (violations.length > 0) throw new Error(JSON.stringify(violations));
});

describe("setup in an empty world", () => {
  it("gives a namespace a pull secret, and answers with the one document of the contract", async () => {
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const [registry] = sandbox.world.registries;
    const [password] = livePasswords(sandbox);
    const clusterId = run.json.credentials[0].clusterId as string;
    expect(run.json).toMatchObject({
      schemaVersion: 1,
      command: "setup",
      ok: true,
      exitCode: 0,
      registry: {
        name: "myregistry",
        loginServer: registry?.loginServer,
        roleAssignmentMode: "LegacyRegistryPermissions",
      },
      servicePrincipals: [
        {
          context: "sandbox",
          action: "created",
          displayName: `acr-pull-myregistry-${clusterId.slice(0, 8)}`,
        },
      ],
      roleAssignments: [{ requestedRole: "acrpull", role: "AcrPull", condition: null, action: "created" }],
      credentials: [{ context: "sandbox", keyId: password?.keyId, action: "created" }],
      secrets: [{ context: "sandbox", namespace: "awesomeapps", name: "acr-secret", action: "created" }],
      serviceAccounts: [],
      verification: { status: "passed" },
      renewalDue: false,
    });
    expect(run.json).not.toHaveProperty("error");
  });

  it("writes a dockerconfigjson secret with its marks, and the key's text nowhere else", async () => {
    const run = await setup(sandbox);
    const [password] = livePasswords(sandbox);
    const entry = entryOf(sandbox);
    expect(secretOf(sandbox)).toMatchObject({
      type: "kubernetes.io/dockerconfigjson",
      metadata: { labels: { "acr-pull/managed": "true", "app.kubernetes.io/managed-by": "acr-pull" } },
    });
    expect(entry?.password).toBe(password?.secretText);
    expect(Buffer.from(entry?.auth ?? "", "base64").toString()).toBe(`${entry?.username}:${entry?.password}`);
    const mark = Object.values(marksOf(sandbox))[0];
    expect(mark).toMatchObject({ appId: entry?.username, keyId: password?.keyId, role: "acrpull" });
    expect(mark).not.toHaveProperty("pending");
    expect(Date.parse(mark.expiresAt)).toBe(
      Math.floor(Date.parse(password?.endDateTime ?? "") / 1000) * 1000,
    );
    expect(run.stdout + run.stderr).not.toContain(password?.secretText.slice(3));
  });

  it("names the key after the cluster and its operation, and lets it live 180 days", async () => {
    await setup(sandbox);
    const [password] = livePasswords(sandbox);
    expect(password?.displayName).toMatch(/^acr-pull\/[0-9a-f-]{36}\/[0-9a-f-]{36}$/);
    const days =
      (Date.parse(password?.endDateTime ?? "") - Date.parse(password?.startDateTime ?? "")) / 86_400_000;
    expect(Math.round(days)).toBe(180);
  });

  it("grants the role on the registry alone", async () => {
    await setup(sandbox);
    const granted = liveAssignments(sandbox);
    expect(granted.map(({ scope }) => scope)).toEqual([
      expect.stringMatching(/\/providers\/Microsoft\.ContainerRegistry\/registries\/myregistry$/),
    ]);
  });
});

describe("setup run again", () => {
  it("changes nothing and asks for no change", async () => {
    const first = await setup(sandbox);
    const before = sandbox.requests.mutating().length;
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(sandbox.requests.mutating().length).toBe(before);
    expect(again.json.credentials[0].keyId).toBe(first.json.credentials[0].keyId);
    const { servicePrincipals, roleAssignments, credentials, secrets } = again.json;
    for (const { action } of [...servicePrincipals, ...roleAssignments, ...credentials, ...secrets]) {
      expect(action).toBe("unchanged");
    }
    expect(again.json.verification.status).toBe("passed");
  });

  it("for another registry merges a second entry into the same secret, in place", async () => {
    await setup(sandbox);
    const uid = secretOf(sandbox)?.metadata.uid;
    const first = entryOf(sandbox);
    const run = await setup(sandbox, ["--registry", "abacregistry"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.roleAssignments[0].role).toBe("Container Registry Repository Reader");
    expect(Object.keys(dockerConfigOf(sandbox).auths)).toHaveLength(2);
    expect(entryOf(sandbox)).toEqual(first);
    expect(entryOf(sandbox, "abacregistry")).toBeDefined();
    expect(secretOf(sandbox)?.metadata.uid).toBe(uid);
    expect(Object.keys(marksOf(sandbox))).toHaveLength(2);
  });
});

describe("setup --dry-run", () => {
  it("prints the plan as data and writes nothing", async () => {
    const run = await setup(sandbox, ["--dry-run"]);
    expect(run.code, run.stderr).toBe(0);
    expect(sandbox.requests.mutating()).toEqual([]);
    expect(run.json).toMatchObject({ schemaVersion: 1, command: "setup", ok: true, exitCode: 0 });
    const actions = Object.fromEntries(
      run.json.plan.map(({ target, action }: { target: string; action: string }) => [
        target.split(" ")[0],
        action,
      ]),
    );
    expect(actions).toMatchObject({
      application: "created",
      role: "created",
      key: "created",
      secret: "created",
    });
  });

  it("with --exit-code says by 5 that changes are pending, and by 0 that none are", async () => {
    expect((await setup(sandbox, ["--dry-run", "--exit-code"])).code).toBe(5);
    await setup(sandbox);
    expect((await setup(sandbox, ["--dry-run", "--exit-code"])).code).toBe(0);
  });

  it("plans what is then done, line by line", async () => {
    const planned = (await setup(sandbox, ["--dry-run", "-n", "default"])).json.plan as Array<{
      target: string;
      action: string;
    }>;
    const done = await setup(sandbox, ["-n", "default"]);
    const secret = planned.find(({ target }) => target.startsWith("secret "));
    expect(secret).toMatchObject({
      target: "secret sandbox/default/acr-secret",
      action: done.json.secrets[0].action,
    });
    expect(planned.filter(({ action }) => action === "created").length).toBe(5);
  });
});

describe("setup on stdout and stderr", () => {
  it("as text keeps the answer on stdout, the talk on stderr, and no control codes in either", async () => {
    const run = await runProgram(sandbox, ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain("imagePullSecrets:");
    expect(run.stdout).toContain(
      "acr-pull setup --registry myregistry --namespace awesomeapps --context sandbox --yes",
    );
    expect(run.stderr).toContain("Assigned AcrPull on myregistry only");
    expect(run.stdout + run.stderr).not.toContain("\u001B");
  });

  it("without --yes and without a terminal asks for every missing input in one error, and sends no request", async () => {
    const run = await runProgram(sandbox, ["setup", "-o", "json"]);
    expect(run.code).toBe(2);
    expect(run.json.error.message).toContain("--registry");
    expect(run.json.error.message).toContain("--yes");
    expect(sandbox.requests.entries).toEqual([]);
  });
});
