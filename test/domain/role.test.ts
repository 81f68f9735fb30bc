import { describe, expect, it } from "vitest";
import {
  builtInPermissions,
  repositoriesIn,
  repositoryCondition,
  requestedRoles,
  rolesFor,
  sameCondition,
} from "../../src/domain/role.ts";
import { assignmentName, isOurAssignment } from "../../src/domain/role-assignment.ts";

const registry =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry";

describe("a role", () => {
  it.each([
    ["acrpull", "LegacyRegistryPermissions", ["AcrPull"]],
    ["acrpush", "LegacyRegistryPermissions", ["AcrPush"]],
    ["owner", "LegacyRegistryPermissions", ["Owner"]],
    ["acrpull", "AbacRepositoryPermissions", ["Container Registry Repository Reader"]],
    ["acrpush", "AbacRepositoryPermissions", ["Container Registry Repository Writer"]],
    ["owner", "AbacRepositoryPermissions", ["Owner", "Container Registry Repository Contributor"]],
  ] as const)("%s on a registry in mode %s is %j", (asked, mode, names) => {
    expect(rolesFor(asked, mode).map(({ name }) => name)).toEqual(names);
  });

  it("has a condition that names every one of its data actions, and none without repositories", () => {
    for (const asked of requestedRoles) {
      for (const role of rolesFor(asked, "AbacRepositoryPermissions")) {
        const condition = repositoryCondition(role, ["team/app"]) ?? "";
        for (const action of role.dataActions) expect(condition).toContain(`!(ActionMatches{'${action}'})`);
        expect(repositoryCondition(role, [])).toBeUndefined();
      }
    }
  });

  it("is limited to a path with its slash, and to one repository by equality", () => {
    const [reader] = rolesFor("acrpull", "AbacRepositoryPermissions");
    const condition = repositoryCondition(reader!, ["team/*", "base"]);
    expect(condition).toContain("StringStartsWithIgnoreCase 'team/'");
    expect(condition).toContain("StringEqualsIgnoreCase 'base'");
    expect(condition).not.toContain("\n");
    expect(repositoryCondition(reader!, ["base", "team/*", "base"])).toBe(condition);
  });
});

describe("the name of an assignment", () => {
  it("is the same for the same registry, principal and role, in any letter case, and another for others", () => {
    const name = assignmentName(registry, "p", "r");
    expect(assignmentName(`${registry}\ud800`, "p", "r")).not.toBe(name);
    expect(assignmentName(registry.toUpperCase(), "P", "R")).toBe(name);
    expect(name).toMatch(/^[0-9a-f-]{36}$/);
    expect(
      new Set([name, assignmentName(registry, "p", "r2"), assignmentName(registry, "p2", "r")]).size,
    ).toBe(3);
  });

  it("tells ours from others' on the same scope, and from the same name on another scope", () => {
    const [role] = rolesFor("acrpull", "LegacyRegistryPermissions");
    const assignment = {
      id: "x",
      name: assignmentName(registry, "p", role!.guid),
      roleDefinitionId: `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${role!.guid}`,
      principalId: "p",
      scope: registry,
      condition: undefined,
    };
    expect(isOurAssignment(registry, assignment)).toBe(true);
    expect(isOurAssignment(registry, { ...assignment, name: "another" })).toBe(false);
    expect(isOurAssignment(registry, { ...assignment, scope: "/subscriptions/s" })).toBe(false);
  });
});

describe("two conditions", () => {
  it("are the same whatever their spaces and letter case", () => {
    expect(sameCondition("(a AND b)", "( A and  B )")).toBe(true);
    expect(sameCondition(undefined, "")).toBe(true);
    expect(sameCondition("(a)", undefined)).toBe(false);
  });
});

describe("what a condition allows", () => {
  it("is read out of the form that acr-pull writes, and out of no other", () => {
    const [reader] = rolesFor("acrpull", "AbacRepositoryPermissions");
    const condition = repositoryCondition(reader!, ["team/*", "app"]) ?? "";
    expect(repositoriesIn(condition)).toEqual(["app", "team/*"]);
    expect(repositoriesIn("@Resource[x] StringEquals 'app'")).toEqual([]);
    expect(repositoriesIn("")).toEqual([]);
  });
});

it("what the roles that acr-pull grants give is known without asking, and of no other role", () => {
  const id = (guid: string) => `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
  for (const asked of requestedRoles) {
    for (const mode of ["LegacyRegistryPermissions", "AbacRepositoryPermissions"] as const) {
      for (const role of rolesFor(asked, mode)) {
        expect(builtInPermissions(id(role.guid))).toMatchObject({
          name: role.name,
          sets: [{ dataActions: role.dataActions }],
        });
      }
    }
  }
  expect(builtInPermissions(id("00000000-0000-0000-0000-000000000000"))).toBeUndefined();
});
