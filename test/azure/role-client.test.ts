import { afterEach, describe, expect, test } from "vitest";
import { grants } from "../../src/azure/role-client.ts";
import type { Registry } from "../../src/domain/registry.ts";
import { repositoryCondition, rolesFor } from "../../src/domain/role.ts";
import { assignmentName } from "../../src/domain/role-assignment.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";
import { shortPauses } from "../short-pauses.ts";

shortPauses();

let opened: SandboxedAzure | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

/** A sandbox with an application that has a principal, and one of its registries. */
async function open(options: SandboxOptions = {}, registryName = "myregistry") {
  opened = await sandboxedAzure({
    applications: [
      { displayName: "puller", uniqueName: "puller", roles: [{ role: "Reader" }] },
      { displayName: "headless", uniqueName: "headless", servicePrincipal: false },
    ],
    ...options,
  });
  const { azure, sandbox } = opened;
  const puller = sandbox.world.applications.find((one) => one.uniqueName === "puller");
  const principal = sandbox.world.servicePrincipals.find((one) => one.appId === puller?.appId);
  const reference = { kind: "name", name: registryName } as const;
  const {
    registries: [registry],
  } = await azure.registries.findRegistries(reference, {}, signal);
  if (!registry || !principal) throw new Error("the sandbox lacks what was asked for");
  return { ...opened, registry, principalId: principal.id };
}

const [acrPull] = rolesFor("acrpull", "LegacyRegistryPermissions");
const [reader] = rolesFor("acrpull", "AbacRepositoryPermissions");
if (!acrPull || !reader) throw new Error("no roles");

function scopeAbove(registry: Registry): string {
  return `/subscriptions/${registry.subscriptionId}`;
}

describe("what a principal holds", () => {
  test("is what it has by itself, by groups within groups, and from above, and nothing of others", async () => {
    const { azure, registry, principalId } = await open({
      groups: [
        { displayName: "pullers", members: ["puller"], roles: [{ role: "AcrPull", scope: "myregistry" }] },
        {
          displayName: "everybody",
          members: ["pullers"],
          roles: [{ role: "AcrPush", scope: "/providers/Microsoft.Management/managementGroups/root" }],
        },
        { displayName: "others", members: ["headless-not"], roles: [{ role: "Owner" }] },
      ],
      users: [{ userPrincipalName: "headless-not", displayName: "Nobody" }],
    });
    const held = await azure.roles.listHeldAssignments(registry.id, principalId, signal);
    const names = await Promise.all(
      held.map(async ({ roleDefinitionId }) => (await azure.roles.findRole(roleDefinitionId, signal))?.name),
    );
    expect(names.sort()).toEqual(["AcrPull", "AcrPush", "Reader"]);
    const alone = await azure.roles.listAssignments(registry.id, principalId, signal);
    expect(alone).toHaveLength(1);
  });
});

