import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely, secretsIn } from "../canary.ts";
import {
  dockerConfigOf,
  entryOf,
  liveAssignments,
  livePasswords,
  marksOf,
  programPath,
  runProgram,
  secretOf,
  type Run,
  type RunOptions,
} from "../program.ts";

let sandbox: Sandbox;
let folder: string;

function sharedSandbox(options: SandboxOptions = {}): void {
  beforeAll(async () => {
    sandbox = await startSandbox({ checkInvariants: true, ...options });
    folder = await mkdtemp(join(tmpdir(), "acr-pull-options-"));
  });
  afterAll(async () => {
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  });
}

/** `setup` as JSON, without questions. Its output is searched for secrets. */
function setup(args: readonly string[] = [], options: Parameters<typeof runSafely>[2] = {}): Promise<Run> {
  const defaults = [
    ...(args.includes("--registry") ? [] : ["--registry", "myregistry"]),
    ...(args.includes("-n") ? [] : ["-n", "awesomeapps"]),
  ];
  return runSafely(sandbox, ["setup", ...defaults, "-y", "-o", "json", ...args], options);
}

/** A run that must succeed. */
async function succeed(args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  const run = await setup(args, options);
  expect(run.code, run.stderr).toBe(0);
  return run;
}

/** The result of `work`, and how many requests asked for a change meanwhile. */
async function mutations<T>(work: () => Promise<T>): Promise<{ result: T; count: number }> {
  const before = sandbox.requests.mutating().length;
  const result = await work();
  return { result, count: sandbox.requests.mutating().length - before };
}

/** Exit code, error code and the number of changes of a run that must be refused. */
async function refusal(args: readonly string[], options: RunOptions = {}): Promise<unknown[]> {
  const { result, count } = await mutations(() => setup(args, options));
  return [result.code, result.json.error?.code, count];
}

const day = 86_400_000;
const known = "Kn0wn~password-of-the-shared-one";
const shared = "0d0d0d0d-0000-4000-8000-000000000001";

