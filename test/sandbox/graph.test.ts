import { describe, expect, it, vi } from "vitest";
import { graphIsMutating } from "../../src/sandbox/graph/graph.ts";
import { issueToken } from "../../src/sandbox/entra/token.ts";
import type { SandboxRequest } from "../../src/sandbox/service.ts";
import { endlessLag, inProcessAzure, type Answer, type InProcessAzure } from "./in-process-azure.ts";

const yearMs = 365 * 86_400_000;

function errorOf(answer: Answer): [number, unknown, unknown] {
  const error = answer.body["error"] as { code?: unknown; message?: unknown } | undefined;
  return [answer.status, error?.code, error?.message];
}

function codeOf(answer: Answer): [number, unknown] {
  const [status, code] = errorOf(answer);
  return [status, code];
}

function valuesOf(answer: Answer): Array<Record<string, unknown>> {
  expect(answer.status).toBe(200);
  return answer.body["value"] as Array<Record<string, unknown>>;
}

async function create(azure: InProcessAzure, body: Record<string, unknown>): Promise<Record<string, string>> {
  const answer = await azure.graph("POST", "/applications", body);
  expect(answer.status).toBe(201);
  return answer.body as Record<string, string>;
}

/** The answers of the three replicas. The first two are behind, the third knows everything. */
async function thrice(ask: () => Promise<Answer>): Promise<Answer[]> {
  return [await ask(), await ask(), await ask()];
}

describe("every answer", () => {
  it("carries request ids, an error also in its body", async () => {
    const azure = inProcessAzure();
    const headers = { "client-request-id": "mine" };
    const good = await azure.graph("GET", "/applications", undefined, { headers });
    expect(good.headers).toMatchObject({ "client-request-id": "mine", "request-id": expect.any(String) });
    const bad = await azure.graph("GET", "/applications/x", undefined, { headers });
    expect(bad.body["error"]).toMatchObject({
      code: "Request_ResourceNotFound",
      message:
        "Resource 'x' does not exist or one of its queried reference-property objects are not present.",
      innerError: { "request-id": bad.headers!["request-id"], "client-request-id": "mine" },
    });
  });

  it("is a refusal without a valid token for Graph", async () => {
    const azure = inProcessAzure();
    const record = azure.world.servicePrincipals[0]!;
    const issue = (audience: string, lifetime = 60) =>
      issueToken(azure.world, { audience, lifetime, subject: { kind: "service-principal", record } });
    const ask = async (token: string) =>
      errorOf(await azure.graph("GET", "/applications", undefined, { token }));
    const refused = (message: string) => [401, "InvalidAuthenticationToken", message];
    expect(await ask("")).toEqual(refused("Access token is empty."));
    expect(await ask(await issue("https://graph.microsoft.com", -1))).toEqual(
      refused("Lifetime validation failed, the token is expired."),
    );
    expect(await ask(await issue("https://management.azure.com"))).toEqual(
      refused("Access token validation failure. Invalid audience."),
    );
    expect((await ask("not a token"))[0]).toBe(401);
  });

  it("says 501 for what the sandbox cannot do", async () => {
    const azure = inProcessAzure();
    expect(codeOf(await azure.graph("GET", "/groups"))).toEqual([501, "NotImplemented"]);
    expect(codeOf(await azure.graph("POST", "/$batch", { requests: [] }))).toEqual([501, "NotImplemented"]);
    expect(codeOf(await azure.graph("GET", "/applications?$orderby=displayName"))).toEqual([
      501,
      "NotImplemented",
    ]);
    const web = { displayName: "x", web: { redirectUris: ["https://x.example"] } };
    expect(codeOf(await azure.graph("POST", "/applications", web))).toEqual([501, "NotImplemented"]);
  });
});