describe("a role", () => {
  test("is assigned under the derived name, listed with what is inherited, and taken away", async () => {
    const { azure, registry, principalId } = await open();
    const desired = { role: acrPull, condition: undefined };
    const outcome = await azure.roles.assignRole(registry.id, principalId, desired, signal);
    expect(outcome).toMatchObject({
      kind: "assigned",
      assignment: {
        name: assignmentName(registry.id, principalId, acrPull.guid),
        principalId,
        condition: undefined,
      },
    });
    expect((await azure.roles.assignRole(registry.id, principalId, desired, signal)).kind).toBe("assigned");
    const listed = await azure.roles.listAssignments(registry.id, principalId, signal);
    expect(listed.map(({ scope }) => scope.toLowerCase()).sort()).toEqual(
      [scopeAbove(registry), registry.id].map((scope) => scope.toLowerCase()).sort(),
    );
    const ours = listed.find(({ name }) => name === assignmentName(registry.id, principalId, acrPull.guid));
    await azure.roles.removeAssignment(ours?.id ?? "", signal);
    await azure.roles.removeAssignment(ours?.id ?? "", signal);
    expect(await azure.roles.listAssignments(registry.id, principalId, signal)).toHaveLength(1);
  });

  test("with another condition replaces the one before", async () => {
    const { azure, registry, principalId } = await open({}, "abacregistry");
    for (const repository of ["team/a", "team/*"]) {
      const condition = repositoryCondition(reader, [repository]);
      await azure.roles.assignRole(registry.id, principalId, { role: reader, condition }, signal);
      const listed = await azure.roles.listAssignments(registry.id, principalId, signal);
      expect(listed.map((assignment) => assignment.condition)).toContain(condition);
    }
  });

  test("that the principal has by another name is said to exist", async () => {
    const { azure, registry, principalId } = await open({
      applications: [
        {
          displayName: "puller",
          uniqueName: "puller",
          roles: [{ role: "AcrPull", scope: "myregistry" }],
        },
      ],
    });
    const outcome = await azure.roles.assignRole(
      registry.id,
      principalId,
      { role: acrPull, condition: undefined },
      signal,
    );
    expect(outcome).toEqual({ kind: "exists" });
  });

  test("for a principal that Resource Manager does not know is no failure", async () => {
    const { azure, registry } = await open();
    const outcome = await azure.roles.assignRole(
      registry.id,
      "11111111-1111-4111-8111-111111111111",
      { role: acrPull, condition: undefined },
      signal,
    );
    expect(outcome).toEqual({ kind: "principal-unknown" });
  });

  test.each([
    { status: 429, retryAfter: 0 },
    { status: 503 },
    { action: "reset" } as const,
    { action: "drop", after: "commit" } as const,
  ])("is assigned all the same after %j", async (fault) => {
    const { azure, sandbox, registry, principalId } = await open();
    sandbox.setFaults([{ match: "^PUT .*roleAssignments", ...fault }]);
    const desired = { role: acrPull, condition: undefined };
    expect((await azure.roles.assignRole(registry.id, principalId, desired, signal)).kind).toBe("assigned");
  });

  test("that the caller may not assign is refused, and the refusal names who may", async () => {
    const { azure, registry, principalId } = await open({ caller: { roles: [{ role: "Contributor" }] } });
    expect(await azure.roles.registryRights(registry.id, signal)).toEqual({
      writeRoleAssignments: false,
      deleteRoleAssignments: false,
    });
    await expect(
      azure.roles.assignRole(registry.id, principalId, { role: acrPull, condition: undefined }, signal),
    ).rejects.toMatchObject({
      code: "roles.forbidden",
      exitCode: 3,
      hint: expect.stringMatching(/Owner.*User Access Administrator/) as string,
      requestId: expect.any(String) as string,
    });
  });
});

test("the assignments of a registry are those made on it: none from above, and none of another registry", async () => {
  const { azure, sandbox, registry, principalId } = await open({
    pageSize: 1,
    users: [
      {
        userPrincipalName: "eve@sandbox.example",
        displayName: "Eve",
        roles: [{ role: "AcrPush", scope: "myregistry" }],
      },
    ],
  });
  const desired = { role: acrPull, condition: undefined };
  const other = registry.id.replace("myregistry", "abacregistry");
  await azure.roles.assignRole(registry.id, principalId, desired, signal);
  await azure.roles.assignRole(other, principalId, desired, signal);
  const listed = await azure.roles.listRegistryAssignments(registry.id.toUpperCase(), signal);
  expect(listed.map((one) => one.principalId).sort()).toEqual(
    [principalId, sandbox.world.users[0]?.id].sort(),
  );
  expect(new Set(listed.map(({ scope }) => scope.toLowerCase()))).toEqual(
    new Set([registry.id.toLowerCase()]),
  );
});

test("what a principal holds is listed at every scope of every subscription that can be seen, each once", async () => {
  const { azure, registry, principalId } = await open({ pageSize: 1 });
  const desired = { role: acrPull, condition: undefined };
  const other = registry.id.replace("myregistry", "abacregistry");
  await azure.roles.assignRole(registry.id, principalId, desired, signal);
  await azure.roles.assignRole(other, principalId, desired, signal);
  const listed = await azure.roles.listVisibleAssignments(principalId, signal);
  const scopes = listed.map(({ scope }) => scope.toLowerCase());
  expect(scopes.toSorted()).toEqual(
    [scopeAbove(registry), registry.id, other].map((scope) => scope.toLowerCase()).toSorted(),
  );
  expect(new Set(listed.map((one) => one.principalId))).toEqual(new Set([principalId]));
});

