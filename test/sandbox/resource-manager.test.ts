import { describe, expect, test } from "vitest";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import { armIsMutating, resourceManagerRoutes } from "../../src/sandbox/resource-manager/resource-manager.ts";
import { roleDefinitions } from "../../src/sandbox/resource-manager/role-definitions.ts";
import { dispatch, type SandboxResponse } from "../../src/sandbox/service.ts";
import { graphAudiences, issueToken } from "../../src/sandbox/entra/token.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import type { RoleAssignmentRecord, World } from "../../src/sandbox/world.ts";
import { armToken, registryWorld, request } from "./registry-world.ts";

const pullGuid = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const pushGuid = "8311e382-0749-4cb8-b61a-304f252e45ec";
const name = "11111111-2222-4333-8444-555555555555";
const otherName = "99999999-2222-4333-8444-555555555555";
const endlessLag = 3_600_000;

/** An api-version that exists for what the path leads to. */
function usualVersion(path: string): string {
  if (/\/Microsoft\.Authorization\//i.test(path)) return "2022-04-01";
  return /\/Microsoft\.ContainerRegistry\//i.test(path) ? "2025-11-01" : "2022-12-01";
}

type Caller = NonNullable<SandboxOptions["caller"]>["roles"];

/** @param caller roles of the caller; default: owner of the subscription */
function open(options: SandboxOptions = {}, caller?: Caller) {
  const all = registryWorld([], { ...options, ...(caller ? { caller: { roles: caller } } : {}) });
  const routes = resourceManagerRoutes(all.world);
  const registryId = registryResourceId(all.legacy);
  const subscription = `/subscriptions/${all.legacy.subscriptionId}`;
  const commits: string[] = [];
  all.world.committed = (what) => commits.push(what);

  async function ask(method: string, url: string, body?: unknown, version = usualVersion(url)) {
    const target = new URL(url, all.world.azureUrl);
    if (version !== "") target.searchParams.set("api-version", version);
    const headers = { authorization: `Bearer ${await armToken(all.world)}` };
    return answered(all.world, routes, request(method, target.href, { headers, body: body ?? "" }));
  }

  const roleId = (guid: string) =>
    `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
  const assignments = `${registryId}/providers/Microsoft.Authorization/roleAssignments`;
  const assign = (properties: Record<string, unknown> = {}, at = name, scope = assignments) =>
    ask("PUT", `${scope}/${at}`, {
      properties: {
        roleDefinitionId: roleId(pullGuid),
        principalId: all.principal.id,
        principalType: "ServicePrincipal",
        ...properties,
      },
    });
  return { ...all, routes, registryId, subscription, assignments, commits, ask, assign, roleId };
}

type Json = Readonly<Record<string, unknown>>;
type Answer = SandboxResponse & { readonly body: Record<string, unknown> };

async function answered(
  world: World,
  routes: ReturnType<typeof resourceManagerRoutes>,
  asked: ReturnType<typeof request>,
): Promise<Answer> {
  const answer = await dispatch(routes, asked);
  if (!answer) throw new Error(`no route for ${asked.method} ${asked.path} of ${world.tenantId}`);
  return { ...answer, body: (answer.body ?? {}) as Record<string, unknown> };
}

const errorOf = ({ status, body }: Answer) => {
  const { code, message } = body["error"] as { code: string; message: string };
  return { status, code, message };
};
const valuesOf = ({ body }: Answer) => body["value"] as Array<Record<string, unknown>>;
const namesOf = (answer: Answer) => valuesOf(answer).map((item) => item["name"]);
const propertiesOf = (answer: Answer) => answer.body["properties"] as Record<string, unknown>;

describe("Resource Manager", () => {
  test("tells the endpoints of the cloud to everybody, as one object", async () => {
    const { world, routes } = open();
    const { status, body } = await answered(world, routes, request("GET", "/metadata/endpoints"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      authentication: {
        loginEndpoint: world.azureUrl,
        audiences: ["https://management.sandbox.example/"],
      },
      resourceManager: world.azureUrl,
      microsoftGraphResourceId: world.azureUrl,
    });
  });

  test("knows nobody without a token of its own", async () => {
    const { world, routes } = open();
    const [record] = world.servicePrincipals;
    if (!record) throw new Error("no principal");
    const subject = { kind: "service-principal", record } as const;
    const forGraph = await issueToken(world, { audience: graphAudiences(world)[0] ?? "", subject });
    const expired = await issueToken(world, {
      audience: "https://management.azure.com/",
      subject,
      lifetime: -600,
    });
    for (const [authorization, code] of [
      ["", "AuthenticationFailed"],
      ["Bearer x.y.z", "InvalidAuthenticationToken"],
      [`Bearer ${forGraph}`, "InvalidAuthenticationToken"],
      [`Bearer ${expired}`, "InvalidAuthenticationToken"],
    ] as const) {
      const asked = request("GET", "/subscriptions?api-version=1", { headers: { authorization } });
      const answer = await answered(world, routes, asked);
      expect(errorOf(answer)).toMatchObject({ status: 401, code });
      expect(answer.headers?.["www-authenticate"]).toMatch(/^Bearer authorization_uri=/);
    }
  });

  test("demands multi-factor authentication of a person who writes, and of nobody else", async () => {
    const { world, routes, assignments } = open();
    const [record] = world.users;
    if (!record) throw new Error("no person");
    const at = `${assignments}/${name}?api-version=2022-04-01`;
    const ask = async (method: string, multiFactor: boolean) => {
      const subject = {
        kind: "user",
        record,
        clientId: "az",
        scope: "user_impersonation",
        multiFactor,
      } as const;
      const token = await issueToken(world, { audience: "https://management.azure.com/", subject });
      const headers = { authorization: `Bearer ${token}` };
      return answered(world, routes, request(method, at, { headers, body: {} }));
    };
    for (const method of ["PUT", "DELETE"]) {
      const refused = await ask(method, false);
      expect(errorOf(refused)).toMatchObject({ status: 401, code: "RequestDisallowedByPolicy" });
      const [, claims = ""] = /claims="([^"]+)"/.exec(refused.headers?.["www-authenticate"] ?? "") ?? [];
      expect(JSON.parse(Buffer.from(claims, "base64").toString())).toEqual({
        access_token: { acrs: { essential: true, values: ["p1"] } },
      });
      expect((await ask(method, true)).status).not.toBe(401);
    }
    expect((await ask("GET", false)).status).not.toBe(401);
  });

  test("demands an api-version", async () => {
    expect(errorOf(await open().ask("GET", "/subscriptions", undefined, ""))).toMatchObject({
      status: 400,
      code: "MissingApiVersionParameter",
    });
  });

  test.each([
    [
      "/subscriptions",
      400,
      "InvalidApiVersionParameter",
      /^The api-version '1999-01-01' is invalid\. The supported versions are '2024-11-01,/,
    ],
    [
      "REGISTRY",
      400,
      "NoRegisteredProviderFound",
      /for type 'registries'\. The supported api-versions are '2017-03-01, .*, 2025-11-01, /,
    ],
    [
      "REGISTRIES",
      404,
      "InvalidResourceType",
      /'registries' could not be found in the namespace 'Microsoft\.ContainerRegistry'/,
    ],
    [
      "ASSIGNMENTS",
      404,
      "InvalidResourceType",
      /'roleAssignments' .* The supported api-versions are '2014-04-01-preview,/,
    ],
  ])(
    "refuses a version that it does not have of %s, and lists those that it has",
    async (what, status, code, says) => {
      const { ask, registryId, subscription, assignments } = open();
      const path = { REGISTRY: registryId, ASSIGNMENTS: assignments }[what];
      const list = `${subscription}/providers/Microsoft.ContainerRegistry/registries`;
      const url = path ?? (what === "REGISTRIES" ? list : what);
      const refused = await ask("GET", url, undefined, "1999-01-01");
      expect(errorOf(refused)).toEqual({ status, code, message: expect.stringMatching(says) as string });
      expect(refused.headers).toMatchObject({ "x-ms-failure-cause": "gateway" });
    },
  );

  test("of an older cloud has fewer versions, whose answers hold less", async () => {
    const { ask, registryId, assign, assignments, principal } = open({
      apiVersions: { registries: ["2023-07-01"], authorization: ["2015-07-01"] },
    });
    expect(errorOf(await ask("GET", registryId)).code).toBe("NoRegisteredProviderFound");
    const registry = await ask("GET", registryId, undefined, "2023-07-01");
    expect(propertiesOf(registry)).not.toHaveProperty("roleAssignmentMode");
    expect(errorOf(await assign()).code).toBe("InvalidResourceType");
    // The condition is ignored, as if nobody had sent it.
    const limited = await ask(
      "PUT",
      `${assignments}/${name}`,
      {
        properties: {
          roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${pullGuid}`,
          principalId: principal.id,
          condition: "ActionMatches{'x'}",
          conditionVersion: "2.0",
        },
      },
      "2015-07-01",
    );
    expect([limited.status, Object.keys(propertiesOf(limited))]).toEqual([
      201,
      expect.not.arrayContaining(["condition", "principalType"]),
    ]);
  });

  test("names each answer for those who look for it in logs", async () => {
    const { headers } = await open().ask("GET", "/subscriptions");
    expect(Object.keys(headers ?? {})).toEqual(
      expect.arrayContaining([
        "x-ms-request-id",
        "x-ms-correlation-request-id",
        "x-ms-routing-request-id",
        "x-ms-ratelimit-remaining-subscription-reads",
      ]),
    );
  });

  test("shows tenants, and those subscriptions alone in which the caller holds a role", async () => {
    const subscriptions = [{ displayName: "Mine" }, { displayName: "Not mine" }];
    const { ask, world } = open({ subscriptions }, [{ role: "Reader", scope: "myregistry" }]);
    expect(valuesOf(await ask("GET", "/tenants"))).toMatchObject([{ tenantId: world.tenantId }]);
    expect(valuesOf(await ask("GET", "/subscriptions"))).toMatchObject([{ displayName: "Mine" }]);
    const [mine, other] = world.subscriptions;
    expect((await ask("GET", `/subscriptions/${mine?.subscriptionId}`)).body).toMatchObject({
      state: "Enabled",
    });
    const hidden = await ask("GET", `/subscriptions/${other?.subscriptionId}`);
    expect(errorOf(hidden)).toMatchObject({ status: 403, code: "AuthorizationFailed" });
    const none = await ask("GET", "/subscriptions/nothing");
    expect(errorOf(none)).toMatchObject({
      status: 404,
      code: "SubscriptionNotFound",
      message: "The subscription 'nothing' could not be found.",
    });
  });
});

