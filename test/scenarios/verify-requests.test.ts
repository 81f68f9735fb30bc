import { describe, it, type TestContext } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import type { SetUpWish } from "./already-set-up.ts";
import { addWaitingPod, idsOf, linkAccount, setUpWorld, verify, type SetUpWorld } from "./verification.ts";

const spaces = ["one", "two", "three", "four"];
const labelled = spaces.map((name) => ({ name, labels: { team: "web" } }));
const many: SandboxOptions = {
  clusters: [{ context: "sandbox", namespaces: [...labelled, "awesomeapps", "kube-system"] }],
};

async function opened(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  options?: SandboxOptions,
  wish?: SetUpWish,
): Promise<SetUpWorld> {
  const world = await setUpWorld(options, wish);
  onTestFinished(() => world.sandbox.close());
  return world;
}

/** What a run asks registries, and Azure apart from the sign-in. Ids are left out. */
async function asked(sandbox: Sandbox, args: readonly string[]) {
  const since = sandbox.requests.entries.length;
  const run = await verify(sandbox, args);
  const entries = sandbox.requests.entries.slice(since);
  const of = (service: RegExp) =>
    entries
      .filter((one) => service.test(one.service))
      .map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/").replace(/\(.*/, "")}`)
      .filter(
        (line) => !/\/(?:token|openid-configuration|endpoints)$/.test(line) || line.includes("GET oauth2"),
      )
      .sort();
  return { run, azure: of(/^azure$/), registry: of(/^registry /), cluster: of(/^cluster /) };
}

const ofAzure = [
  "GET /subscriptions",
  "GET Microsoft.Authorization/roleAssignments",
  "GET Microsoft.ContainerRegistry/registries",
  "GET policies/defaultAppManagementPolicy",
  "GET v1.0/applications",
  "GET v1.0/servicePrincipals",
];
const ofRegistry = ["GET oauth2/token"];

describe.concurrent("verify asks", () => {
  it("Azure and the registry for each thing once", async (context) => {
    const { expect } = context;
    const { sandbox } = await opened(context);
    const { run, azure, registry, cluster } = await asked(sandbox, []);
    expect(run.code, run.stdout).toBe(0);
    expect([azure, registry]).toEqual([ofAzure, ofRegistry]);
    expect(cluster).toEqual([
      "GET awesomeapps/pods",
      "GET awesomeapps/secrets",
      "GET awesomeapps/secrets",
      "GET awesomeapps/serviceaccounts",
      "GET secrets/acr-secret",
    ]);
  });

  it("Azure and the registry no more for four namespaces than for one", async (context) => {
    const { expect } = context;
    const { sandbox } = await opened(context, many, { namespaces: spaces });
    const { run, azure, registry, cluster } = await asked(sandbox, ["--namespace-selector", "team=web"]);
    expect(idsOf(run, "pass").length, run.stdout).toBeGreaterThan(4 * 10);
    expect([azure, registry]).toEqual([ofAzure, ofRegistry]);
    expect(cluster).toHaveLength(1 + 4 * 5);
  });

  it("for a registry by its name in one list, and does not read again what stands there", async (context) => {
    const { expect } = context;
    const { sandbox } = await opened(context, many, { namespaces: spaces });
    const where = ["--namespace-selector", "team=web", "--registry", "myregistry"];
    const { run, azure, registry } = await asked(sandbox, where);
    expect(run.code, run.stdout).toBe(0);
    expect([azure, registry]).toEqual([ofAzure, ofRegistry]);
  });

  it("for an image that several pods wait for once, and for the nodes once", async (context) => {
    const { expect } = context;
    const world = await opened(context);
    linkAccount(world, "acr-secret");
    for (const name of ["one", "two", "three"]) addWaitingPod(world, { name });
    const { run, registry, cluster } = await asked(world.sandbox, []);
    expect(run.code, run.stdout).toBe(0);
    expect(registry.filter((line) => line === "GET manifests/v1")).toHaveLength(1);
    expect(cluster.filter((line) => line === "GET v1/nodes")).toHaveLength(1);
  });
});
