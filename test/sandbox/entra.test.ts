import { decodeJwt, importJWK, jwtVerify, UnsecuredJWT, type JWK } from "jose";
import { expect, it } from "vitest";
import { entraError } from "../../src/sandbox/entra/entra.ts";
import { azureCliAppId, issueToken, verifyToken } from "../../src/sandbox/entra/token.ts";
import { endlessLag, inProcessAzure, type InProcessAzure } from "./in-process-azure.ts";

const resourceManager = "https://management.core.windows.net/";

function signIn(azure: InProcessAzure, changes: Record<string, string> = {}): Record<string, string> {
  const { appId, secretText } = azure.world.caller;
  return {
    grant_type: "client_credentials",
    client_id: appId,
    client_secret: secretText,
    scope: `${resourceManager}/.default`,
    ...changes,
  };
}

it("names its five endpoints at every authority", async () => {
  const azure = inProcessAzure();
  for (const tenant of [azure.world.tenantId, "common", "organizations"]) {
    const { status, body } = await azure.get(`/${tenant}/v2.0/.well-known/openid-configuration`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_endpoint: `https://localhost:18443/${tenant}/oauth2/v2.0/token`,
      authorization_endpoint: `https://localhost:18443/${tenant}/oauth2/v2.0/authorize`,
      device_authorization_endpoint: `https://localhost:18443/${tenant}/oauth2/v2.0/devicecode`,
      issuer: expect.stringMatching(/^https:\/\/localhost:18443\/.*\/v2\.0$/),
      jwks_uri: expect.any(String),
    });
  }
});

it("issues tokens that its published key verifies, with the claims clients read", async () => {
  const azure = inProcessAzure();
  const { status, headers, body } = await azure.token(signIn(azure));
  expect(status).toBe(200);
  expect(headers).toMatchObject({ "Cache-Control": "no-store, no-cache" });
  expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 });
  const { body: jwks } = await azure.get(`/${azure.world.tenantId}/discovery/v2.0/keys`);
  const [key] = jwks["keys"] as JWK[];
  const { payload } = await jwtVerify(String(body["access_token"]), await importJWK(key!));
  expect(payload).toMatchObject({
    aud: resourceManager,
    iss: `https://sts.windows.net/${azure.world.tenantId}/`,
    tid: azure.world.tenantId,
    oid: azure.world.caller.objectId,
    appid: azure.world.caller.appId,
    idtyp: "app",
  });
  expect(payload.exp! - payload.iat!).toBe(3600);
});

it("puts the application's permissions into tokens for Graph alone", async () => {
  const azure = inProcessAzure({ caller: { graphPermissions: ["Application.ReadWrite.All"] } });
  const roles = async (scope: string) =>
    decodeJwt(String((await azure.token(signIn(azure, { scope }))).body["access_token"]))["roles"];
  expect(await roles("https://localhost:18443/.default")).toEqual(["Application.ReadWrite.All"]);
  expect(await roles(`${resourceManager}/.default`)).toBeUndefined();
});

it.each([
  ["https://management.core.windows.net//.default", "https://management.core.windows.net/"],
  ["https://management.core.windows.net/.default", "https://management.core.windows.net"],
  ["https://containerregistry.azure.net/.default", "https://containerregistry.azure.net"],
  ["https://localhost:18443/.default", "https://localhost:18443"],
])("takes the resource from the scope %s", async (scope, audience) => {
  const azure = inProcessAzure();
  const { body } = await azure.token(signIn(azure, { scope }));
  expect(decodeJwt(String(body["access_token"])).aud).toBe(audience);
});

it.each<[string, Record<string, string>, number, string, number]>([
  ["a wrong secret", { client_secret: "wrong" }, 401, "invalid_client", 7000215],
  ["an unknown application", { client_id: "nobody" }, 400, "unauthorized_client", 700016],
  ["an unknown resource", { scope: "https://vault.azure.net/.default" }, 400, "invalid_resource", 500011],
  ["a scope that is no resource's", { scope: `${resourceManager}/read` }, 400, "invalid_scope", 1002012],
  ["a grant it has not", { grant_type: "password" }, 400, "unsupported_grant_type", 70003],
  ["a missing scope", { scope: "" }, 400, "invalid_request", 900144],
])("refuses %s", async (_, changes, status, error, code) => {
  const azure = inProcessAzure();
  const answer = await azure.token(signIn(azure, changes));
  expect(answer.status).toBe(status);
  expect(answer.body).toMatchObject({
    error,
    error_codes: [code],
    error_description: expect.stringMatching(
      new RegExp(
        `^AADSTS${code}: .+\\r\\nTrace ID: .+\\r\\nCorrelation ID: .+\\r\\nTimestamp: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ$`,
      ),
    ),
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  });
  expect(answer.headers?.["x-ms-request-id"]).toBe(answer.body["trace_id"]);
});