describe("applications", () => {
  it("are created with the caller as owner and found by id, application id and unique name", async () => {
    const azure = inProcessAzure();
    const { id, appId, ...rest } = await create(azure, {
      displayName: "acr-pull-myregistry",
      uniqueName: "acr-pull-1",
      tags: ["acr-pull"],
      notes: "a note",
      keyCredentials: [],
    });
    expect(rest).toMatchObject({
      passwordCredentials: [],
      signInAudience: "AzureADMyOrg",
      deletedDateTime: null,
    });
    for (const key of [
      `/${id}`,
      `(appId='${appId}')`,
      `(uniqueName='acr-pull-1')`,
      `(appId=%27${appId}%27)`,
    ]) {
      const answer = await azure.graph("GET", `/applications${key}`);
      expect(answer.body).toMatchObject({ id, displayName: "acr-pull-myregistry", uniqueName: "acr-pull-1" });
    }
    const [owner] = valuesOf(await azure.graph("GET", `/applications/${id}/owners`));
    expect(owner).toMatchObject({
      "@odata.type": "#microsoft.graph.servicePrincipal",
      id: azure.world.caller.objectId,
    });
  });

  it.each([
    ["displayName eq 'it''s a'", ["it's a"]],
    ["displayName eq 'IT''S A'", ["it's a"]],
    ["startswith(displayName,'it')", ["it's a", "it b"]],
    ["startsWith(displayName,'it') and tags/any(t:t eq 'blue and green')", ["it b"]],
    ["uniqueName eq 'name-b'", ["it b"]],
    ["identifierUris/any(s:s eq 'api://x')", []],
    ["displayName in ('IT''S A', 'nobody')", ["it's a"]],
    ["displayName in ('it b') and uniqueName eq 'name-b'", ["it b"]],
    ["displayName eq 'nobody'", []],
  ])("are filtered by %s", async (filter, names) => {
    const azure = inProcessAzure({
      applications: [
        { displayName: "it's a" },
        { displayName: "it b", uniqueName: "name-b", tags: ["blue and green"] },
      ],
    });
    const answer = await azure.graph("GET", `/applications?$filter=${encodeURIComponent(filter)}`);
    expect(valuesOf(answer).map((one) => one["displayName"])).toEqual(names);
  });

  it.each([
    ["displayName ne 'x'", "Request_UnsupportedQuery"],
    ["endsWith(displayName,'x')", "Request_UnsupportedQuery"],
    ["notes eq 'x'", "Request_UnsupportedQuery"],
    ["displayName eq x", "Request_BadRequest"],
    ["displayName in ()", "Request_BadRequest"],
    ["tags eq 'x'", "Request_BadRequest"],
    ["startswith(tags,'x')", "Request_BadRequest"],
    ["displayName/any(d:d eq 'x')", "Request_BadRequest"],
    [`displayName in (${"'x',".repeat(15)}'x')`, "Request_UnsupportedQuery"],
  ])("refuse to be filtered by %s", async (filter, code) => {
    const answer = await inProcessAzure().graph("GET", `/applications?$filter=${encodeURIComponent(filter)}`);
    expect(codeOf(answer)).toEqual([400, code]);
  });

  it("come in pages that link to the next until all were shown", async () => {
    const applications = ["a", "b", "c", "d"].map((displayName) => ({ displayName }));
    const azure = inProcessAzure({ pageSize: 2, applications });
    const names: unknown[] = [];
    let path: string | undefined =
      "/applications?$select=displayName&$filter=startswith(displayName,'') and displayName eq 'a'";
    expect(valuesOf(await azure.graph("GET", path))).toEqual([{ displayName: "a" }]);
    path = "/applications?$select=displayName&$top=3";
    let pages = 0;
    while (path !== undefined) {
      const answer: Answer = await azure.graph("GET", path);
      names.push(...valuesOf(answer).map((one) => one["displayName"]));
      pages += 1;
      const next = answer.body["@odata.nextLink"] as string | undefined;
      path = next?.slice(`${azure.world.azureUrl}/v1.0`.length);
    }
    expect(names).toEqual(["sandbox-caller", "a", "b", "c", "d"]);
    expect(pages).toBe(3);
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    ["without a name", {}, 400, "Request_BadRequest"],
    [
      "with a password",
      { displayName: "x", passwordCredentials: [{ displayName: "p" }] },
      400,
      "Request_BadRequest",
    ],
    ["for an audience there is not", { displayName: "x", signInAudience: "Mars" }, 400, "Request_BadRequest"],
  ])("are not created %s", async (_, body, status, code) => {
    const azure = inProcessAzure();
    expect(codeOf(await azure.graph("POST", "/applications", body))).toEqual([status, code]);
    expect(azure.world.applications).toHaveLength(1);
  });

  it("need a service tree reference where the tenant says so", async () => {
    const azure = inProcessAzure({ policy: { serviceTreeRequired: true } });
    const without = await azure.graph("POST", "/applications", { displayName: "x" });
    expect(codeOf(without)).toEqual([400, "ServiceTreeValueMissing"]);
    await create(azure, { displayName: "x", serviceManagementReference: "tree" });
  });

  it("are changed, and their principal's name with them", async () => {
    const azure = inProcessAzure();
    const { id, appId } = await create(azure, { displayName: "before" });
    await azure.graph("POST", "/servicePrincipals", { appId });
    const answer = await azure.graph("PATCH", `/applications/${id}`, { displayName: "after", notes: null });
    expect([answer.status, answer.body]).toEqual([204, {}]);
    const { body } = await azure.graph("GET", `/servicePrincipals(appId='${appId}')`);
    expect(body["displayName"]).toBe("after");
  });
});

