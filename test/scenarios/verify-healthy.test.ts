import { describe, it, type TestContext } from "vitest";
import { createIdSource } from "../../src/sandbox/new-id.ts";
import { assign } from "../../src/sandbox/new-role-assignment.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { setup, type ResultDocument, type Run } from "../program.ts";
import { changedOver } from "./already-set-up.ts";
import {
  checksOf,
  entry,
  idsOf,
  joinGroup,
  limitTo,
  linkAccount,
  madeByHand,
  putContent,
  regrant,
  rightEntry,
  setUpWorld,
  theSecret,
  verify,
  addWaitingPod,
  type SetUpWorld,
} from "./verification.ts";

const noSignIn = {
  AZURE_TENANT_ID: undefined,
  AZURE_CLIENT_ID: undefined,
  AZURE_CLIENT_SECRET: undefined,
};
const dayMs = 86_400_000;

async function opened(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  options?: SandboxOptions,
): Promise<SetUpWorld> {
  const world = await setUpWorld(options);
  onTestFinished(() => world.sandbox.close());
  return world;
}

async function bare(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  options?: SandboxOptions,
): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** The checks that raised an alarm, and why. */
function alarms(run: Run): unknown[] {
  return [...checksOf(run, "fail"), ...checksOf(run, "warn")].map(({ id, message }) => [id, message]);
}

const proven = ["sign-in", "pull-scope", "host", "registry-reachable"];