it("refuses another tenant, and to guess the tenant of an application", async () => {
  const azure = inProcessAzure();
  const foreign = await azure.token(signIn(azure), "11111111-1111-4111-8111-111111111111");
  expect([foreign.status, foreign.body["error_codes"]]).toEqual([400, [90002]]);
  const shared = await azure.token(signIn(azure), "organizations");
  expect([shared.status, shared.body["error_codes"]]).toEqual([400, [50059]]);
});

it("echoes the client's correlation id", async () => {
  const azure = inProcessAzure();
  const { body } = await azure.token(
    signIn(azure, { client_secret: "x", "client-request-id": "id of mine" }),
  );
  expect(body["correlation_id"]).toBe("id of mine");
});

it("tells an expired secret from a wrong one", async () => {
  const azure = inProcessAzure();
  azure.world.servicePrincipals[0]!.passwords[0]!.endDateTime = new Date(Date.now() - 1000).toISOString();
  expect((await azure.token(signIn(azure))).body["error_codes"]).toEqual([7000222]);
});

it("calls a fresh secret wrong where it is not known yet, and expired now and then", async () => {
  const azure = inProcessAzure({ replicationLag: "1h" });
  const [principal] = azure.world.servicePrincipals;
  principal!.passwords.push({ ...principal!.passwords[0]!, secretText: "fresh", createdAt: Date.now() });
  const seen = [];
  for (let tries = 0; tries < 9; tries += 1) {
    const { status, body } = await azure.token(signIn(azure, { client_secret: "fresh" }));
    seen.push(status === 200 ? "signed in" : (body["error_codes"] as number[])[0]);
  }
  expect(new Set(seen)).toEqual(new Set(["signed in", 7000215, 7000222]));
});

it("refuses a disabled principal, and all of them where Conditional Access says so", async () => {
  const azure = inProcessAzure();
  azure.world.servicePrincipals[0]!.accountEnabled = false;
  expect((await azure.token(signIn(azure))).body["error_codes"]).toEqual([7000112]);
  const guarded = inProcessAzure({ policy: { conditionalAccessBlocks: true } });
  expect((await guarded.token(signIn(guarded))).body["error_codes"]).toEqual([53003]);
  guarded.world.policy.conditionalAccessExcludes = ["caller"];
  expect((await guarded.token(signIn(guarded))).status).toBe(200);
});

it("takes a password of the application or of the principal", async () => {
  const azure = inProcessAzure();
  const [password] = azure.world.servicePrincipals[0]!.passwords;
  azure.world.applications[0]!.passwords.push({ ...password!, secretText: "the application's" });
  for (const secret of [password!.secretText, "the application's"]) {
    expect((await azure.token(signIn(azure, { client_secret: secret }))).status).toBe(200);
  }
});

it("knows a new password on one replica and not on the others, a removed one the other way round", async () => {
  const azure = inProcessAzure();
  const { replication, servicePrincipals } = azure.world;
  replication.lagMs = endlessLag;
  const [old] = servicePrincipals[0]!.passwords;
  servicePrincipals[0]!.passwords.push({ ...old!, secretText: "new", createdAt: Date.now() });
  old!.removedAt = Date.now();
  const statuses = async (secret: string) => {
    const answers = [];
    for (let read = 0; read < 3; read += 1) {
      answers.push((await azure.token(signIn(azure, { client_secret: secret }))).status);
    }
    return answers;
  };
  expect(await statuses("new")).toEqual([401, 401, 200]);
  expect(await statuses(old!.secretText)).toEqual([200, 200, 401]);
});

it.each(["application", "principal"] as const)("does not know a new %s on every replica", async (which) => {
  const azure = inProcessAzure();
  const { world } = azure;
  const records = which === "application" ? world.applications : world.servicePrincipals;
  records.splice(0, 1, { ...records[0]!, createdAt: Date.now() } as never);
  world.replication.lagMs = endlessLag;
  const codes = [];
  for (let read = 0; read < 3; read += 1) codes.push((await azure.token(signIn(azure))).body["error_codes"]);
  expect(codes).toEqual([[700016], [700016], undefined]);
});