describe("a unique name", () => {
  const body = { displayName: "one", uniqueName: "acr-pull-x" };

  it("is given once: a replica that has not heard of the first application refuses it too", async () => {
    const azure = inProcessAzure();
    azure.world.replication.lagMs = endlessLag;
    const answers = await thrice(() => azure.graph("POST", "/applications", body));
    expect(answers.map(({ status }) => status)).toEqual([201, 400, 400]);
    expect(answers[0]!.body).toMatchObject(body);
    expect(errorOf(answers[1]!)).toEqual([
      400,
      "Request_BadRequest",
      "Another object with the same value for property uniqueName already exists.",
    ]);
    expect(azure.world.applications.filter((one) => one.uniqueName === "acr-pull-x")).toHaveLength(1);
  });

  it("of somebody else's application is refused, and that application stays as it is", async () => {
    const azure = inProcessAzure({ applications: [{ displayName: "squat", uniqueName: "acr-pull-x" }] });
    const answer = await azure.graph("POST", "/applications", body);
    expect(codeOf(answer)).toEqual([400, "Request_BadRequest"]);
    expect(azure.world.applications[1]!.displayName).toBe("squat");
  });

  it("is refused while a deleted application holds it", async () => {
    const azure = inProcessAzure({
      applications: [{ displayName: "gone", uniqueName: "acr-pull-x", softDeleted: true }],
    });
    expect(codeOf(await azure.graph("POST", "/applications", body))).toEqual([400, "Request_BadRequest"]);
    const found = await azure.graph("GET", "/applications(uniqueName='acr-pull-x')");
    expect(codeOf(found)).toEqual([404, "Request_ResourceNotFound"]);
  });
});