describe.concurrent("verify raises no alarm", () => {
  it("right after setup", async (context) => {
    const { expect } = context;
    const sandbox = await bare(context);
    expect((await setup(sandbox, ["--service-account", "default"])).code).toBe(0);
    const before = sandbox.requests.mutating().length;
    const run = await verify(sandbox, ["--image", "my-awesome-app:v1"]);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "skip")).toEqual([]);
    expect(sandbox.requests.mutating()).toHaveLength(before);
  });

  it("right after setup for some repositories of a registry in ABAC mode, whether an image is named or not", async (context) => {
    const { expect } = context;
    const sandbox = await bare(context);
    const made = await setup(sandbox, ["--registry", "abacregistry", "--repository", "my-awesome-app"]);
    expect(made.code, made.stderr).toBe(0);
    for (const args of [[], ["--image", "my-awesome-app:v1"], ["--registry", "abacregistry"]]) {
      const run = await verify(sandbox, args);
      expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
      expect(idsOf(run, "pass")).toEqual(
        expect.arrayContaining([...proven, "expiry", "role", "role-condition"]),
      );
    }
  });

  it("during a rotation's grace, and tells the password before it", async (context) => {
    const { expect } = context;
    const sandbox = await bare(context);
    changedOver(sandbox);
    const run = await verify(sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "pass")).toContain("second-entry");
  });

  it("at a secret that kubectl made, of whatever name, and does not miss acr-secret then", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    madeByHand(world);
    theSecret(world).metadata.name = "regcred";
    const run = await verify(world.sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "pass")).toEqual(expect.arrayContaining([...proven, "expiry", "role"]));
  });

  it("at a secret of several hosts, and sends each registry its own password alone", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    const { sandbox } = world;
    const other = sandbox.world.registries[1]!;
    regrant(
      world,
      { role: "AcrPull" },
      { role: "Container Registry Repository Reader", scope: "abacregistry" },
    );
    putContent(world, {
      "ghcr.io": entry("somebody", "a-password-of-theirs"),
      [world.loginServer]: rightEntry(world),
      [other.loginServer]: rightEntry(world),
      "https://index.docker.io/v1/": entry("somebody", "another-of-theirs"),
    });
    const run = await verify(sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(new Set(run.json.checks.map(({ target }: ResultDocument) => target.host))).toEqual(
      new Set([undefined, world.loginServer, other.loginServer]),
    );
    world.registry.images.push({ repository: "only-here", tag: "v1" });
    const image = await verify(sandbox, ["--image", "only-here:v1", "--registry", "myregistry"]);
    expect([image.code, alarms(image)], image.stdout).toEqual([0, []]);
    const nowhere = await verify(sandbox, ["--image", "nowhere:v1"]);
    expect([nowhere.code, idsOf(nowhere, "fail")]).toEqual([5, ["image", "image"]]);
    const one = await verify(sandbox, ["--registry", "abacregistry"]);
    expect(new Set(one.json.checks.map(({ target }: ResultDocument) => target.host))).toEqual(
      new Set([undefined, other.loginServer]),
    );
  });

  it("at an entry whose host has a scheme before it: the kubelet cuts it off", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    putContent(world, { [`https://${world.loginServer}`]: rightEntry(world) });
    const run = await verify(world.sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
  });

  it("without a sign-in to Azure: what Azure would tell is skipped, and the pull is proven all the same", async (context) => {
    const { expect } = context;
    const { sandbox } = await opened(context);
    const run = await verify(sandbox, ["--auth", "environment"], { env: noSignIn });
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "pass")).toEqual(expect.arrayContaining(proven));
    expect(idsOf(run, "skip")).toEqual(expect.arrayContaining(["expiry", "role"]));
    const [skipped] = checksOf(run, "skip");
    expect(skipped.message).toMatch(/^Could not sign in \(--auth environment\)/);
  });

  it("without a sign-in to Azure, at a role that is limited to repositories nobody named", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    limitTo(world, "my-awesome-app");
    const run = await verify(world.sandbox, ["--auth", "environment"], { env: noSignIn });
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    const scope = run.json.checks.find(({ id }: { id: string }) => id === "pull-scope");
    expect(scope).toMatchObject({ status: "skip", fix: expect.stringContaining("--image") });
  });

  it("where the cloud does not answer: which hosts are its registries is skipped then", async (context) => {
    const { expect } = context;
    const { sandbox } = await opened(context);
    const run = await verify(sandbox, [], { env: { ACR_PULL_CLOUD: "https://127.0.0.1:9" } });
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(run.json.checks.find(({ id }: { id: string }) => id === "secret-registry")).toMatchObject({
      status: "skip",
      message: expect.stringContaining("127.0.0.1:9"),
    });
  });

  it("with the right to read that one secret alone, and names each right that lacks", async (context) => {
    const { expect } = context;
    const rules = [
      { verbs: ["get"], resources: ["secrets"], namespaces: ["awesomeapps"], resourceNames: ["acr-secret"] },
    ];
    const { sandbox } = await opened(context, { clusters: [{ context: "sandbox", rules }] });
    const run = await verify(sandbox, ["--image", "my-awesome-app:v1"]);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    const skipped = checksOf(run, "skip").map(({ id, message }) => [id, message]);
    expect(skipped).toEqual([
      ["service-account", expect.stringContaining("may not list serviceaccounts")],
      ["pod", expect.stringContaining("may not list pods")],
    ]);
    for (const { fix } of checksOf(run, "skip")) expect(fix).toMatch(/kubectl --context sandbox create/);
  });

  it("where the caller sees no registry and no role", async (context) => {
    const { expect } = context;
    const { sandbox } = await opened(context, { caller: { roles: [], graphPermissions: [] } });
    const run = await verify(sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "pass")).toEqual(expect.arrayContaining(proven));
  });

  it("in namespaces that their labels alone choose and that have no part in pulling", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    addWaitingPod(world, { waiting: null });
    const run = await verify(world.sandbox, ["--namespace-selector", "kubernetes.io/metadata.name"]);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    const missing = checksOf(run, "skip").filter(({ id }) => id === "secret-present");
    expect(missing.map(({ target }) => target.namespace)).toEqual(["default", "kube-public", "kube-system"]);
    expect(missing[0]).toMatchObject({
      message: expect.stringContaining("nothing there names it or waits for an image"),
      fix: expect.stringMatching(/acr-pull setup --registry \S+ --namespace default/),
    });
  });

  it("at a role that is held by a group within a group, and names the group", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    regrant(world);
    const { id } = joinGroup(world, { role: "AcrPull", scope: "myregistry" });
    const run = await verify(world.sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(run.json.checks.find((check: { id: string }) => check.id === "role")).toMatchObject({
      status: "pass",
      message: expect.stringContaining(`AcrPull through the group ${id}`),
    });
  });

  it("at an entry with a wildcard that fits the registry that is asked for", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    putContent(world, { [world.loginServer.replace("localhost", "*")]: rightEntry(world) });
    const run = await verify(world.sandbox, ["--registry", "myregistry"]);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "pass")).toEqual(expect.arrayContaining(proven));
  });

  it("at a pod that has ended, and was created before its service account named the secret", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    addWaitingPod(world, { imagePullSecrets: [], waiting: null, phase: "Succeeded" });
    linkAccount(world, "acr-secret");
    const run = await verify(world.sandbox);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
  });

  it("at an entry for the repositories below a path, beside one for all", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    const { loginServer } = world;
    const wrong = entry(world.appId, "no-password-of-it");
    putContent(world, { [`${loginServer}/team`]: wrong, [loginServer]: rightEntry(world) });
    const run = await verify(world.sandbox, ["--image", "my-awesome-app:v1"]);
    expect([run.code, idsOf(run, "fail")], run.stdout).toEqual([0, []]);
  });

  it("in every namespace that the labels choose, with one proof for all that hold the same", async (context) => {
    const { expect } = context;
    const namespaces = ["one", "two", "three", "four"].map((name) => ({ name, labels: { team: "web" } }));
    const sandbox = await bare(context, {
      clusters: [{ context: "sandbox", namespaces: [...namespaces, "kube-system"] }],
    });
    const made = await setup(sandbox, ["--namespace-selector", "team=web"]);
    expect(made.code, made.stderr).toBe(0);
    const since = sandbox.requests.entries.length;
    const run = await verify(sandbox, ["--namespace-selector", "team=web"]);
    expect([run.code, alarms(run)], run.stdout).toEqual([0, []]);
    expect(idsOf(run, "pass").filter((id) => id === "pull-scope")).toHaveLength(4);
    const tokens = sandbox.requests.entries.slice(since).filter(({ path }) => path === "/oauth2/token");
    expect(tokens).toHaveLength(1);
  });
});