describe("registries", () => {
  test("are listed by subscription, by group and as resources, whatever the case of the path", async () => {
    const { ask, subscription } = open();
    const both = ["myregistry", "abacregistry"];
    const provider = "/providers/Microsoft.ContainerRegistry/registries";
    expect(namesOf(await ask("GET", `${subscription}${provider}`))).toEqual(both);
    expect(namesOf(await ask("GET", `${subscription}${provider.toLowerCase()}/`))).toEqual(both);
    expect(namesOf(await ask("GET", `${subscription}/resourcegroups/SANDBOX-group${provider}`))).toEqual(
      both,
    );
    const filter = "resourceType eq 'Microsoft.ContainerRegistry/registries'";
    const resources = (text: string) =>
      ask("GET", `${subscription}/resources?$filter=${encodeURIComponent(text)}`);
    expect(namesOf(await resources(filter))).toEqual(both);
    expect(namesOf(await resources(`name eq 'MyRegistry' and ${filter}`))).toEqual(["myregistry"]);
    expect(namesOf(await resources("resourceType eq 'Microsoft.Storage/storageAccounts'"))).toEqual([]);
    expect(errorOf(await resources("startswith(name, 'my')")).status).toBe(400);
    expect(namesOf(await ask("GET", `${subscription}/resourceGroups`))).toEqual(["sandbox-group"]);
  });

  test.each([
    ["2025-11-01", "AbacRepositoryPermissions"],
    ["2025-03-01-preview", "AbacRepositoryPermissions"],
    ["2025-04-01", undefined],
    ["2023-07-01", undefined],
  ])("show their mode to clients of api-version %s: %s", async (version, mode) => {
    const { ask, abac } = open();
    const answer = await ask("GET", registryResourceId(abac), undefined, version);
    expect(propertiesOf(answer)["loginServer"]).toBe(abac.loginServer);
    expect(propertiesOf(answer)["roleAssignmentMode"]).toBe(mode);
  });

  test("come in pages, and every page names the next", async () => {
    const { ask, subscription, world } = open({ pageSize: 1 });
    const seen: unknown[] = [];
    const links: string[] = [];
    let next = `${subscription}/providers/Microsoft.ContainerRegistry/registries`;
    for (let pages = 0; next !== "" && pages < 5; pages += 1) {
      const answer = await ask("GET", next);
      seen.push(...namesOf(answer));
      const link = answer.body["nextLink"];
      next = typeof link === "string" ? link : "";
      links.push(next);
    }
    expect(seen).toEqual(["myregistry", "abacregistry"]);
    expect(links).toEqual([expect.stringMatching(`^${world.azureUrl}/subscriptions/`), ""]);
  });

  test("that the caller may not read are left out of lists, and are forbidden by name", async () => {
    const { ask, subscription, legacy, abac } = open({}, [{ role: "Reader", scope: "abacregistry" }]);
    const list = `${subscription}/providers/Microsoft.ContainerRegistry/registries`;
    expect(namesOf(await ask("GET", list))).toEqual(["abacregistry"]);
    expect((await ask("GET", registryResourceId(abac))).status).toBe(200);
    const refused = errorOf(await ask("GET", registryResourceId(legacy)));
    expect(refused).toMatchObject({ status: 403, code: "AuthorizationFailed" });
    expect(refused.message).toContain("perform action 'Microsoft.ContainerRegistry/registries/read'");
  });

  test("are not shown to one who may only pull from them", async () => {
    const { ask, registryId } = open({}, [{ role: "AcrPull" }]);
    expect(errorOf(await ask("GET", registryId)).code).toBe("AuthorizationFailed");
  });

  test("change in what the sandbox can do, and in nothing else", async () => {
    const { ask, registryId, legacy, commits } = open();
    const patch = (properties: unknown) => ask("PATCH", registryId, { properties });
    legacy.firewalled = true;
    const rules = { defaultAction: "Deny", ipRules: [{ action: "Allow", value: "192.0.2.7" }] };
    const changed = await patch({ networkRuleSet: rules, encryption: null });
    expect([changed.status, commits.length]).toEqual([200, 1]);
    expect(changed.body).toMatchObject({
      properties: { networkRuleSet: rules },
    });
    const refused = await patch({ publicNetworkAccess: "Disabled", zoneRedundancy: "Enabled" });
    expect(errorOf(refused)).toMatchObject({
      status: 501,
      message: expect.stringContaining("zoneRedundancy"),
    });
    expect(errorOf(await patch({ networkRuleSet: "none" })).status).toBe(501);
    expect([commits.length, legacy.network.publicAccess]).toEqual([1, true]);
    await patch({ networkRuleSet: { defaultAction: "Allow" } });
    expect([legacy.firewalled, legacy.network.allowedAddresses]).toEqual([false, []]);
  });

  test("are changed by those alone who may", async () => {
    const { ask, registryId } = open({}, [{ role: "Reader" }]);
    const body = { properties: { publicNetworkAccess: "Enabled" } };
    expect(errorOf(await ask("PATCH", registryId, body)).code).toBe("AuthorizationFailed");
  });

  test("that there are not are told from groups that there are not", async () => {
    const { ask, registryId } = open();
    expect(errorOf(await ask("GET", `${registryId}x`))).toMatchObject({
      status: 404,
      code: "ResourceNotFound",
    });
    expect(errorOf(await ask("GET", registryId.replace("sandbox-group", "nothing"))).code).toBe(
      "ResourceGroupNotFound",
    );
    expect(errorOf(await ask("DELETE", registryId)).status).toBe(404);
  });
});