describe("setup with a service principal and a password that are known", () => {
  sharedSandbox({
    applications: [
      {
        displayName: "shared-puller",
        appId: shared,
        owners: ["caller"],
        passwords: [{ displayName: "by hand", secretText: known }],
        roles: [{ role: "AcrPull", scope: "myregistry" }],
      },
    ],
  });
  const application = () => sandbox.world.applications.find(({ appId }) => appId === shared)!;
  const principal = () => sandbox.world.servicePrincipals.find(({ appId }) => appId === shared)!;

  it("--password-stdin with a login server calls nothing but the registry and the cluster, and changes nothing again", async () => {
    const { loginServer } = sandbox.world.registries[0]!;
    const args = `--registry ${loginServer} --service-principal ${shared} --password-stdin`
      .concat(" --secret-name without-azure")
      .split(" ");
    const noCredentials = {
      AZURE_TENANT_ID: undefined,
      AZURE_CLIENT_ID: undefined,
      AZURE_CLIENT_SECRET: undefined,
    };
    const before = sandbox.requests.entries.length;
    const run = await succeed(args, { env: noCredentials, input: `${known}\n` });
    const services = new Set(sandbox.requests.entries.slice(before).map(({ service }) => service));
    expect([...services].sort()).toEqual(["cluster sandbox", "registry myregistry"]);
    expect(run.json).toMatchObject({
      registry: { id: null, loginServer, roleAssignmentMode: null },
      credentials: [{ appId: shared, keyId: null, expiresAt: null, action: "reused" }],
      roleAssignments: [],
      verification: { status: "passed" },
    });
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "without-azure")?.password).toBe(known);
    const { result, count } = await mutations(() => setup(args, { env: noCredentials, input: known }));
    expect([result.code, count]).toEqual([0, 0]);
  });

  it("--password-stdin is read up to its newline; the key is recognised by its hint, and none is made", async () => {
    const run = await succeed(["--service-principal", shared, "--password-stdin"], { input: `${known}\r\n` });
    const [key] = application().passwords;
    expect(run.json.credentials[0]).toMatchObject({ appId: shared, keyId: key?.keyId, action: "reused" });
    expect(application().passwords).toHaveLength(1);
    expect(marksOf(sandbox)[sandbox.world.registries[0]!.loginServer]).toMatchObject({ keyId: key?.keyId });
  });

  it("two keys of the same beginning leave the key's id unknown", async () => {
    const [key] = application().passwords;
    application().passwords.push({
      ...key!,
      keyId: "0e0e0e0e-0000-4000-8000-000000000001",
      secretText: `${known}2`,
    });
    const run = await succeed(
      ["--service-principal", shared, "--password-stdin", "--secret-name", "two-keys"],
      { input: known },
    );
    application().passwords.pop();
    expect(run.json.credentials[0]).toMatchObject({ keyId: null, expiresAt: null });
  });

  it.each([
    ["a wrong password", "Kn0-but-wrong", "credential.refused"],
    ["an empty one", "\n", "usage.password"],
    ["two lines", "one\ntwo\n", "usage.password"],
  ])("refuses %s and writes nothing", async (_what, input, code) => {
    const args = ["--service-principal", shared, "--password-stdin", "--secret-name", "wrong"];
    const { result, count } = await mutations(() => setup(args, { input, secrets: ["Kn0-but-wrong"] }));
    expect([result.code, result.json.error.code, count]).toEqual([2, code, 0]);
  });

  it.each([
    ["application id", () => shared],
    ["object id", () => application().id],
    ["principal's object id", () => principal().id],
    ["name", () => "shared-puller"],
  ])("finds the principal by its %s, and reuses the role it holds", async (_how, reference) => {
    const { result, count } = await mutations(() =>
      succeed(["--service-principal", reference(), "--dry-run"]),
    );
    expect(count).toBe(0);
    const actions = (result.json.plan as Array<{ target: string; action: string }>).map(
      ({ target, action }) => [target, action],
    );
    expect(actions).toContainEqual(["application shared-puller", "unchanged"]);
    expect(actions).toContainEqual(["role assignment AcrPull on myregistry", "reused"]);
    expect(actions).toContainEqual(["secret sandbox/awesomeapps/acr-secret", "unchanged"]);
  });

  it("reports roles that are not ours, and leaves them alone", async () => {
    const held = sandbox.world.roleAssignments.find(({ principalId }) => principalId === principal().id);
    const scope = held!.scope.replace(/\/providers\/.*/, "");
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/by-hand`;
    sandbox.world.roleAssignments.push({ ...held!, id, name: "by-hand", scope });
    const run = await succeed(["--service-principal", shared]);
    expect(run.json.extraRoles).toEqual([{ id, role: "AcrPull", scope }]);
    expect(run.stderr).toContain("also holds AcrPull");
    expect(sandbox.world.roleAssignments.at(-1)?.removedAt).toBeUndefined();
  });

  it("changes no role of a principal that other clusters' keys sign in as", async () => {
    const other = "0f0f0f0f-0000-4000-8000-000000000001";
    const key = application().passwords[0]!;
    const args = ["--registry", "abacregistry", "--service-principal", shared, "--secret-name", "of-two"];
    await succeed([...args, "--role", "acrpush"]);
    application().passwords.push({ ...key, keyId: other, displayName: `acr-pull/${other}/${other}` });
    expect(await refusal([...args, "--role", "acrpull"])).toEqual([2, "roles.shared-principal", 0]);
    application().passwords.pop();
  });

  it("does not touch an assignment of somebody else that stands in the way", async () => {
    const granted = liveAssignments(sandbox).find(({ scope }) => scope.endsWith("abacregistry"))!;
    const foreign = { ...granted, name: "by-hand", id: `${granted.id}-by-hand` };
    sandbox.world.roleAssignments.splice(sandbox.world.roleAssignments.indexOf(granted), 1, foreign);
    const args = ["--registry", "abacregistry", "--service-principal", shared, "--secret-name", "of-two"];
    const limited = [...args, "--role", "acrpush", "--repository", "team/*"];
    const { result, count } = await mutations(() => setup(limited));
    expect([result.code, result.json.error.code, count]).toEqual([2, "roles.foreign-assignment", 0]);
    expect(result.json.error.hint).toContain("az role assignment delete --ids");
  });

  it("breaks no pull by all of this", () => expect(sandbox.violations).toEqual([]));
});

describe("setup --role and --repository", () => {
  sharedSandbox();
  const roles = ({ json }: Run) =>
    json.roleAssignments.map(({ role, action }: { role: string; action: string }) => [role, action]);

  it("downgrades: grants what is asked, proves it, then takes the other away", async () => {
    expect(roles(await succeed(["--role", "acrpush"]))).toEqual([["AcrPush", "created"]]);
    const planned = await succeed(["--role", "acrpull", "--dry-run"]);
    expect(planned.json.plan).toContainEqual(
      expect.objectContaining({ target: "role assignment AcrPush on myregistry", action: "removed" }),
    );
    const run = await succeed(["--role", "acrpull"]);
    expect(roles(run)).toEqual([
      ["AcrPull", "created"],
      ["AcrPush", "removed"],
    ]);
    expect(run.stderr).toContain("every namespace of the cluster that uses this service principal");
    expect(liveAssignments(sandbox)).toHaveLength(1);
    expect(Object.values(marksOf(sandbox))[0].role).toBe("acrpull");
  });

  it("owner needs its own consent, which --yes is not, and is refused before any request", async () => {
    const before = sandbox.requests.entries.length;
    expect(await refusal(["--role", "owner"])).toEqual([2, "usage.missing-input", 0]);
    expect(sandbox.requests.entries.length).toBe(before);
    const env = { ACR_PULL_ALLOW_PRIVILEGED_ROLE: "owner" };
    expect(await refusal(["--role", "owner"], { env })).toEqual([2, "usage.missing-input", 0]);
  });

  it("owner is Owner, and in ABAC mode the role that reaches the content beside it", async () => {
    const args = ["--role", "owner", "--allow-privileged-role=owner"];
    expect(roles(await succeed([...args, "-n", "default", "--secret-name", "owner"]))).toEqual([
      ["Owner", "created"],
      ["AcrPull", "removed"],
    ]);
    const abac = await succeed([...args, "--registry", "abacregistry"]);
    expect(roles(abac)).toEqual([
      ["Owner", "created"],
      ["Container Registry Repository Contributor", "created"],
    ]);
    expect(roles(await succeed(["--registry", "abacregistry", "--role", "acrpull"]))).toEqual([
      ["Container Registry Repository Reader", "created"],
      ["Owner", "removed"],
      ["Container Registry Repository Contributor", "removed"],
    ]);
  });

  it("--repository limits every data action, and another list changes the condition in place", async () => {
    const args = ["--registry", "abacregistry", "--role", "acrpush", "--context", "sandbox-staging"];
    const first = await succeed([...args, "--repository", "team/*"]);
    const { id, condition } = first.json.roleAssignments[0];
    for (const action of ["content/read", "content/write", "metadata/read", "metadata/write"]) {
      expect(condition).toContain(`registries/repositories/${action}'`);
    }
    expect(condition).toContain("StringStartsWithIgnoreCase 'team/'");
    const second = await succeed([...args, "--repository", "team/*", "--repository", "my-awesome-app"]);
    expect(second.json.roleAssignments[0]).toMatchObject({ id, action: "updated" });
    expect(second.json.roleAssignments[0].condition).toContain("StringEqualsIgnoreCase 'my-awesome-app'");
    expect(liveAssignments(sandbox).filter((one) => one.id === id)).toHaveLength(1);
    const { result, count } = await mutations(() =>
      setup([...args, "--repository", "my-awesome-app", "--repository", "team/*"]),
    );
    expect([result.code, count]).toEqual([0, 0]);
    expect(result.json.roleAssignments[0].action).toBe("unchanged");
  });

  it("--repository is refused on a registry that cannot limit roles", async () => {
    expect(await refusal(["--repository", "team/*"])).toEqual([2, "repository.needs-abac", 0]);
  });

  it("breaks no pull by all of this", () => expect(sandbox.violations).toEqual([]));
});