it("does not sign in a soft-deleted application", async () => {
  const azure = inProcessAzure({
    applications: [
      {
        displayName: "gone",
        appId: "22222222-2222-4222-8222-222222222222",
        passwords: [{ secretText: "secret of the gone" }],
        softDeleted: true,
      },
    ],
  });
  const { body } = await azure.token(
    signIn(azure, { client_id: "22222222-2222-4222-8222-222222222222", client_secret: "secret of the gone" }),
  );
  expect(body["error_codes"]).toEqual([700016]);
});

it("exchanges a workload's own token only for an application that trusts its issuer and subject", async () => {
  const azure = inProcessAzure({
    applications: [
      {
        displayName: "workload",
        appId: "33333333-3333-4333-8333-333333333333",
        federatedCredentials: [{ name: "ci", issuer: "https://ci.example", subject: "repo:a/b" }],
      },
    ],
  });
  const exchange = async (clientId: string, subject: string) => {
    const assertion = new UnsecuredJWT({ iss: "https://ci.example", sub: subject })
      .setAudience("api://AzureADTokenExchange")
      .setExpirationTime("5m")
      .encode();
    const { client_secret: _, ...form } = signIn(azure, { client_id: clientId, client_assertion: assertion });
    return azure.token(form);
  };
  const trusted = "33333333-3333-4333-8333-333333333333";
  expect((await exchange(trusted, "repo:a/b")).status).toBe(200);
  expect((await exchange(trusted, "repo:a/other")).body["error_codes"]).toEqual([700213]);
  expect((await exchange(trusted, "Repo:a/b")).body["error_codes"]).toEqual([7002138]);
  expect((await exchange(azure.world.caller.appId, "repo:a/b")).body["error_codes"]).toEqual([700213]);
});

it.each([
  [{ iss: "https://other.example" }, 700211, "issuer 'https://other.example'"],
  [{ aud: "https://github.com/a" }, 700212, "audience 'https://github.com/a'"],
  [
    { exp: 1_700_000_000, nbf: 1_699_999_700 },
    700024,
    "expiry time of assertion 2023-11-14T22:13:20.0000000Z",
  ],
])("refuses a workload's token with %j by AADSTS%i", async (changes, number, says) => {
  const job = { runner: "github", issuer: "https://ci.example", subject: "repo:a/b" } as const;
  const azure = inProcessAzure({ job });
  const usual = { iss: "https://ci.example", sub: "repo:a/b", aud: "api://AzureADTokenExchange" };
  const assertion = new UnsecuredJWT({ ...usual, exp: 4_000_000_000, ...changes }).encode();
  const { client_secret: _, ...form } = signIn(azure, { client_assertion: assertion });
  const { body } = await azure.token(form);
  expect(body["error_codes"]).toEqual([number]);
  expect(body["error_description"]).toContain(says);
});

it("signs a person in by device code, after as many polls as the world asks for", async () => {
  const azure = inProcessAzure({ deviceSignIn: { pendingPolls: 1 } });
  const scope = `${resourceManager}/.default openid profile offline_access`;
  const begin = { client_id: azureCliAppId, scope };
  const { body: begun } = await azure.token(begin, "organizations", "devicecode");
  expect(begun).toMatchObject({ expires_in: 900, interval: 5, user_code: expect.any(String) });
  const poll = () =>
    azure.token(
      {
        grant_type: "device_code",
        client_id: azureCliAppId,
        device_code: String(begun["device_code"]),
        client_info: "1",
      },
      "organizations",
    );
  const pending = await poll();
  expect([pending.status, pending.body["error"]]).toEqual([400, "authorization_pending"]);
  const { body } = await poll();
  const [ada] = azure.world.users;
  expect(decodeJwt(String(body["access_token"]))).toMatchObject({
    aud: resourceManager,
    oid: ada!.id,
    upn: "ada@sandbox.example",
    scp: "user_impersonation",
    wids: ada!.directoryRoles,
  });
  expect(decodeJwt(String(body["id_token"]))).toMatchObject({ tid: azure.world.tenantId, oid: ada!.id });
  expect(JSON.parse(Buffer.from(String(body["client_info"]), "base64url").toString())).toEqual({
    uid: ada!.id,
    utid: azure.world.tenantId,
  });
  expect((await poll()).body["error"]).toBe("invalid_grant");

  const refresh = (token: unknown) =>
    azure.token({
      grant_type: "refresh_token",
      client_id: azureCliAppId,
      refresh_token: String(token),
      scope: "https://localhost:18443/.default",
    });
  const { body: refreshed } = await refresh(body["refresh_token"]);
  expect(decodeJwt(String(refreshed["access_token"])).aud).toBe("https://localhost:18443");
  expect((await refresh("made up")).body["error_codes"]).toEqual([70000]);
  azure.world.policy.multiFactorRequired = true;
  expect((await refresh(body["refresh_token"])).body).toMatchObject({
    error: "interaction_required",
    claims: expect.stringContaining("capolids"),
  });
});