test("an owner may write and delete role assignments", async () => {
  const { azure, registry } = await open();
  expect(await azure.roles.registryRights(registry.id, signal)).toEqual({
    writeRoleAssignments: true,
    deleteRoleAssignments: true,
  });
});

test.each([
  [400, "NoSuchThing"],
  [500, "InternalServerError"],
  [404, "InvalidResourceType"],
])("rights that cannot be read, for a %i, are unknown", async (status, code) => {
  const { azure, sandbox, registry } = await open();
  sandbox.setFaults([{ match: "/permissions", times: 99, status, code }]);
  expect(await azure.roles.registryRights(registry.id, signal)).toBeUndefined();
});

describe("a cloud whose Resource Manager has no api-version of today's for roles", () => {
  const older = { apiVersions: { authorization: ["2015-07-01", "2018-01-01-preview"] } };

  test("gives and takes roles all the same, and tells what they let do", async () => {
    const { azure, sandbox, registry, principalId } = await open(older);
    const desired = { role: acrPull, condition: undefined };
    const assigned = await azure.roles.assignRole(registry.id, principalId, desired, signal);
    expect(assigned.kind).toBe("assigned");
    const [one] = await azure.roles.listRegistryAssignments(registry.id, signal);
    expect(await azure.roles.findRole(one?.roleDefinitionId ?? "", signal)).toMatchObject({
      name: "AcrPull",
    });
    await azure.roles.removeAssignment(one?.id ?? "", signal);
    expect(await azure.roles.listRegistryAssignments(registry.id, signal)).toEqual([]);
    const refused = sandbox.requests.entries.filter(
      ({ path, query }) => path.includes("roleAssignments") && query.includes("2022-04-01"),
    );
    expect(refused).toHaveLength(1);
  });

  test("limits none to repositories, where it would heed no condition", async () => {
    const { azure, registry, principalId } = await open(older, "abacregistry");
    const desired = { role: reader, condition: repositoryCondition(reader, ["team/a"]) };
    await expect(azure.roles.assignRole(registry.id, principalId, desired, signal)).rejects.toMatchObject({
      code: "repository.needs-abac",
      exitCode: 2,
    });
    expect(await azure.roles.listRegistryAssignments(registry.id, signal)).toEqual([]);
  });

  test("removes nothing where no version is left to ask in, and says so", async () => {
    const { azure, sandbox, registry, principalId } = await open();
    const assigned = await azure.roles.assignRole(
      registry.id,
      principalId,
      { role: acrPull, condition: undefined },
      signal,
    );
    if (assigned.kind !== "assigned") throw new Error("not assigned");
    sandbox.setFaults([{ match: "^DELETE", times: 9, status: 404, code: "InvalidResourceType" }]);
    await expect(azure.roles.removeAssignment(assigned.assignment.id, signal)).rejects.toMatchObject({
      code: "azure.failed",
    });
  });
});

describe("permissions", () => {
  const write = "Microsoft.Authorization/roleAssignments/write";
  test.each([
    [[{ actions: ["*"] }], true],
    [[{ actions: ["*/read"] }], false],
    [[{ actions: ["microsoft.authorization/roleassignments/*"] }], true],
    [[{ actions: ["Microsoft.Authorization/*/Write"] }], true],
    [[{ actions: ["*"], notActions: ["Microsoft.Authorization/*/Write"] }], false],
    // One role may grant what another excludes.
    [[{ actions: ["*"], notActions: ["Microsoft.Authorization/*"] }, { actions: [write] }], true],
    [[{ actions: ["MicrosoftXAuthorization/roleAssignments/write"] }], false],
    [[{}], false],
    [[], false],
  ])("%j grant writing role assignments: %s", (permissions, expected) => {
    expect(grants(permissions, write)).toBe(expected);
  });
});
