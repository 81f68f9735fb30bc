import { describe, expect, it } from "vitest";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { inProcessAzure, type Answer, type InProcessAzure } from "./in-process-azure.ts";

const owned = { displayName: "app", owners: ["caller"] };
const addition = "CredentialTypeNotAllowedAsPerAppPolicy";
const lifetime = "CredentialInvalidLifetimeAsPerAppPolicy";

function idOf(azure: InProcessAzure): string {
  return azure.world.applications.find(({ displayName }) => displayName === "app")!.id;
}

function add(azure: InProcessAzure): Promise<Answer> {
  return azure.graph("POST", `/applications/${idOf(azure)}/addPassword`);
}

function codeOf({ status, body }: Answer): unknown {
  return status < 300 ? status : (body["error"] as { code: string }).code;
}

describe("a password is", () => {
  it.each<
    [string, SandboxOptions["policy"], Partial<NonNullable<SandboxOptions["applications"]>[number]>, unknown]
  >([
    ["forbidden to an application made after the date", after("2020-01-01"), {}, addition],
    ["allowed to one made before it", after("2030-01-01"), {}, 200],
    [
      "forbidden to one of which nobody knows when it was made",
      after("2020-01-01"),
      { createdDateTime: null },
      addition,
    ],
    [
      "allowed to callers who are left alone",
      { passwordsForbidden: true, excludedActors: ["caller"] },
      {},
      200,
    ],
    [
      "forbidden to callers who are not",
      { passwordsForbidden: true, excludedActors: ["11111111-1111-4111-8111-111111111111"] },
      {},
      addition,
    ],
    [
      "allowed to an exempt application",
      { passwordsForbidden: true },
      { passwordPolicy: { passwordsForbidden: false } },
      200,
    ],
    [
      "forbidden to one whose exemption is switched off",
      { passwordsForbidden: true },
      { passwordPolicy: { isEnabled: false, passwordsForbidden: false } },
      addition,
    ],
    [
      "forbidden by a policy of the application's own",
      {},
      { passwordPolicy: { passwordsForbidden: true } },
      addition,
    ],
    [
      "forbidden by the tenant where its own policy rules lives alone",
      { passwordsForbidden: true },
      { passwordPolicy: { maxPasswordLifetime: null } },
      addition,
    ],
    [
      "refused its life by the application's own policy",
      {},
      { passwordPolicy: { maxPasswordLifetime: "P90D" } },
      lifetime,
    ],
    [
      "allowed to live by the application's own policy",
      { maxPasswordLifetime: "P90D" },
      { passwordPolicy: { maxPasswordLifetime: null } },
      200,
    ],
  ])("%s", async (_what, policy = {}, application, expected) => {
    const azure = inProcessAzure({ policy, applications: [{ ...owned, ...application }] });
    expect(codeOf(await add(azure))).toBe(expected);
  });
});

function after(date: string): SandboxOptions["policy"] {
  return { passwordsForbidden: true, restrictsAppsCreatedAfter: `${date}T00:00:00Z` };
}

describe("policies", () => {
  it("are shown, to those few who may read them, with their dates and exemptions", async () => {
    const rules = { passwordsForbidden: true, restrictsAppsCreatedAfter: "2026-01-01T00:00:00Z" };
    const azure = inProcessAzure({
      policy: { ...rules, readable: true, excludedActors: [] },
      applications: [{ ...owned, passwordPolicy: { passwordsForbidden: false } }],
    });
    const tenant = await azure.graph("GET", "/policies/defaultAppManagementPolicy");
    expect(tenant.body["applicationRestrictions"]).toMatchObject({
      passwordCredentials: [
        {
          restrictionType: "passwordAddition",
          state: "enabled",
          restrictForAppsCreatedAfterDateTime: "2026-01-01T00:00:00Z",
          excludeActors: { customSecurityAttributes: [{ operator: "equals" }] },
        },
      ],
    });
    const own = await azure.graph("GET", `/applications/${idOf(azure)}/appManagementPolicies`);
    expect(own.body["value"]).toMatchObject([
      {
        isEnabled: true,
        restrictions: { passwordCredentials: [{ restrictionType: "passwordAddition", state: "disabled" }] },
      },
    ]);
    azure.world.policy.readable = false;
    for (const path of [
      `/applications/${idOf(azure)}/appManagementPolicies`,
      "/policies/appManagementPolicies",
    ]) {
      expect((await azure.graph("GET", path)).status).toBe(403);
    }
  });

  it("are made and assigned by administrators", async () => {
    const azure = inProcessAzure({ policy: { passwordsForbidden: true }, applications: [owned] });
    const restrictions = {
      passwordCredentials: [{ restrictionType: "passwordAddition", state: "disabled" }],
    };
    const exemption = { displayName: "exempt", isEnabled: true, restrictions };
    expect((await azure.graph("POST", "/policies/appManagementPolicies", exemption)).status).toBe(403);
    const token = await azure.tokenOf(azure.world.users[0]!);
    const made = await azure.graph("POST", "/policies/appManagementPolicies", exemption, { token });
    expect(made.status).toBe(201);
    const path = `/applications/${idOf(azure)}/appManagementPolicies/$ref`;
    const reference = {
      "@odata.id": `https://graph.microsoft.com/v1.0/policies/appManagementPolicies/${String(made.body["id"])}`,
    };
    expect((await azure.graph("POST", path, reference, { token })).status).toBe(204);
    expect((await add(azure)).status).toBe(200);
  });
});

describe("a directory role that no token names", () => {
  const credentials = "microsoft.directory/applications/credentials/update" as const;
  it.each<[string, NonNullable<SandboxOptions["caller"]>["customRoles"], number]>([
    ["lets a caller add passwords, to any application", [{ permissions: [credentials] }], 200],
    [
      "lets a caller add passwords, to one application",
      [{ permissions: [credentials], application: "app" }],
      200,
    ],
    ["says nothing of other applications", [{ permissions: [credentials], application: "other" }], 403],
    ["says nothing of other changes", [{ permissions: ["microsoft.directory/applications/create"] }], 403],
  ])("%s", async (_what, customRoles, status) => {
    const azure = inProcessAzure({
      caller: { graphPermissions: ["Application.Read.All"], customRoles },
      applications: [{ ...owned, owners: [] }],
    });
    expect((await add(azure)).status).toBe(status);
  });

  it("lets a caller register applications, and make their principals", async () => {
    const permissions = [
      "microsoft.directory/applications/create",
      "microsoft.directory/servicePrincipals/create",
    ] as const;
    const azure = inProcessAzure({
      caller: { graphPermissions: [], customRoles: [{ permissions: [...permissions] }] },
    });
    const made = await azure.graph("POST", "/applications", { displayName: "new" });
    expect(made.status).toBe(201);
    const { appId } = made.body;
    expect((await azure.graph("POST", "/servicePrincipals", { appId })).status).toBe(201);
  });
});