it("asks for a second factor where a token has to show it, and remembers that it was given", async () => {
  const azure = inProcessAzure();
  azure.world.users[0]!.multiFactor = false;
  const claims = JSON.stringify({ access_token: { acrs: { essential: true, values: ["p1"] } } });
  const scope = "https://management.azure.com/.default offline_access";
  const signIn = async (more: Record<string, string>) => {
    const { body } = await azure.token({ client_id: azureCliAppId, scope, ...more }, "common", "devicecode");
    const form = {
      grant_type: "device_code",
      client_id: azureCliAppId,
      device_code: String(body["device_code"]),
    };
    return (await azure.token(form)).body;
  };
  const refresh = async ({ refresh_token: token }: Record<string, unknown>) => {
    const form = { grant_type: "refresh_token", client_id: azureCliAppId, refresh_token: String(token) };
    return (await azure.token({ ...form, scope, claims })).body;
  };
  const weak = await signIn({});
  expect(decodeJwt(String(weak["access_token"]))).toMatchObject({ amr: ["pwd"] });
  expect(await refresh(weak)).toMatchObject({ error: "interaction_required" });
  const strong = await signIn({ claims });
  const token = { amr: ["pwd", "mfa"], acrs: ["p1"] };
  expect(decodeJwt(String(strong["access_token"]))).toMatchObject(token);
  expect(decodeJwt(String((await refresh(strong))["access_token"]))).toMatchObject(token);
});

it("lets a person decline, and knows only codes it gave out", async () => {
  const azure = inProcessAzure({ deviceSignIn: { declines: true } });
  const { body } = await azure.token({ client_id: azureCliAppId }, "common", "devicecode");
  const redeem = (code: string) =>
    azure.token({ grant_type: "device_code", client_id: azureCliAppId, device_code: code });
  expect((await redeem(String(body["device_code"]))).body["error"]).toBe("authorization_declined");
  expect((await redeem("made up")).body["error"]).toBe("bad_verification_code");
});

it("answers 404 in JSON for what it does not serve", async () => {
  const azure = inProcessAzure();
  const { status, body } = await azure.get(`/${azure.world.tenantId}/oauth2/v2.0/authorize`);
  expect(status).toBe(404);
  expect(body["error"]).toBe("not_found");
});

it("shapes injected faults as its own errors", () => {
  expect(entraError(429)).toMatchObject({ status: 429, body: { error: "temporarily_unavailable" } });
  expect(entraError(401, "AADSTS7000215")).toMatchObject({
    status: 401,
    body: { error: "invalid_client", error_codes: [7000215] },
  });
});

it("tells whose a token is, and refuses one that is expired, for others, or of another tenant", async () => {
  const azure = inProcessAzure();
  const record = azure.world.servicePrincipals[0]!;
  const grant = { audience: resourceManager, subject: { kind: "service-principal", record } } as const;
  const token = await issueToken(azure.world, grant);
  expect(await verifyToken(azure.world, token, ["https://management.core.windows.net"])).toMatchObject({
    objectId: record.id,
    appId: record.appId,
    kind: "service-principal",
    name: record.appId,
  });
  await expect(verifyToken(azure.world, token, ["https://graph.microsoft.com"])).rejects.toThrow(/aud/);
  const expired = await issueToken(azure.world, { ...grant, lifetime: -1 });
  await expect(verifyToken(azure.world, expired, [resourceManager])).rejects.toThrow(/exp/);
  await expect(verifyToken(inProcessAzure().world, token, [resourceManager])).rejects.toThrow(/signature/);
});