describe("role definitions", () => {
  test("are found by name, whatever its case, with the subscription's id", async () => {
    const { ask, registryId, roleId } = open();
    const list = `${registryId}/providers/Microsoft.Authorization/roleDefinitions`;
    const answer = await ask("GET", `${list}?$filter=${encodeURIComponent("roleName eq 'acrpull'")}`);
    expect(valuesOf(answer)).toMatchObject([
      {
        id: roleId(pullGuid),
        name: pullGuid,
        properties: { roleName: "AcrPull", permissions: [{ dataActions: [] }] },
      },
    ]);
    expect(valuesOf(await ask("GET", list))).toHaveLength(roleDefinitions.length);
    expect((await ask("GET", roleId(pushGuid))).body).toMatchObject({ name: pushGuid });
    expect(errorOf(await ask("GET", roleId(name))).code).toBe("RoleDefinitionDoesNotExist");
  });

  test("tell the caller's permissions at a scope", async () => {
    const { ask, registryId } = open({}, [{ role: "Reader" }, { role: "AcrPush", scope: "myregistry" }]);
    const at = registryId.replace("resourceGroups", "resourcegroups");
    const answer = await ask("GET", `${at}/providers/Microsoft.Authorization/permissions`);
    expect(valuesOf(answer).map((item) => item["actions"])).toEqual([
      ["*/read"],
      [
        "Microsoft.ContainerRegistry/registries/pull/read",
        "Microsoft.ContainerRegistry/registries/push/write",
      ],
    ]);
  });
});

