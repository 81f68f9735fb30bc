import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPrincipalCandidates } from "../../../src/core/choices/principal-candidates.ts";
import type { Registry } from "../../../src/domain/registry.ts";
import { rolesFor } from "../../../src/domain/role.ts";
import { sandboxedAzure, signal, type SandboxedAzure } from "../../azure/sandboxed-azure.ts";

const acrDelete = "c2f4ef07-c644-48eb-af81-4b1b4947fb11";
const pull = { role: "AcrPull", scope: "myregistry" };

let opened: SandboxedAzure;
let registry: Registry;
beforeAll(async () => {
  opened = await sandboxedAzure({
    applications: [
      { displayName: "zed", tags: ["acr-pull"] },
      { displayName: "pipeline", roles: [pull, { role: acrDelete, scope: "myregistry" }] },
      { displayName: "acr-pull-myregistry-00000000", tags: ["acr-pull"], roles: [pull] },
      { displayName: "above", roles: [{ role: "AcrPull" }] },
      { displayName: "beside", roles: [{ role: "AcrPull", scope: "abacregistry" }] },
    ],
    foreignPrincipals: [
      { displayName: "theirs", kind: "application", roles: [pull] },
      { displayName: "workload", kind: "managed-identity", roles: [pull] },
    ],
    users: [{ userPrincipalName: "eve@sandbox.example", displayName: "Eve", roles: [pull] }],
  });
  const reference = { kind: "name", name: "myregistry" } as const;
  const {
    registries: [found],
  } = await opened.azure.registries.findRegistries(reference, {}, signal);
  if (!found) throw new Error("no registry");
  registry = found;
});
afterAll(() => opened.close());

const find = () => findPrincipalCandidates({ registry }, opened.azure, signal);

describe("the principals to choose from", () => {
  it("are applications of this tenant with a role on the registry; a name or tag makes none ours", async () => {
    const { candidates, unlisted } = await find();
    expect(candidates).toMatchObject([
      { displayName: "acr-pull-myregistry-00000000", ours: false, roles: ["AcrPull"] },
      { displayName: "pipeline", ours: false, roles: ["AcrPull", acrDelete] },
    ]);
    expect(unlisted).toBeUndefined();
  });

  it("begin with the one that a run of ours gave a role", async () => {
    const zed = opened.sandbox.world.servicePrincipals.find(({ displayName }) => displayName === "zed");
    const [role] = rolesFor("acrpush", "LegacyRegistryPermissions");
    if (!zed || !role) throw new Error("the sandbox lacks what was asked for");
    await opened.azure.roles.assignRole(registry.id, zed.id, { role, condition: undefined }, signal);
    const { candidates } = await find();
    expect(candidates.map(({ displayName, ours }) => [displayName, ours])).toEqual([
      ["zed", true],
      ["acr-pull-myregistry-00000000", false],
      ["pipeline", false],
    ]);
    expect(candidates[0]).toEqual({
      displayName: "zed",
      appId: zed.appId,
      objectId: zed.id,
      ours: true,
      roles: ["AcrPush"],
    });
  });

  it.each([
    ["the assignments", "GET .*/roleAssignments", "azure.forbidden"],
    ["the directory", "GET /v1.0/servicePrincipals", "directory.forbidden"],
  ])("are none, with the reason, where %s may not be read", async (_what, match, code) => {
    opened.sandbox.setFaults([{ match, status: 403 }]);
    expect(await find()).toMatchObject({ candidates: [], unlisted: { code } });
  });

  it("are not said to be none when the service fails", async () => {
    opened.sandbox.setFaults([{ match: "GET .*/roleAssignments", status: 400, code: "Odd" }]);
    await expect(find()).rejects.toMatchObject({ code: "azure.failed" });
  });
});