/** What is worth a warning, but breaks no pull. */
const warnings: ReadonlyArray<
  readonly [what: string, id: string, arrange: (world: SetUpWorld) => void, fix: RegExp]
> = [
  [
    "the entry is for every registry by a wildcard, and none was named",
    "secret-registry",
    (world) => putContent(world, { "*.azurecr.io": rightEntry(world) }),
    /acr-pull verify --registry REGISTRY --namespace awesomeapps/,
  ],
  [
    "the password ends within a month",
    "expiry",
    ({ application }) => {
      Object.assign(application.passwords[0]!, {
        startDateTime: new Date(Date.now() - 300 * dayMs).toISOString(),
        endDateTime: new Date(Date.now() + 20 * dayMs).toISOString(),
      });
    },
    /acr-pull rotate/,
  ],
  [
    "the registry lets in selected networks alone",
    "registry-reachable",
    ({ registry }) => {
      registry.network.defaultAction = "Deny";
    },
    /az acr network-rule list --name myregistry/,
  ],
  [
    "the registry is reached by private endpoints alone",
    "registry-reachable",
    ({ registry }) => {
      registry.network.publicAccess = false;
      registry.network.privateEndpoints = 1;
    },
    /private-endpoint-connection list/,
  ],
  [
    "the role is wider than what pulls need",
    "role-width",
    (world) => regrant(world, { role: "AcrPush" }),
    /az role assignment delete --ids/,
  ],
  [
    "the role is held on the whole subscription",
    "role-width",
    ({ sandbox: { world }, principal }) => {
      assign(
        world,
        { role: "AcrPull" },
        { id: principal.id, type: "ServicePrincipal" },
        createIdSource(undefined),
      );
    },
    /az role assignment delete --ids/,
  ],
  [
    "the role is held on a management group",
    "role-width",
    (world) =>
      regrant(world, { role: "AcrPull", scope: "/providers/Microsoft.Management/managementGroups/root" }),
    /az role assignment delete --ids/,
  ],
  [
    "the role is held by a group on the whole subscription",
    "role-width",
    (world) => {
      regrant(world);
      joinGroup(world, { role: "AcrPull" });
    },
    /take the service principal out of the group/,
  ],
  [
    "a pod was created before its service account named the secret",
    "service-account",
    (world) => {
      addWaitingPod(world, { imagePullSecrets: [], waiting: null });
      linkAccount(world, "acr-secret");
    },
    /delete pod app --namespace awesomeapps/,
  ],
  [
    "a service account names a secret that is not there",
    "service-account",
    (world) => linkAccount(world, "acr-secrt"),
    /acr-pull setup .*--secret-name acr-secret --service-account default/,
  ],
  [
    "a service account names a secret that is not there, beside one that was made by hand",
    "service-account",
    (world) => {
      madeByHand(world);
      linkAccount(world, "acr-secrt");
    },
    /kubectl --context sandbox patch serviceaccount default .*"acr-secrt"},{"name":"acr-secret"/,
  ],
  [
    "the second password in the secret is refused",
    "second-entry",
    (world) =>
      putContent(world, {
        [world.loginServer]: rightEntry(world),
        [`https://${world.loginServer}`]: rightEntry(world, "one-that-was-retired"),
      }),
    /acr-pull rotate .*--finish/,
  ],
];

describe.concurrent("verify warns, and is content, where", () => {
  for (const [what, id, arrange, fix] of warnings) {
    it(`${what}: ${id}`, async (context) => {
      const { expect } = context;
      const world = await opened(context);
      arrange(world);
      const run = await verify(world.sandbox);
      expect([run.code, idsOf(run, "fail"), idsOf(run, "warn")], run.stdout).toEqual([0, [], [id]]);
      expect(checksOf(run, "warn")[0].fix).toMatch(fix);
    });
  }
});