describe("a role assignment", () => {
  test("is made once, and made again is the same", async () => {
    const { assign, registryId, roleId, principal, commits } = open();
    const made = await assign();
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      id: `${registryId}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      properties: { roleDefinitionId: roleId(pullGuid), principalId: principal.id, scope: registryId },
    });
    expect((await assign()).status).toBe(201);
    expect(commits).toHaveLength(1);
  });

  test("keeps the case in which it was sent, and has the subscription's role id", async () => {
    const { assign, assignments, roleId } = open();
    const sent = roleId(pullGuid).toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions");
    expect(propertiesOf(await assign({ roleDefinitionId: sent }))["roleDefinitionId"]).toBe(sent);
    const unqualified = `/providers/Microsoft.Authorization/roleDefinitions/${pushGuid}`;
    const other = await assign({ roleDefinitionId: unqualified }, otherName, assignments.toLowerCase());
    expect(propertiesOf(other)["roleDefinitionId"]).toBe(roleId(pushGuid));
    expect(other.body["id"]).toBe(
      `${assignments.toLowerCase().replace("/providers/microsoft.authorization/roleassignments", "")}/providers/Microsoft.Authorization/roleAssignments/${otherName}`,
    );
  });

  test("exists only once for a role, principal and scope, whatever its condition", async () => {
    const { assign, ask, assignments } = open();
    await assign();
    const condition = "ActionMatches{'x'}";
    const again = await assign({ condition, conditionVersion: "2.0" }, otherName);
    expect(errorOf(again)).toEqual({
      status: 409,
      code: "RoleAssignmentExists",
      message: `The role assignment already exists. The ID of the existing role assignment is ${name.replaceAll("-", "")}.`,
    });
    expect(valuesOf(await ask("GET", `${assignments}?$filter=atScope()`))).not.toContainEqual(
      expect.objectContaining({ name: otherName }),
    );
  });

  test("can change its condition and nothing else", async () => {
    const { assign, ask, assignments, roleId, commits } = open();
    await assign();
    const condition = "ActionMatches{'x'}";
    const changed = await assign({ condition, conditionVersion: "2.0" });
    expect([changed.status, propertiesOf(changed)["condition"]]).toEqual([201, condition]);
    expect(propertiesOf(await ask("GET", `${assignments}/${name}`))["condition"]).toBe(condition);
    expect(commits).toHaveLength(2);
    const other = await assign({ roleDefinitionId: roleId(pushGuid) });
    expect(errorOf(other)).toMatchObject({ status: 400, code: "RoleAssignmentUpdateNotPermitted" });
  });

  test.each([
    ["a condition that is none", { condition: "anything", conditionVersion: "2.0" }, "InvalidCondition"],
    [
      "a condition of another version",
      { condition: "ActionMatches{'x'}", conditionVersion: "1.0" },
      "InvalidCondition",
    ],
    ["a condition without a version", { condition: "ActionMatches{'x'}" }, "InvalidCondition"],
    ["a principal that is no id", { principalId: "me" }, "InvalidPrincipalId"],
    ["a principal that there is not", { principalId: otherName }, "PrincipalNotFound"],
    ["a role that is no id", { roleDefinitionId: "AcrPull" }, "InvalidRoleDefinitionId"],
    [
      "a role that there is not",
      { roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${otherName}` },
      "RoleDefinitionDoesNotExist",
    ],
    ["a principal of another type", { principalType: "User" }, "UnmatchedPrincipalType"],
  ])("is not made for %s", async (_what, properties, code) => {
    const { assign, commits } = open();
    expect(errorOf(await assign(properties))).toMatchObject({ status: 400, code });
    expect(commits).toEqual([]);
  });

  test("does not know a fresh principal on every replica, though its type is stated", async () => {
    const { assign, world, principal, commits } = open();
    world.servicePrincipals.splice(world.servicePrincipals.indexOf(principal), 1, {
      ...principal,
      createdAt: Date.now(),
    });
    world.replication.lagMs = endlessLag;
    const codes = [];
    for (let read = 0; read < 3; read += 1) {
      const answer = await assign();
      codes.push(answer.status < 300 ? answer.status : errorOf(answer).code);
    }
    expect(new Set(codes)).toEqual(new Set([201, "PrincipalNotFound"]));
    expect(commits).toHaveLength(1);
  });

  test("and its end are seen on some reads and not on others until they have replicated", async () => {
    const { assign, ask, assignments, world } = open();
    await assign();
    const lists = async (wanted: string) => {
      const seen = new Set<boolean>();
      for (let read = 0; read < 3; read += 1) {
        seen.add(namesOf(await ask("GET", `${assignments}?$filter=atScope()`)).includes(wanted));
      }
      return seen;
    };
    // As if it had been there for a long time.
    world.roleAssignments.push({ ...(world.roleAssignments.pop() as RoleAssignmentRecord), createdAt: 0 });
    world.replication.lagMs = endlessLag;
    expect(await lists(name)).toEqual(new Set([true]));
    await ask("DELETE", `${assignments}/${name}`);
    expect(await lists(name)).toEqual(new Set([true, false]));
    await assign({}, otherName);
    expect(await lists(otherName)).toEqual(new Set([true, false]));
  });

  test("is removed once; what is not there is removed as well", async () => {
    const { assign, ask, assignments, commits } = open();
    await assign();
    expect((await ask("DELETE", `${assignments}/${name}`)).body["name"]).toBe(name);
    expect((await ask("DELETE", `${assignments}/${name}`)).status).toBe(204);
    expect(errorOf(await ask("GET", `${assignments}/${name}`))).toMatchObject({
      status: 404,
      code: "RoleAssignmentNotFound",
    });
    expect(commits).toHaveLength(2);
  });

  test("is listed by scope and by principal", async () => {
    const { assign, ask, assignments, subscription, principal, world, registryId } = open();
    await assign();
    const list = async (scope: string, filter: string) =>
      valuesOf(
        await ask(
          "GET",
          `${scope}/providers/Microsoft.Authorization/roleAssignments${filter && `?$filter=${encodeURIComponent(filter)}`}`,
        ),
      ).map((item) => (item["properties"] as Record<string, unknown>)["principalId"]);
    const owner = world.caller.objectId;
    const user = world.users[0]?.id;
    const above = [owner, user];
    expect(await list(registryId, "atScope()")).toEqual([...above, principal.id]);
    expect(await list(subscription, "atScope()")).toEqual(above);
    expect(await list(subscription, "")).toEqual([...above, principal.id]);
    expect(await list(subscription, `principalId eq '${principal.id}'`)).toEqual([principal.id]);
    expect(await list(registryId, `assignedTo('${owner}')`)).toEqual([owner]);
    expect(await list(registryId, `atScope() and assignedTo('${owner}')`)).toEqual([owner]);
    // Groups that contain each other do not lead to an endless search.
    world.groups.push(
      { id: "g1", displayName: "one", members: ["g2", owner] },
      { id: "g2", displayName: "two", members: ["g1"] },
    );
    world.roleAssignments.push({ ...world.roleAssignments[0]!, principalId: "g2", name: "by a group" });
    expect(await list(registryId, `assignedTo('${owner}')`)).toEqual([owner, "g2"]);
    expect(await list(registryId, `principalId eq '${owner}'`)).toEqual([owner]);
    const both = encodeURIComponent(`atScope() and principalId eq '${owner}'`);
    expect(errorOf(await ask("GET", `${assignments}?$filter=${both}`)).status).toBe(400);
  });

  test.each<[string, Caller, boolean]>([
    ["an owner of the registry", [{ role: "Owner", scope: "myregistry" }], true],
    ["a user access administrator", [{ role: "User Access Administrator" }], true],
    [
      "a role based access control administrator",
      [{ role: "Role Based Access Control Administrator" }],
      true,
    ],
    ["a contributor", [{ role: "Contributor" }], false],
    ["an owner of another registry", [{ role: "Owner", scope: "abacregistry" }], false],
    [
      "an owner whose condition is not fulfilled",
      [{ role: "Owner", condition: "ActionMatches{'x'}" }],
      false,
    ],
    ["nobody", [], false],
  ])("can be made and removed by %s: %s %s", async (_who, caller, may) => {
    const { assign, ask, assignments } = open({}, caller);
    const made = await assign();
    const removed = await ask("DELETE", `${assignments}/${name}`);
    expect([made.status, removed.status]).toEqual(may ? [201, 200] : [403, 403]);
  });

  test("can be limited to roles by a condition on who assigns them", async () => {
    // As the portal writes it for a delegation.
    const attribute = (source: string) =>
      `@${source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId]`;
    const limit = (action: string, source: string) =>
      `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${action}'})) OR (${attribute(source)} ForAnyOfAnyValues:GuidEquals {${pullGuid}}))`;
    const condition = `(${limit("write", "Request")} AND ${limit("delete", "Resource")})`;
    const { assign, ask, assignments, roleId, world, principal } = open({}, [
      { role: "Role Based Access Control Administrator", condition },
    ]);
    expect((await assign()).status).toBe(201);
    expect((await ask("DELETE", `${assignments}/${name}`)).status).toBe(200);
    expect((await assign({ roleDefinitionId: roleId(pushGuid) })).status).toBe(403);
    const foreign = world.roleAssignments.find(({ principalId }) => principalId !== principal.id);
    const removed = await ask("DELETE", foreign?.id ?? "");
    expect(errorOf(removed).message).toContain("or an ABAC condition not fulfilled");
  });

  test("is refused for an unfulfilled condition in words that say so", async () => {
    const { assign } = open({}, [{ role: "Owner", condition: "ActionMatches{'x'}" }]);
    expect(errorOf(await assign()).message).toContain("or an ABAC condition not fulfilled");
  });

  test("cannot be made where there is nothing", async () => {
    const { assign, assignments } = open();
    const nowhere = assignments.replace("myregistry", "nothing");
    expect(errorOf(await assign({}, name, nowhere))).toMatchObject({ status: 404, code: "ResourceNotFound" });
  });
});

