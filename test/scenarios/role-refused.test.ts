import { mkdtemp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exists } from "../../src/sandbox/replication.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { liveAssignments, livePasswords, secretOf, setup, type Run } from "../program.ts";
import { expectTakenBack } from "./nothing-left.ts";
import { start } from "./rotation.ts";

const shared = "0b0b0b0b-0000-4000-8000-000000000001";

/** The role's refusal, for good. */
function refusing(code: string, { nth = 1, status = 403 } = {}) {
  return [{ match: "PUT .*/roleAssignments/", nth, status, code }];
}

/** The run left nothing, and its answer names nothing. */
function expectNothingMade(sandbox: Sandbox, run: Run, code: string): void {
  expectTakenBack(sandbox, run, code);
  expect(run.json).toMatchObject({ servicePrincipals: [], roleAssignments: [], credentials: [] });
}

describe.concurrent("setup whose role is refused for good", () => {
  it.for<[string, number, string]>([
    ["AuthorizationFailed", 403, "roles.forbidden"],
    ["RequestDisallowedByPolicy", 403, "roles.policy"],
    ["RequestDisallowedByPolicy", 401, "azure.mfa-required"],
    ["ScopeLocked", 409, "roles.policy"],
    ["RoleAssignmentLimitExceeded", 400, "azure.limit"],
  ])("by %s (%i) leaves nothing, and works when it is granted", async ([code, status, expected], test) => {
    const sandbox = await start(test, { faults: refusing(code, { status }) });
    const run = await setup(sandbox);
    expectNothingMade(sandbox, run, expected);
    expect(run.stderr).toContain("Rolled back what was made: the application acr-pull-myregistry-");
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("takes back the first of two roles where the second is refused", async (test) => {
    const sandbox = await start(test, { faults: refusing("AuthorizationFailed", { nth: 2 }) });
    const args = ["--registry", "abacregistry", "--role", "owner", "--allow-privileged-role=owner"];
    const run = await setup(sandbox, args);
    expectNothingMade(sandbox, run, "roles.forbidden");
    expect(run.stderr).toContain("Rolled back what was made: the role Owner");
  });

  it("leaves only the namespace that it created", async (test) => {
    const sandbox = await start(test, { faults: refusing("AuthorizationFailed") });
    const run = await setup(sandbox, ["-n", "fresh", "--create-namespace"]);
    expectNothingMade(sandbox, run, "roles.forbidden");
    expect(run.json.namespaces).toMatchObject([{ namespace: "fresh", action: "created" }]);
    expect(secretOf(sandbox, "fresh")).toBeUndefined();
  });

  it("leaves an application that was named as it was, without the key that it had got", async (test) => {
    const applications = [{ displayName: "shared-puller", appId: shared, owners: ["caller"] }];
    const sandbox = await start(test, { applications, faults: refusing("AuthorizationFailed") });
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "roles.forbidden"]);
    const puller = sandbox.world.applications.find(({ appId }) => appId === shared);
    expect(puller && exists(puller)).toBe(true);
    expect(livePasswords(sandbox)).toEqual([]);
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("takes no role back from an application that it did not make: others may rely on it", async (test) => {
    const applications = [{ displayName: "shared-puller", appId: shared, owners: ["caller"] }];
    const faults = [{ match: "POST .*/addPassword", status: 403, code: "Authorization_RequestDenied" }];
    // With this, the role and the key are asked for at the same time.
    const policy = { readable: true };
    const sandbox = await start(test, { applications, faults, policy });
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "directory.forbidden"]);
    expect(liveAssignments(sandbox)).toHaveLength(1);
    expect(livePasswords(sandbox)).toEqual([]);
    const again = await setup(sandbox, ["--service-principal", shared]);
    expect(again.code, again.stderr).toBe(0);
  });

  it("says that an owner stays whom it had added before", async (test) => {
    const sandbox = await start(test, {
      caller: { graphPermissions: ["Application.ReadWrite.All", "Directory.Read.All"] },
    });
    await setup(sandbox);
    sandbox.setFaults(refusing("AuthorizationFailed"));
    const run = await setup(sandbox, ["--role", "acrpush", "--owner", sandbox.world.users[0]!.id]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "roles.forbidden"]);
  });

  it("leaves no document and no mark beside a manifest", async (test) => {
    const sandbox = await start(test, { faults: refusing("AuthorizationFailed") });
    const folder = await mkdtemp(join(sandbox.folder, "manifest-"));
    const run = await setup(sandbox, ["--manifest", join(folder, "a.yaml")]);
    expectNothingMade(sandbox, run, "roles.forbidden");
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves what stands as it stands where another role was asked for", async (test) => {
    const sandbox = await start(test);
    await setup(sandbox);
    const [before, keys] = [liveAssignments(sandbox), livePasswords(sandbox)];
    sandbox.setFaults(refusing("RequestDisallowedByPolicy"));
    const run = await setup(sandbox, ["--role", "acrpush"]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "roles.policy"]);
    expect(liveAssignments(sandbox)).toEqual(before);
    expect(livePasswords(sandbox)).toEqual(keys);
  });
});

describe.concurrent("a role administrator whose right has a condition", () => {
  const acrPush = "8311e382-0749-4cb8-b61a-304f252e45ec";
  const delegated: SandboxOptions = {
    caller: {
      roles: [
        { role: "Reader" },
        {
          role: "Role Based Access Control Administrator",
          condition: `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${acrPush}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'))`,
        },
      ],
    },
  };

  it("is told which role and principal type it has to allow, and leaves nothing", async (test) => {
    const sandbox = await start(test, delegated);
    const run = await setup(sandbox);
    expectNothingMade(sandbox, run, "roles.forbidden");
    expect(run.json.error.message).toContain("an ABAC condition not fulfilled");
    expect(run.json.error.hint).toMatch(
      /allow the role AcrPull \(7f951dda-4ed3-4680-a7ca-43fe172d538d\) for the principal type ServicePrincipal/,
    );
    expect((await setup(sandbox, ["--role", "acrpush"])).code).toBe(0);
  });
});

it("setup asks again for a role while Azure is busy with another change of it", async (test) => {
  const sandbox = await start(test, { faults: refusing("Conflict", { status: 409 }) });
  const run = await setup(sandbox);
  expect(run.code, run.stderr).toBe(0);
  expect(liveAssignments(sandbox)).toHaveLength(1);
});
