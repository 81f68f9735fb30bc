import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, entryOf, liveAssignments, secretOf, setup } from "../program.ts";
import { expectRepeatable, foreignSecret, mutatingSince, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
afterEach(() => sandbox.close());

const shared = "11111111-2222-4333-8444-555555555555";
const known = "66666666-7777-4888-8999-aaaaaaaaaaaa";

describe("what the plan says can be changed", () => {
  it("one thing after the other, and what is applied is the plan that stands on the screen", async () => {
    sandbox = await startSandbox();
    sandbox.addObject("sandbox-staging", foreignSecret("awesomeapps", "pulls"));
    const walk = await Walk.start(sandbox);
    await walk.find("registry", "my", "myregistry");
    await walk.accept("contexts", "namespaces");
    await (await walk.change("registry")).find("registry", "abac", "abacregistry");
    await walk.change("role");
    await walk.answer("role", "acrpush");
    await walk.change("repo");
    await walk.answer("repositories", "team/*, tools");
    await walk.change("secret");
    await walk.answer("secretName", "pulls");
    await walk.change("service");
    await walk.answer("serviceAccounts", "default");
    await walk.change("lifetime");
    await walk.answer("lifetime", "soon");
    await walk.shows("It must be");
    walk.press("ctrl-u", "30d", "enter");
    // Another cluster has other namespaces, so they are asked for again.
    await walk.change("cluster");
    await walk.tickOnly("contexts", "sandbox-staging");
    await walk.tickOnly("namespaces", "awesomeapps");
    // Somebody else's secret of that name gets an entry only if that is agreed to.
    // Enter alone gives no such consent.
    await (await walk.at("goOn")).shows("❯ change something");
    expect(mutatingSince(sandbox)).toEqual([]);
    await walk.answer("goOn", "add the");
    const { run } = await walk.at("review");
    expect(run.screen).toContain("sandbox-staging/awesomeapps/pulls");
    const command = await (await walk.accept("review")).equivalentCommand();
    expect(command).toBe(
      "acr-pull setup --registry abacregistry --namespace awesomeapps --context sandbox-staging" +
        " --secret-name pulls --role acrpush --repository 'team/*' --repository tools --expires-in 30d" +
        " --service-account default --adopt --yes",
    );
    const { auths } = dockerConfigOf(sandbox, "awesomeapps", "pulls", "sandbox-staging");
    expect(Object.keys(auths)).toContain("other.example");
    expect(Object.keys(auths)).toHaveLength(2);
    expect(secretOf(sandbox, "default")).toBeUndefined();
    await expectRepeatable(sandbox, command);
  });

  it("and a consent that was given for something else counts no longer", async () => {
    sandbox = await startSandbox();
    sandbox.addObject("sandbox", foreignSecret("default"));
    sandbox.addObject("sandbox", foreignSecret("default", "theirs"));
    const walk = await Walk.start(sandbox, ["--auth", "environment", "--registry", "myregistry"]);
    await walk.accept("contexts", "namespaces");
    await walk.answer("goOn", "add the");
    await walk.change("secret");
    await walk.answer("secretName", "theirs");
    await (await walk.at("goOn")).shows("add the registry's entry to that secret");
    await walk.press("ctrl-c").exit();
    expect(mutatingSince(sandbox)).toEqual([]);
  });
});

describe("a principal that exists", () => {
  it("is offered when it holds a role on the registry, the caller never, and is found by a part of its name", async () => {
    sandbox = await startSandbox({
      registries: [{ name: "myregistry" }],
      applications: [
        { displayName: "build-pipeline", appId: shared, owners: ["caller"] },
        {
          displayName: "a-known-puller",
          appId: known,
          owners: ["caller"],
          roles: [{ role: "AcrPull", scope: "myregistry" }],
        },
      ],
    });
    const settled = ["--auth", "environment", "--registry", "myregistry", "--context", "sandbox"];
    const walk = await Walk.start(sandbox, [...settled, "-n", "awesomeapps"]);
    await walk.change("principal");
    await (await walk.at("principal")).shows("a-known-puller, holds AcrPull");
    expect(walk.run.question).not.toContain(sandbox.world.caller.appId);
    expect(walk.run.question).not.toContain("build-pipeline");
    await walk.find("principal", "build", "build-pipeline");
    await (await walk.at("review")).run.until(`Principal ${shared}, shared`);
    const command = await (await walk.accept("review")).equivalentCommand();
    expect(command).toContain(` --service-principal ${shared} `);
    expect(entryOf(sandbox)?.username).toBe(shared);
    await expectRepeatable(sandbox, command);
  });
});

describe("the role owner", () => {
  const settled = ["--registry", "myregistry", "-n", "default", "--role", "owner"];

  it("is granted only after the registry's name was typed; nothing typed leads to another role", async () => {
    sandbox = await startSandbox();
    const walk = await Walk.start(sandbox, ["--auth", "environment", "--context", "sandbox", ...settled]);
    await walk.answer("ownerConsent", "myregistr");
    await walk.shows("That is not myregistry");
    walk.press("ctrl-u", "enter");
    await walk.answer("role", "acrpull");
    await (await walk.at("review")).run.until("Role AcrPull on this registry only");
    await walk.change("role");
    await walk.answer("role", "owner");
    await walk.answer("ownerConsent", "myregistry");
    await (await walk.at("review")).run.until("Role Owner on this registry only");
    const command = await (await walk.accept("review")).equivalentCommand();
    expect(command).toContain(" --role owner --allow-privileged-role owner --yes");
    await expectRepeatable(sandbox, command);
  });

  it("is not had by --yes alone at a terminal", async () => {
    sandbox = await startSandbox();
    const walk = await Walk.start(sandbox, [...settled, "--yes"]);
    await walk.at("ownerConsent");
    expect(mutatingSince(sandbox)).toEqual([]);
    walk.press("myregistry", "enter");
    const command = await walk.equivalentCommand();
    expect(command).toContain(" --role owner --allow-privileged-role owner --yes");
    expect(walk.answered).toHaveLength(1);
  });
});

describe("a principal's rights", () => {
  it("stay if nothing is said of them, and a change of them is not carried out by Enter alone", async () => {
    sandbox = await startSandbox();
    await setup(sandbox, ["--registry", "abacregistry", "--role", "acrpush", "--repository", "team/*"]);
    const standing = () => liveAssignments(sandbox).map(({ id, condition }) => [id, condition]);
    const before = standing();
    const settled = "--auth environment --registry abacregistry -n default --context sandbox";
    const walk = await Walk.start(sandbox, settled.split(" "));
    await (await walk.at("review")).run.until("limited to team/* on this registry only");
    await (await walk.change("repo")).answer("repositories", "*");
    await (await walk.at("review")).shows("❯ no, nothing is written");
    walk.press("enter");
    expect(await walk.exit()).toBe(2);
    expect(standing()).toEqual(before);
  });
});