describe("setup, what it makes and how it proves it", () => {
  sharedSandbox({
    caller: { graphPermissions: ["Application.ReadWrite.All", "Directory.Read.All"] },
  });
  const made = (run: Run) =>
    sandbox.world.applications.find(({ appId }) => appId === run.json.servicePrincipals[0].appId)!;

  it("--name, --owner and --expires-in describe what is made; an owner is added later too", async () => {
    const ada = sandbox.world.users[0]!.id;
    const args = ["--name", "team blue's puller", "--expires-in", "90d"];
    const run = await succeed(args);
    expect(made(run)).toMatchObject({ displayName: "team blue's puller", owners: [] });
    const life = Date.parse(run.json.credentials[0].expiresAt) - Date.now();
    expect(Math.round(life / day)).toBe(90);
    await succeed([...args, "--owner", ada]);
    expect(made(run).owners).toEqual([ada]);
    const { result, count } = await mutations(() => setup([...args, "--owner", ada.toUpperCase()]));
    expect([result.code, count]).toEqual([0, 0]);
    const text = await runSafely(sandbox, [
      "setup",
      "--registry",
      "myregistry",
      "-n",
      "awesomeapps",
      "-y",
      ...args,
    ]);
    expect(text.stdout).toContain(String.raw`--name 'team blue'\''s puller' --expires-in 90d --yes`);
    expect(text.stderr).not.toContain("keeps the name");
    const renamed = await setup(["--name", "another", "--expires-in", "180d", "--dry-run"]);
    expect(renamed.json.warnings).toEqual([
      expect.stringContaining("keeps the name team blue's puller"),
      expect.stringContaining("The key in use is valid for 90 days"),
    ]);
  });

  it("--expires-in max takes as long as the tenant allows, else as long as the directory gives", async () => {
    const { policy } = sandbox.world;
    policy.maxPasswordLifetime = "P30D";
    policy.readable = true;
    const args = ["--expires-in", "max", "--context", "sandbox-staging"];
    const capped = await succeed(args);
    expect(Math.round((Date.parse(capped.json.credentials[0].expiresAt) - Date.now()) / day)).toBe(30);
    delete policy.maxPasswordLifetime;
    const free = await succeed([...args, "--registry", "abacregistry"]);
    expect(Math.round((Date.parse(free.json.credentials[0].expiresAt) - Date.now()) / day)).toBe(730);
  });

  it("--image is pulled for the proof, and one that is missing is told", async () => {
    const before = sandbox.requests.entries.length;
    await succeed(["--image", "my-awesome-app:v1"]);
    const asked = sandbox.requests.entries.slice(before).map(({ method, path }) => `${method} ${path}`);
    expect(asked).toContain("HEAD /v2/my-awesome-app/manifests/v1");
    const missing = await setup(["--image", "my-awesome-app:v2"]);
    expect([missing.code, missing.json.error.code]).toEqual([1, "proof.image-missing"]);
    const copy = await setup(["-n", "default", "--image", "my-awesome-app:v2"]);
    expect([copy.code, copy.json.error.code], "to another namespace").toEqual([1, "proof.image-missing"]);
    expect(copy.json.secrets).toMatchObject([{ namespace: "default", action: "skipped" }]);
    expect(copy.json.credentials).toMatchObject([{ action: "unchanged" }]);
    expect(missing.json.error.message).toMatch(/^localhost:\d+ has no image my-awesome-app:v2$/);
  });

  it("--credentials-file holds what signs in, for its owner alone", async () => {
    const file = join(folder, "credentials.json");
    const run = await succeed(["--secret-name", "with-file", "-n", "default", "--credentials-file", file]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { credentials } = JSON.parse(await readFile(file, "utf8")) as {
      credentials: Array<Record<string, string>>;
    };
    const entry = entryOf(sandbox, "myregistry", "default", "with-file");
    expect(credentials).toEqual([
      expect.objectContaining({
        loginServer: run.json.registry.loginServer,
        tenantId: sandbox.world.tenantId,
        appId: entry?.username,
        password: entry?.password,
        keyId: run.json.credentials[0].keyId,
      }),
    ]);
    const before = sandbox.requests.entries.length;
    expect(await refusal(["--credentials-file", file])).toEqual([2, "credentials-file.exists", 0]);
    expect(sandbox.requests.entries.length).toBe(before);
  });

  it("--credentials-file holds the credential in use also when none is made, and is not asked for again", async () => {
    await succeed([]);
    const file = join(folder, "again.json");
    const args = "setup --registry myregistry -n awesomeapps -y --credentials-file".split(" ");
    const { result, count } = await mutations(() => runSafely(sandbox, [...args, file]));
    expect([result.code, count]).toEqual([0, 0]);
    expect(await readFile(file, "utf8")).toContain(JSON.stringify(entryOf(sandbox)?.password));
    expect(result.stdout).toContain(
      "acr-pull setup --registry myregistry --namespace awesomeapps --context sandbox --yes",
    );
    expect(result.stdout).not.toContain("--credentials-file");
  });

  it("--namespace-selector that no API server could read is refused before any request", async () => {
    const before = sandbox.requests.entries.length;
    const run = await setup(["--namespace-selector", "a in (b"]);
    expect([run.code, run.json.error.code]).toEqual([2, "usage.invalid-value"]);
    expect(run.json.error.message).toContain("It must be a label selector");
    expect(sandbox.requests.entries.length).toBe(before);
  });

  it("breaks no pull by all of this", () => expect(sandbox.violations).toEqual([]));
});

describe("setup --dry-run", () => {
  sharedSandbox();

  it("writes nothing, whatever else is asked", async () => {
    const file = join(folder, "never");
    const ada = sandbox.world.users[0]!.id;
    const args = `-n awesomeapps -n fresh --create-namespace --service-account default --role owner --adopt
      --name x --owner ${ada} --expires-in max --credentials-file ${file} --secret-name s --dry-run`.split(
      /\s+/,
    );
    const { result, count } = await mutations(() => setup(args));
    expect([result.code, count], result.stderr).toEqual([0, 0]);
    await expect(stat(file)).rejects.toThrow("ENOENT");
    const targets = (result.json.plan as Array<{ target: string }>).map(({ target }) => target);
    expect(targets).toEqual(
      expect.arrayContaining([
        "role assignment Owner on myregistry",
        "namespace sandbox/fresh",
        "secret sandbox/fresh/s",
        "service account sandbox/fresh/default",
        "owners of the application",
      ]),
    );
  });

  it("needs no consent", async () => {
    const run = await runSafely(sandbox, [
      "setup",
      "--registry",
      "myregistry",
      "-n",
      "awesomeapps",
      "--dry-run",
    ]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/^Plan for myregistry \(localhost:\d+\)\n/);
  });
});

describe("setup, told by flags and by variables", () => {
  sharedSandbox();
  const variables = {
    ACR_PULL_REGISTRY: "myregistry",
    ACR_PULL_NAMESPACE: "default, awesomeapps",
    ACR_PULL_SECRET_NAME: "from-variable",
    ACR_PULL_SERVICE_ACCOUNT: "default",
    ACR_PULL_CONTEXT: "sandbox-staging",
    ACR_PULL_NAME: "from-variable",
    ACR_PULL_EXPIRES_IN: "20d",
    ACR_PULL_ROLE: "acrpush",
    ACR_PULL_IMAGE: "my-awesome-app:v1",
    ACR_PULL_OUTPUT: "json",
  };

  it("takes variables, and flags before them", async () => {
    const run = await runSafely(sandbox, ["setup", "-y"], { env: variables });
    expect(run.code, run.stderr).toBe(0);
    const { json } = run;
    expect(json.servicePrincipals[0]).toMatchObject({
      context: "sandbox-staging",
      displayName: "from-variable",
    });
    expect(json.roleAssignments[0].role).toBe("AcrPush");
    expect(
      json.secrets.map((one: { namespace: string; name: string }) => `${one.namespace}/${one.name}`),
    ).toEqual(["awesomeapps/from-variable", "default/from-variable"]);
    expect(json.serviceAccounts).toHaveLength(2);
    const { createdAt, expiresAt } = json.credentials[0];
    expect(Math.round((Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000)).toBe(20);
    expect(json.renewalDue).toBe(false);

    const flags = [
      "-n",
      "awesomeapps",
      "--secret-name",
      "from-flag",
      "--context",
      "sandbox",
      "--role",
      "acrpull",
    ];
    const beaten = await runSafely(sandbox, ["setup", "-y", "--name", "from-flag", "-o", "json", ...flags], {
      env: variables,
    });
    expect(beaten.code, beaten.stderr).toBe(0);
    expect(beaten.json.servicePrincipals).toMatchObject([{ displayName: "from-flag" }]);
    expect(secretOf(sandbox, "awesomeapps", "from-flag", "sandbox")).toBeDefined();
    expect(secretOf(sandbox, "default", "from-flag", "sandbox")).toBeUndefined();
  });

  it("takes no consent from a variable, and says so", async () => {
    const env = { ACR_PULL_YES: "true", ACR_PULL_ADOPT: "true" };
    const args = ["setup", "--registry", "myregistry", "-n", "default", "-o", "json"];
    const { result, count } = await mutations(() => runSafely(sandbox, args, { env }));
    expect([result.code, result.json.error.code, count]).toEqual([2, "usage.missing-input", 0]);
    expect(result.stderr).toContain("ACR_PULL_YES is not a variable of acr-pull, and is not read");
    expect(result.stderr).toContain("ACR_PULL_ADOPT is not a variable");
  });

  it("--kubeconfig wins over KUBECONFIG, and --context may be repeated", async () => {
    const file = join(folder, "kubeconfig");
    await writeFile(file, await readFile(sandbox.kubeconfigPath, "utf8"));
    const contexts = ["--context", "sandbox", "--context", "sandbox-staging"];
    const run = await succeed(["--kubeconfig", file, ...contexts], { env: { KUBECONFIG: "/nowhere" } });
    expect(run.json.secrets.map(({ context }: { context: string }) => context)).toEqual([
      "sandbox",
      "sandbox-staging",
    ]);
  });

  it("--quiet says nothing when all is well, --verbose the plan too, --debug where an error arose", async () => {
    const args = ["setup", "--registry", "myregistry", "-y", "--secret-name", "talk"];
    const quiet = await runSafely(sandbox, [...args, "--quiet"]);
    expect([quiet.code, quiet.stdout, quiet.stderr]).toEqual([0, "", ""]);
    const verbose = await runSafely(sandbox, [...args, "--verbose", "-n", "kube-public"]);
    expect(verbose.stderr).toContain("Plan for ");
    const debug = await runSafely(sandbox, [...args, "--debug", "-n", "nowhere"]);
    expect(debug.code).toBe(2);
    expect(debug.stderr).toMatch(/ActionableError: .*nowhere.*\n\s+at /);
  });

  it("AZURE_LOG_LEVEL, known to whoever uses Azure's SDKs, tells of each request to Azure and of no secret", async () => {
    const from = sandbox.requests.entries.length;
    const run = await setup([], { env: { AZURE_LOG_LEVEL: "info" } });
    expect(run.code, run.stderr).toBe(0);
    const sent = sandbox.requests.entries.slice(from).filter(({ path }) => path.startsWith("/v1.0/"));
    expect(sent).not.toEqual([]);
    for (const { path } of sent) expect(run.stderr).toContain(path);
  });

  it("runs in a sandbox of its own with --sandbox", async () => {
    const args = ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y", "-o", "json", "--sandbox"];
    const run = await runProgram(undefined, args);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json).toMatchObject({ ok: true, secrets: [{ namespace: "awesomeapps", action: "created" }] });
  });

  it("is the plugin of kubectl by its other name", async () => {
    const plugin = join(folder, "kubectl-acr_pull");
    await symlink(programPath, plugin);
    const env = { PATH: process.env["PATH"], HOME: folder, ...sandbox.environment };
    const args = ["setup", "--registry", "myregistry", "-n", "default", "-y"];
    const { stdout } = await promisify(execFile)(process.execPath, [plugin, ...args], { env });
    expect(stdout).toContain(
      "kubectl acr-pull setup --registry myregistry --namespace default --context sandbox --yes",
    );
    expect(secretsIn(stdout, sandbox)).toEqual([]);
  });
});

describe("the search for secrets in outputs", () => {
  sharedSandbox();

  it("finds each of them in every form", async () => {
    await succeed();
    const [password] = livePasswords(sandbox);
    const { username, auth } = entryOf(sandbox)!;
    const data = JSON.stringify(dockerConfigOf(sandbox));
    const text = password!.secretText;
    const { caller, clusters } = sandbox.world;
    const token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2V4YW1wbGUifQ.c2lnbmF0dXJl";
    const forms = [text, auth, btoa(text), btoa(`${username}:${text}`), data, caller.secretText];
    for (const form of [...forms, clusters[0]!.users[0]!.token, token]) {
      expect(secretsIn(`before ${form} after`, sandbox), form.slice(0, 3)).not.toEqual([]);
    }
    expect(secretsIn(`key ${password!.keyId} of ${username}`, sandbox)).toEqual([]);
  });
});