test.each([
  ["PUT", "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/n", true],
  ["DELETE", "/SUBSCRIPTIONS/s/x", true],
  ["GET", "/subscriptions/s", false],
  ["POST", "/tenant/oauth2/v2.0/token", false],
  ["POST", "/v1.0/applications", false],
])("%s %s asks Resource Manager for a change: %s", (method, path, expected) => {
  expect(armIsMutating(request(method, path))).toBe(expected);
});

describe("managed clusters of AKS", () => {
  const list = "/providers/Microsoft.ContainerService/managedClusters";
  const options = {
    clusters: [{ context: "shop" }],
    managedClusters: [
      { name: "shop", context: "shop", resourceGroup: "shop-group" },
      { name: "old", nodes: "service-principal" as const },
      { name: "inner", isPrivate: true },
    ],
  };
  const ask = (all: ReturnType<typeof open>, path: string, version = "2025-05-01") =>
    all.ask("GET", path, undefined, version);

  test("are listed as AKS writes them: with their own spelling of ids, and the identity of their nodes", async () => {
    const all = open(options);
    const value = valuesOf(await ask(all, `${all.subscription}${list}`));
    const fields = (one: Json | undefined) => one?.["properties"] as Json | undefined;
    expect(value.map(({ name: one }) => one)).toEqual(["shop", "old", "inner"]);
    const [first, old, inner] = value;
    expect(first?.["id"]).toContain("/resourcegroups/shop-group/providers/");
    expect(first).toMatchObject({
      type: "Microsoft.ContainerService/ManagedClusters",
      properties: {
        fqdn: expect.stringMatching(/^shop-dns-.*\.hcp\.westeurope\.azmk8s\.io$/),
        servicePrincipalProfile: { clientId: "msi" },
        identityProfile: { kubeletidentity: { objectId: expect.any(String), clientId: expect.any(String) } },
      },
    });
    expect(all.world.clusters[0]?.hostName).toBe(fields(first)?.["fqdn"]);
    expect(fields(old)).not.toHaveProperty("identityProfile");
    expect(fields(inner)?.["privateFQDN"]).toMatch(/\.privatelink\.westeurope\.azmk8s\.io$/);
  });

  test("are read one by one, and listed by their group", async () => {
    const all = open(options);
    const group = `${all.subscription}/resourceGroups/shop-group`;
    expect((await ask(all, `${group}${list}/SHOP`)).body).toMatchObject({ name: "shop" });
    expect((await ask(all, `${group}${list}/other`)).status).toBe(404);
    expect((await ask(all, `${all.subscription}/resourceGroups/none${list}`)).status).toBe(404);
  });

  test("do not show to who may not read them, and refuse to be read by name", async () => {
    const all = open(options, [{ role: "AcrPull", scope: "myregistry" }]);
    expect((await ask(all, `${all.subscription}${list}`)).body).toEqual({ value: [] });
    const one = await ask(all, `${all.subscription}/resourceGroups/shop-group${list}/shop`);
    expect(one.status).toBe(403);
  });

  test("are refused in a version that there is not", async () => {
    const all = open(options);
    const answer = await ask(all, `${all.subscription}${list}`, "2019-01-01");
    expect([answer.status, answer.body["error"]]).toMatchObject([
      404,
      { code: "InvalidResourceType", message: expect.stringContaining("'managedClusters'") },
    ]);
  });
});
