import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setUp } from "./already-set-up.ts";
import { remove, setup } from "../program.ts";
import { checksOf, verify } from "./verification.ts";

/** The api-versions of a Resource Manager in a cloud that is years behind. */
const apiVersions = {
  registries: ["2019-05-01", "2023-07-01", "2023-11-01-preview"],
  authorization: ["2015-07-01", "2018-01-01-preview"],
  subscriptions: ["2019-10-01", "2020-06-01"],
};
const untold = /This cloud's Resource Manager does not report whether myregistry is in ABAC mode/;

describe("in a cloud that has older api-versions", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ apiVersions });
  });
  afterAll(() => sandbox.close());

  it("setup says in its plan that the registry's mode is not known, and what follows", async () => {
    const run = await setup(sandbox, ["--dry-run"]);
    expect([run.code, run.json.plan?.warnings ?? run.json.warnings]).toEqual([
      0,
      [expect.stringMatching(untold)],
    ]);
    expect(run.json.registry?.roleAssignmentMode ?? null).toBeNull();
  });

  it("setup refuses to limit a role that it could not limit", async () => {
    const run = await setup(sandbox, ["--repository", "team/a"]);
    expect([run.code, run.json.error.code]).toEqual([2, "repository.needs-abac"]);
    expect(run.json.error.message).toMatch(untold);
  });

  it("setup grants the role that pulled before there were modes, and proves it; verify finds all in order", async () => {
    const run = await setup(sandbox);
    expect(run.json).toMatchObject({
      exitCode: 0,
      registry: { roleAssignmentMode: null },
      roleAssignments: [{ role: "AcrPull" }],
      verification: { status: "passed" },
    });
    expect(run.stderr).toMatch(untold);
    const verified = await verify(sandbox);
    expect([verified.code, checksOf(verified, "fail")]).toEqual([0, []]);
    expect(checksOf(verified, "pass")).toContainEqual(
      expect.objectContaining({
        id: "role",
        message: expect.stringMatching(/does not report/) as string,
      }),
    );
  });

  it("remove takes all of it back", async () => {
    const run = await remove(sandbox);
    expect(run.code).toBe(0);
    expect(run.json.removed).toContainEqual(
      expect.objectContaining({ kind: "role-assignment", action: "removed" }),
    );
  });
});

describe("where one of several subscriptions cannot be looked in", () => {
  const broken = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
  const whole = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({
      subscriptions: [
        { subscriptionId: whole, displayName: "Whole" },
        { subscriptionId: broken, displayName: "Broken" },
      ],
      registries: [
        { name: "myregistry", subscriptionId: whole },
        { name: "hidden01", subscriptionId: broken },
      ],
      faults: [
        {
          match: `/subscriptions/${broken}/providers/Microsoft.ContainerRegistry`,
          times: 99,
          status: 409,
          code: "MissingSubscriptionRegistration",
        },
      ],
    });
  });
  afterAll(() => sandbox.close());

  it("setup finds the registry in another, and warns", async () => {
    const run = await setup(sandbox, ["--dry-run"]);
    expect(run.code).toBe(0);
    expect(run.stdout + run.stderr).toMatch(
      new RegExp(`Only the other subscriptions were searched: Could not list the registries of .*${broken}`),
    );
  });

  it("setup says of one that is found nowhere that it may be where nobody could look", async () => {
    const run = await setup(sandbox, ["--registry", "hidden01"]);
    expect([run.code, run.json.error.code]).toEqual([1, "registry.not-seen"]);
    expect(run.json.error.message).toMatch(
      new RegExp(
        `Registry hidden01 was not found, and one subscription could not be searched:\\n.*${broken}`,
      ),
    );
  });

  it("verify says of one that it could not look for no word of its not being there", async () => {
    setUp(sandbox);
    const run = await verify(sandbox, ["--registry", "hidden01"]);
    expect(checksOf(run, "fail")).toMatchObject([
      {
        id: "secret-registry",
        message: expect.stringMatching(/^Secret acr-secret holds no entry for hidden01: /) as string,
      },
    ]);
  });

  it("remove takes a registry that it could not look for for no registry that is gone", async () => {
    const run = await remove(sandbox, ["--registry", "hidden01.azurecr.io"]);
    expect([run.code, run.json.error.message]).toEqual([1, expect.stringContaining(broken) as string]);
  });
});
