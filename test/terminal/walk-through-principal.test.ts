import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, liveAssignments, setup } from "../program.ts";
import { expectRepeatable, mutatingSince, Walk } from "./walk-through.ts";

const shared = "11111111-2222-4333-8444-555555555555";
const known = "66666666-7777-4888-8999-aaaaaaaaaaaa";

let sandbox: Sandbox;
beforeAll(async () => {
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
});
afterAll(() => sandbox.close());

const settled = ["--auth", "environment", "--registry", "myregistry", "--expires-in", "30d"];
const place = ["-n", "awesomeapps", "--context", "sandbox", "--service-account", "default"];

describe("the role owner", () => {
  it("is granted only after the registry's name was typed; a wrong one is refused in words, and Back leads to the role", async () => {
    const walk = await Walk.start(sandbox, [...settled, ...place, "--secret-name", "owned"]);
    const before = sandbox.requests.entries.length;
    await walk.accept("principal");
    await walk.answer("role", "owner");
    await walk.answer("ownerConsent", "myregistr");
    await walk.shows("That is not myregistry; go back to choose another role.");
    walk.press("shift-tab");
    await (await walk.at("role")).shows("❯ owner");
    walk.press("enter");
    await (await walk.at("ownerConsent")).shows("Owner of myregistry may delete its images");
    walk.press("myregistry", "enter");
    await walk.accept("review");
    const command = await walk.equivalentCommand();
    expect(command).toBe(
      "acr-pull setup --registry myregistry --auth environment --namespace awesomeapps --context sandbox" +
        " --secret-name owned --role owner --expires-in 30d --service-account default --allow-privileged-role owner --yes",
    );
    expect(mutatingSince(sandbox, before)).not.toEqual([]);
    await expectRepeatable(sandbox, command);
  });

  it("is not had by --yes alone at a terminal", async () => {
    const walk = await Walk.start(sandbox, [
      "--registry",
      "myregistry",
      "-n",
      "default",
      "--role",
      "owner",
      "--yes",
    ]);
    const before = sandbox.requests.entries.length;
    await walk.answer("ownerConsent");
    await walk.shows("That is not myregistry");
    expect(mutatingSince(sandbox, before)).toEqual([]);
    walk.press("myregistry", "enter");
    const command = await walk.equivalentCommand();
    expect(command).toContain(" --role owner --allow-privileged-role owner --yes");
    expect(walk.answered).toHaveLength(1);
  });
});

describe("a principal that exists", () => {
  it("is offered when it holds a role on the registry: ours first, the caller never", async () => {
    const own = await setup(sandbox, ["-n", "default", "--context", "sandbox-staging"]);
    expect(own.code, own.stderr).toBe(0);
    const ours = own.json.servicePrincipals[0];
    const walk = await Walk.start(sandbox, [
      ...settled,
      ...place,
      "--secret-name",
      "shared",
      "--role",
      "acrpull",
    ]);
    const { question } = (await (await walk.at("principal")).shows("a-known-puller")).run;
    expect(question).not.toContain(sandbox.world.caller.appId);
    const order = ["its own", ours.displayName, "a-known-puller"].map((one) => question.indexOf(one));
    expect(order).toEqual(order.toSorted((left, right) => left - right));
    expect(order).not.toContain(-1);
    const grants = liveAssignments(sandbox).length;
    walk.press("known", "enter");
    await (await walk.at("review")).run.until(`Principal ${known}, shared`);
    walk.press("enter");
    const command = await walk.equivalentCommand();
    expect(command).toContain(` --service-principal ${known} `);
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "shared")?.username).toBe(known);
    expect(liveAssignments(sandbox)).toHaveLength(grants);
    await expectRepeatable(sandbox, command);
  });

  it("is found by a part of its name among the applications of the tenant", async () => {
    const walk = await Walk.start(sandbox, [
      ...settled,
      ...place,
      "--secret-name",
      "found",
      "--role",
      "acrpull",
    ]);
    await walk.at("principal");
    expect(walk.run.question).not.toContain("build-pipeline");
    await walk.press("build").shows(`❯ build-pipeline an application of the tenant, ${shared}`);
    walk.press("enter");
    await walk.accept("review");
    const command = await walk.equivalentCommand();
    expect(command).toContain(` --service-principal ${shared} `);
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "found")?.username).toBe(shared);
    await expectRepeatable(sandbox, command);
  });
});