describe("deleting an application", () => {
  const seesDeleted = {
    caller: { graphPermissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"] },
  };
  async function deleted(azure: InProcessAzure) {
    const { id, appId } = await create(azure, { displayName: "app", uniqueName: "name" });
    await azure.graph("POST", `/applications/${id}/addPassword`, {});
    await azure.graph("POST", "/servicePrincipals", { appId });
    expect((await azure.graph("DELETE", `/applications/${id}`)).status).toBe(204);
    return { id: id!, appId: appId! };
  }
  const items = "/directory/deletedItems/microsoft.graph.application";

  it("takes its principal along and leaves it restorable, with its passwords and without its principal", async () => {
    const azure = inProcessAzure(seesDeleted);
    const { id, appId } = await deleted(azure);
    expect((await azure.graph("GET", `/applications/${id}`)).status).toBe(404);
    expect((await azure.graph("GET", `/servicePrincipals(appId='${appId}')`)).status).toBe(404);
    const [item] = valuesOf(await azure.graph("GET", items));
    expect(item).toMatchObject({ id, uniqueName: "name", deletedDateTime: expect.any(String) });
    expect((await azure.graph("GET", `/directory/deletedItems/${id}`)).body).toMatchObject({ id });

    const restored = await azure.graph("POST", `/directory/deletedItems/${id}/restore`);
    expect([restored.status, restored.body["appId"]]).toEqual([200, appId]);
    const { body } = await azure.graph("GET", `/applications(uniqueName='name')`);
    expect(body["passwordCredentials"]).toHaveLength(1);
    expect(body["deletedDateTime"]).toBeNull();
    expect((await azure.graph("GET", `/servicePrincipals(appId='${appId}')`)).status).toBe(404);
    expect(valuesOf(await azure.graph("GET", items))).toEqual([]);
  });

  it("frees the unique name once it is deleted for good", async () => {
    const azure = inProcessAzure();
    const { id } = await deleted(azure);
    expect((await azure.graph("DELETE", `/directory/deletedItems/${id}`)).status).toBe(204);
    expect((await azure.graph("POST", `/directory/deletedItems/${id}/restore`)).status).toBe(404);
    await create(azure, { displayName: "app", uniqueName: "name" });
  });

  it("does not let the deleted be asked for by unique name", async () => {
    const azure = inProcessAzure(seesDeleted);
    const answer = await azure.graph("GET", `${items}?$filter=uniqueName eq 'name'`);
    expect(codeOf(answer)).toEqual([400, "Request_UnsupportedQuery"]);
    expect(valuesOf(await azure.graph("GET", `${items}?$filter=displayName eq 'app'`))).toEqual([]);
  });

  it("is for the owner or for those who may change all", async () => {
    const azure = inProcessAzure({
      applications: [
        { displayName: "theirs", appId: "44444444-4444-4444-8444-444444444444" },
        { displayName: "their old one", softDeleted: true },
      ],
    });
    const old = azure.world.applications[2]!.id;
    const answers = [
      await azure.graph("DELETE", "/applications(appId='44444444-4444-4444-8444-444444444444')"),
      await azure.graph("DELETE", `/directory/deletedItems/${old}`),
      await azure.graph("POST", `/directory/deletedItems/${old}/restore`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });
});

describe("passwords", () => {
  it.each(["application", "servicePrincipal"])("are added to a %s, shown once, and removed", async (kind) => {
    const azure = inProcessAzure();
    const { id, appId } = await create(azure, { displayName: "app" });
    const principal = await azure.graph("POST", "/servicePrincipals", { appId });
    const path =
      kind === "application"
        ? `/applications(appId='${appId}')`
        : `/servicePrincipals/${String(principal.body["id"])}`;
    const end = new Date(Date.now() + yearMs).toISOString();
    const added = await azure.graph("POST", `${path}/addPassword`, {
      passwordCredential: { displayName: "acr-pull/c/o", endDateTime: end },
    });
    expect(added.status).toBe(200);
    expect(added.body).toMatchObject({
      displayName: "acr-pull/c/o",
      endDateTime: end,
      customKeyIdentifier: null,
      secretText: expect.stringMatching(/^[A-Za-z0-9]{3}8Q~[A-Za-z0-9._~-]{34}$/),
    });
    expect(added.body["hint"]).toBe(String(added.body["secretText"]).slice(0, 3));
    const holder = kind === "application" ? `/applications/${id}` : path;
    const listed = async () =>
      (await azure.graph("GET", holder)).body["passwordCredentials"] as Array<Record<string, unknown>>;
    expect(await listed()).toEqual([
      expect.objectContaining({ keyId: added.body["keyId"], hint: added.body["hint"], secretText: null }),
    ]);
    const form = {
      grant_type: "client_credentials",
      client_id: appId!,
      client_secret: String(added.body["secretText"]),
      scope: "https://management.azure.com/.default",
    };
    expect((await azure.token(form)).status).toBe(200);

    const removal = () => azure.graph("POST", `${path}/removePassword`, { keyId: added.body["keyId"] });
    expect((await removal()).status).toBe(204);
    expect(await listed()).toEqual([]);
    expect((await azure.token(form)).body["error_codes"]).toEqual([7000215]);
    expect(errorOf(await removal())).toEqual([
      400,
      "Request_BadRequest",
      "No credentials found to be removed.",
    ]);
  });

  it("last two years unless told otherwise, whether or not there is a body", async () => {
    const azure = inProcessAzure();
    const { id } = await create(azure, { displayName: "app" });
    for (const body of [undefined, {}, { passwordCredential: { startDateTime: "2026-02-28T00:00:00Z" } }]) {
      const added = (await azure.graph("POST", `/applications/${id}/addPassword`, body)).body;
      const start = new Date(String(added["startDateTime"]));
      start.setUTCFullYear(start.getUTCFullYear() + 2);
      expect(added["endDateTime"]).toBe(start.toISOString());
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ["that ended already", { endDateTime: "2020-01-01T00:00:00Z", startDateTime: "2019-01-01T00:00:00Z" }],
    ["with a date that is none", { endDateTime: "soon" }],
    ["with too long a name", { displayName: "x".repeat(121) }],
  ])("are refused %s", async (_, passwordCredential) => {
    const azure = inProcessAzure();
    const { id } = await create(azure, { displayName: "app" });
    const answer = await azure.graph("POST", `/applications/${id}/addPassword`, { passwordCredential });
    expect(codeOf(answer)).toEqual([400, "Request_BadRequest"]);
  });

  it("obey the tenant's cap on their lifetime, which trips the default", async () => {
    const azure = inProcessAzure({ policy: { maxPasswordLifetime: "P90D" } });
    const { id } = await create(azure, { displayName: "app" });
    const add = (days: number) =>
      azure.graph("POST", `/applications/${id}/addPassword`, {
        passwordCredential: { endDateTime: new Date(Date.now() + days * 86_400_000).toISOString() },
      });
    const refused = await azure.graph("POST", `/applications/${id}/addPassword`);
    expect(refused.status).toBe(400);
    expect(refused.body["error"]).toMatchObject({
      code: "CredentialInvalidLifetimeAsPerAppPolicy",
      details: [{ code: "InvalidKeyEndDate", target: "EndDate" }],
    });
    expect((await add(91)).status).toBe(400);
    expect((await add(89)).status).toBe(200);
  });

  it("may be forbidden altogether", async () => {
    const azure = inProcessAzure({ policy: { passwordsForbidden: true } });
    const { id } = await create(azure, { displayName: "app" });
    const answer = await azure.graph("POST", `/applications/${id}/addPassword`);
    expect(codeOf(answer)).toEqual([400, "CredentialTypeNotAllowedAsPerAppPolicy"]);
  });
});

describe("service principals", () => {
  it("are found by application id and every filter that az sends", async () => {
    const azure = inProcessAzure();
    const { appId } = await create(azure, { displayName: "app" });
    const made = await azure.graph("POST", "/servicePrincipals", { appId, accountEnabled: true });
    expect(made.status).toBe(201);
    const { id } = made.body;
    for (const filter of [
      `appId eq '${appId}'`,
      "displayName eq 'app'",
      `servicePrincipalNames/any(c:c eq '${appId}')`,
    ]) {
      const answer = await azure.graph("GET", `/servicePrincipals?$filter=${encodeURIComponent(filter)}`);
      expect(valuesOf(answer)).toEqual([expect.objectContaining({ id, appId, accountEnabled: true })]);
    }
    expect((await azure.graph("GET", `/servicePrincipals/${String(id)}`)).body).toMatchObject({ appId });
    expect((await azure.graph("DELETE", `/servicePrincipals/${String(id)}`)).status).toBe(204);
    expect((await azure.graph("GET", `/servicePrincipals(appId='${appId}')`)).status).toBe(404);
  });

  it("tell whose application they stand for, and those of managed identities cannot be changed", async () => {
    const azure = inProcessAzure({
      caller: { graphPermissions: ["Application.ReadWrite.All"] },
      applications: [{ displayName: "ours" }],
      foreignPrincipals: [
        { displayName: "theirs", kind: "application" },
        { displayName: "workload", kind: "managed-identity" },
      ],
    });
    const list = await azure.graph(
      "GET",
      "/servicePrincipals?$select=id,displayName,servicePrincipalType,appOwnerOrganizationId,signInAudience",
    );
    const [, ours, theirs, workload] = valuesOf(list);
    expect(ours).toMatchObject({
      servicePrincipalType: "Application",
      appOwnerOrganizationId: azure.world.tenantId,
    });
    expect(theirs).toMatchObject({
      servicePrincipalType: "Application",
      signInAudience: "AzureADMultipleOrgs",
    });
    expect(theirs?.["appOwnerOrganizationId"]).not.toBe(azure.world.tenantId);
    expect(workload).toMatchObject({
      displayName: "workload",
      servicePrincipalType: "ManagedIdentity",
      appOwnerOrganizationId: null,
    });
    const change = await azure.graph(
      "POST",
      `/servicePrincipals/${String(workload?.["id"])}/addPassword`,
      {},
    );
    expect(change.status).toBe(501);
  });

  it("are one for an application", async () => {
    const azure = inProcessAzure();
    const { appId } = await create(azure, { displayName: "app" });
    await azure.graph("POST", "/servicePrincipals", { appId });
    const again = await azure.graph("POST", "/servicePrincipals", { appId });
    expect(again.body["error"]).toMatchObject({
      code: "Request_MultipleObjectsWithSameKeyValue",
      details: [{ code: "ObjectConflict" }],
    });
    expect(again.status).toBe(409);
  });

  it("need an application, and with OwnedBy one's own", async () => {
    const azure = inProcessAzure({
      applications: [
        { displayName: "theirs", appId: "55555555-5555-4555-8555-555555555555", servicePrincipal: false },
      ],
    });
    const missing = await azure.graph("POST", "/servicePrincipals", {
      appId: "66666666-6666-4666-8666-666666666666",
    });
    expect(missing.status).toBe(400);
    expect(missing.body["error"]).toMatchObject({
      details: [{ code: "NoBackingApplicationObject", target: "appId" }],
    });
    const foreign = await azure.graph("POST", "/servicePrincipals", {
      appId: "55555555-5555-4555-8555-555555555555",
    });
    expect(errorOf(foreign)).toEqual([
      403,
      "Authorization_RequestDenied",
      "When using this permission, the backing application of the service principal being created must in the local tenant",
    ]);
  });
});

describe("replication", () => {
  it("shows a new application on one replica of three, however it is read", async () => {
    const azure = inProcessAzure();
    azure.world.replication.lagMs = endlessLag;
    const [made] = await thrice(() =>
      azure.graph("POST", "/applications", { displayName: "a", uniqueName: "n" }),
    );
    const id = String(made!.body["id"]);
    for (const path of [`/applications/${id}`, "/applications(uniqueName='n')"]) {
      const answers = await thrice(() => azure.graph("GET", path));
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 200]);
    }
    const lists = await thrice(() => azure.graph("GET", "/applications?$filter=uniqueName eq 'n'"));
    expect(lists.map((list) => valuesOf(list).length)).toEqual([0, 0, 1]);
    const added = await thrice(() => azure.graph("POST", `/applications/${id}/addPassword`));
    expect(added.map(({ status }) => status)).toEqual([404, 404, 200]);
    const passwords = azure.world.applications.at(-1)!.passwords;
    expect(passwords).toHaveLength(1);
  });

  it("lets a principal come too soon, with either of two refusals by turns", async () => {
    const azure = inProcessAzure();
    azure.world.replication.lagMs = endlessLag;
    const [made] = await thrice(() =>
      azure.graph("POST", "/applications", { displayName: "a", uniqueName: "n" }),
    );
    const { appId } = made!.body;
    const answers = await thrice(() => azure.graph("POST", "/servicePrincipals", { appId }));
    expect(answers.map(codeOf)).toEqual([
      [400, "Request_BadRequest"],
      [403, "Authorization_RequestDenied"],
      [201, undefined],
    ]);
  });

  it("shows a password late, and says of one unknown that it cannot be removed while removing it", async () => {
    const azure = inProcessAzure();
    const { id } = await create(azure, { displayName: "app" });
    // The application has been known for long. Only its password is new.
    azure.world.applications.push({
      ...azure.world.applications.pop()!,
      createdAt: Date.now() - 2 * endlessLag,
    });
    const { body } = await azure.graph("POST", `/applications/${id}/addPassword`);
    await azure.graph("GET", "/applications");
    azure.world.replication.lagMs = endlessLag;
    const reads = await thrice(() => azure.graph("GET", `/applications/${id}`));
    expect(reads.map((read) => (read.body["passwordCredentials"] as unknown[]).length)).toEqual([0, 0, 1]);
    const removal = await azure.graph("POST", `/applications/${id}/removePassword`, { keyId: body["keyId"] });
    expect(errorOf(removal)).toEqual([400, "Request_BadRequest", "No credentials found to be removed."]);
    expect(azure.world.applications.at(-1)!.passwords[0]!.removedAt).toBeDefined();
  });

  it("goes on showing a deleted application for a while, and not yet among the deleted", async () => {
    const azure = inProcessAzure({
      caller: { graphPermissions: ["Application.ReadWrite.All"] },
      applications: [{ displayName: "app", owners: ["caller"] }],
    });
    const { id } = azure.world.applications[1]!;
    azure.world.replication.lagMs = endlessLag;
    await azure.graph("DELETE", `/applications/${id}`);
    const answers = [];
    for (let read = 0; read < 2; read += 1) {
      answers.push([
        (await azure.graph("GET", `/applications/${id}`)).status,
        (await azure.graph("GET", `/directory/deletedItems/${id}`)).status,
      ]);
    }
    // Reads meet the replicas in turn: behind, fresh, behind, behind.
    expect(answers).toEqual([
      [200, 200],
      [200, 404],
    ]);
  });
});

describe("certificates", () => {
  const asked = "/applications?$select=id,keyCredentials";

  it("are shown 150 times a minute, to all callers and of applications and principals together", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const azure = inProcessAzure();
      for (let read = 0; read < 150; read += 1) {
        const path = read % 2 === 0 ? asked : asked.replace("applications", "servicePrincipals");
        expect((await azure.graph("GET", path)).status).toBe(200);
      }
      vi.advanceTimersByTime(20_000);
      const refused = await azure.graph("GET", asked);
      expect(codeOf(refused)).toEqual([429, "TooManyRequests"]);
      expect(refused.headers?.["Retry-After"]).toBe("40");
      expect((await azure.graph("GET", "/applications?$select=id,passwordCredentials")).status).toBe(200);
      vi.advanceTimersByTime(40_000);
      expect((await azure.graph("GET", asked)).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("rights", () => {
  it("to see the deleted are more than to restore and to delete for good what one owns", async () => {
    const options = {
      applications: [{ displayName: "old", softDeleted: true, owners: ["caller", "ada@sandbox.example"] }],
      users: [{ userPrincipalName: "ada@sandbox.example", displayName: "Ada" }],
    };
    const listed = "/directory/deletedItems/microsoft.graph.application";
    for (const [permission, statuses] of [
      ["Application.ReadWrite.OwnedBy", [403, 403, 200, 204]],
      ["Application.ReadWrite.All", [200, 200, 200, 204]],
      ["Application.Read.All", [200, 200, 403, 403]],
    ] as const) {
      const azure = inProcessAzure({ ...options, caller: { graphPermissions: [permission] } });
      const { id } = azure.world.applications[1]!;
      const item = `/directory/deletedItems/${id}`;
      const answers = [
        await azure.graph("GET", listed),
        await azure.graph("GET", item),
        await azure.graph("POST", `${item}/restore`),
      ];
      Object.assign(azure.world.applications[1]!, { softDeleted: true, removedAt: Date.now() });
      answers.push(await azure.graph("DELETE", item));
      expect(answers.map(({ status }) => status)).toEqual(statuses);
    }
  });

  it("of a person end with restoring: for good an administrator deletes", async () => {
    const azure = inProcessAzure({
      users: [{ userPrincipalName: "u@sandbox.example", displayName: "U" }],
    });
    const token = await azure.tokenOf(azure.world.users[0]!);
    const made = await azure.graph("POST", "/applications", { displayName: "mine" }, { token });
    const id = String(made.body["id"]);
    await azure.graph("DELETE", `/applications/${id}`, undefined, { token });
    const item = `/directory/deletedItems/${id}`;
    expect((await azure.graph("DELETE", item, undefined, { token })).status).toBe(403);
    expect((await azure.graph("POST", `${item}/restore`, undefined, { token })).status).toBe(200);
  });

  it("over the whole directory are over passwords and principals of applications, and not over these", async () => {
    const azure = inProcessAzure({
      caller: { graphPermissions: ["Directory.ReadWrite.All"] },
      applications: [{ displayName: "theirs", servicePrincipal: false }],
    });
    const { id, appId } = azure.world.applications[1]!;
    const answers = [
      await azure.graph("POST", "/applications", { displayName: "mine" }),
      await azure.graph("PATCH", `/applications/${id}`, { displayName: "changed" }),
      await azure.graph("DELETE", `/applications/${id}`),
      await azure.graph("POST", `/applications/${id}/addPassword`),
      await azure.graph("POST", "/servicePrincipals", { appId }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 200, 201]);
  });

  it("to register and no more do not make an owner", async () => {
    const azure = inProcessAzure({ caller: { graphPermissions: ["AppRegistration.Create"] } });
    const { id } = await create(azure, { displayName: "x" });
    expect((await azure.graph("POST", `/applications/${id}/addPassword`)).status).toBe(403);
  });

  it("of one's own applications do not show the tenant, nor objects of any kind", async () => {
    const ask = async (permission: string) => {
      const azure = inProcessAzure({ caller: { graphPermissions: [permission] } });
      const answers = [
        await azure.graph("GET", "/organization"),
        await azure.graph("POST", "/directoryObjects/getByIds", { ids: [azure.world.caller.objectId] }),
      ];
      return answers.map(({ status }) => status);
    };
    expect(await ask("Application.ReadWrite.OwnedBy")).toEqual([403, 403]);
    expect(await ask("Organization.Read.All")).toEqual([200, 403]);
    expect(await ask("Directory.Read.All")).toEqual([200, 200]);
  });

  it.each<[string[], number, number, number]>([
    [[], 403, 403, 403],
    [["Application.Read.All"], 200, 403, 403],
    [["Application.ReadWrite.OwnedBy"], 200, 201, 403],
    [["Application.ReadWrite.All"], 200, 201, 204],
  ])(
    "of an application with %j: read %i, create %i, change another's %i",
    async (permissions, ...expected) => {
      const azure = inProcessAzure({
        caller: { graphPermissions: permissions },
        applications: [{ displayName: "theirs" }],
      });
      const { id } = azure.world.applications[1]!;
      const answers = [
        await azure.graph("GET", `/applications/${id}`),
        await azure.graph("POST", "/applications", { displayName: "mine" }),
        await azure.graph("PATCH", `/applications/${id}`, { displayName: "changed" }),
      ];
      expect(answers.map(({ status }) => status)).toEqual(expected);
      for (const answer of answers.filter(({ status }) => status === 403)) {
        expect(errorOf(answer)).toEqual([
          403,
          "Authorization_RequestDenied",
          "Insufficient privileges to complete the operation.",
        ]);
      }
    },
  );

  it.each<[string, string[], boolean, number, number]>([
    ["a member where members register", [], true, 201, 403],
    ["a member where they do not", [], false, 403, 403],
    ["an Application Developer", ["cf1c38e5-3621-4004-a7cb-879624dced7c"], false, 201, 403],
    ["an Application Administrator", ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"], false, 201, 204],
    ["a Cloud Application Administrator", ["158c047a-c907-4556-b7ef-446551a6b5f7"], false, 201, 204],
    ["a Global Administrator", ["62e90394-69f5-4237-9190-012177145e10"], false, 201, 204],
  ])("of %s", async (_, roles, members, createStatus, changeStatus) => {
    const azure = inProcessAzure({
      users: [{ userPrincipalName: "u@sandbox.example", displayName: "U", directoryRoles: roles }],
      policy: { membersMayRegisterApplications: members },
      applications: [{ displayName: "theirs" }],
    });
    const token = await azure.tokenOf(azure.world.users[0]!);
    const made = await azure.graph("POST", "/applications", { displayName: "mine" }, { token });
    expect(made.status).toBe(createStatus);
    const { id } = azure.world.applications[1]!;
    const changed = await azure.graph("PATCH", `/applications/${id}`, { displayName: "x" }, { token });
    expect(changed.status).toBe(changeStatus);
    const own = await azure.graph("DELETE", `/applications/${String(made.body["id"])}`, undefined, { token });
    expect(own.status).toBe(createStatus === 201 ? 204 : 404);
  });

  it("of a person who makes an application and its principal are on the application alone, and can be given up", async () => {
    const azure = inProcessAzure();
    const token = await azure.tokenOf(azure.world.users[0]!);
    const { body: application } = await azure.graph(
      "POST",
      "/applications",
      { displayName: "hers" },
      { token },
    );
    const { body: principal } = await azure.graph(
      "POST",
      "/servicePrincipals",
      { appId: application["appId"] },
      { token },
    );
    const ownersOf = async (path: string) =>
      valuesOf(await azure.graph("GET", `${path}/owners`)).map(({ id }) => id);
    const { id } = azure.world.users[0]!;
    expect(await ownersOf(`/servicePrincipals/${String(principal["id"])}`)).toEqual([]);
    const path = `/applications/${String(application["id"])}`;
    expect(await ownersOf(path)).toEqual([id]);
    await azure.graph("DELETE", `${path}/owners/${id}/$ref`, undefined, { token });
    expect(await ownersOf(path)).toEqual([]);
  });

  it("to add an owner are more than to own", async () => {
    const owned = { graphPermissions: ["Application.ReadWrite.OwnedBy"] };
    const all = { graphPermissions: ["Application.ReadWrite.All", "Directory.Read.All"] };
    for (const [caller, statuses] of [
      [owned, [403, 403]],
      [all, [204, 400]],
    ] as const) {
      const azure = inProcessAzure({ caller, applications: [{ displayName: "app", owners: ["caller"] }] });
      const { id } = azure.world.applications[1]!;
      const add = () =>
        azure.graph("POST", `/applications/${id}/owners/$ref`, {
          "@odata.id": `https://localhost:18443/v1.0/directoryObjects/${azure.world.users[0]!.id}`,
        });
      expect([(await add()).status, (await add()).status]).toEqual(statuses);
      const owners = valuesOf(await azure.graph("GET", `/applications/${id}/owners`));
      expect(owners).toHaveLength(statuses[0] === 204 ? 2 : 1);
    }
  });

  it("to read the tenant's policy are rare", async () => {
    const path = "/policies/defaultAppManagementPolicy";
    expect((await inProcessAzure().graph("GET", path)).status).toBe(403);
    const azure = inProcessAzure({ policy: { readable: true, maxPasswordLifetime: "P90D" } });
    expect((await azure.graph("GET", path)).body).toMatchObject({
      isEnabled: true,
      applicationRestrictions: {
        passwordCredentials: [{ restrictionType: "passwordLifetime", maxLifetime: "P90D", state: "enabled" }],
      },
    });
  });
});

describe("the directory", () => {
  it("finds principals and people by id for who may read all of it", async () => {
    const azure = inProcessAzure({ caller: { graphPermissions: ["Directory.Read.All"] } });
    const [ada] = azure.world.users;
    const ids = [azure.world.caller.objectId, ada!.id, "77777777-7777-4777-8777-777777777777"];
    const byIds = async (token?: string) =>
      valuesOf(
        await azure.graph(
          "POST",
          "/directoryObjects/getByIds",
          { ids, types: ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"] },
          token === undefined ? {} : { token },
        ),
      );
    expect(await byIds()).toEqual([
      expect.objectContaining({ displayName: "sandbox-caller", appId: azure.world.caller.appId }),
      expect.objectContaining({
        "@odata.type": "#microsoft.graph.user",
        id: ada!.id,
        displayName: "Ada",
      }),
    ]);
    expect((await byIds(await azure.tokenOf(ada!)))[1]).toMatchObject({
      userPrincipalName: "ada@sandbox.example",
    });
  });

  it("tells a person who he is and what he owns, and an application that it is no person", async () => {
    const azure = inProcessAzure();
    const token = await azure.tokenOf(azure.world.users[0]!);
    expect((await azure.graph("GET", "/me", undefined, { token })).body).toMatchObject({
      displayName: "Ada",
    });
    await azure.graph("POST", "/applications", { displayName: "Ada's" }, { token });
    const owned = valuesOf(await azure.graph("GET", "/me/ownedObjects", undefined, { token }));
    expect(owned.map((one) => one["displayName"])).toEqual(["Ada's"]);
    expect(codeOf(await azure.graph("GET", "/me"))).toEqual([400, "BadRequest"]);
  });

  it("lists federated credentials", async () => {
    const credential = { name: "ci", issuer: "https://ci.example", subject: "repo:a/b" };
    const azure = inProcessAzure({
      applications: [{ displayName: "app", federatedCredentials: [credential] }],
    });
    const { id } = azure.world.applications[1]!;
    const answer = await azure.graph("GET", `/applications/${id}/federatedIdentityCredentials`);
    expect(valuesOf(answer)).toEqual([
      expect.objectContaining({ ...credential, audiences: ["api://AzureADTokenExchange"] }),
    ]);
  });
});

it("announces every committed write, and nothing that was refused or only read", async () => {
  const azure = inProcessAzure();
  const commits: string[] = [];
  azure.world.committed = (what) => commits.push(what);
  const { id, appId } = await create(azure, { displayName: "app" });
  await azure.graph("GET", `/applications/${id}`);
  await azure.graph("POST", "/applications", {});
  await azure.graph("POST", "/servicePrincipals", { appId });
  const { body } = await azure.graph("POST", `/applications/${id}/addPassword`);
  await azure.graph("POST", `/applications/${id}/removePassword`, { keyId: body["keyId"] });
  await azure.graph("POST", `/applications/${id}/removePassword`, { keyId: body["keyId"] });
  await azure.graph("DELETE", `/applications/${id}`);
  expect(commits).toEqual([
    "application created",
    "service principal created",
    "password added",
    "password removed",
    "application deleted",
  ]);
});

it.each([
  ["POST", "/v1.0/applications", true],
  ["PATCH", "/v1.0/applications/x", true],
  ["GET", "/v1.0/applications", false],
  ["POST", "/v1.0/directoryObjects/getByIds", false],
  ["PUT", "/subscriptions/x", false],
])("counts %s %s as mutating: %s", (method, path, mutating) => {
  expect(graphIsMutating({ method, path } as SandboxRequest)).toBe(mutating);
});
