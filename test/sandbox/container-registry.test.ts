import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import { createContainerRegistry } from "../../src/sandbox/container-registry/container-registry.ts";
import { digestOf, smallImage, smallIndex } from "../../src/sandbox/container-registry/image.ts";
import type { SandboxResponse, Service } from "../../src/sandbox/service.ts";
import { armToken, basic, password, registryWorld, request } from "./registry-world.ts";

const repositories = "Microsoft.ContainerRegistry/registries/repositories";
const onlyTeam = `((${["content/read", "metadata/read", "content/write", "metadata/write"]
  .map((action) => `!(ActionMatches{'${repositories}/${action}'})`)
  .join(" AND ")}) OR (@Request[${repositories}:name] StringStartsWithIgnoreCase 'team/'))`;

const puller = () => open([{ role: "AcrPull", scope: "myregistry" }]);
const pusher = () => open([{ role: "AcrPush", scope: "myregistry" }]);

function open(roles: Parameters<typeof registryWorld>[0] = [], mode: "legacy" | "abac" = "legacy") {
  const all = registryWorld(roles, {
    registries: [
      { name: "myregistry", images: ["my-awesome-app:v1", "my-awesome-app:v2", "team/x:v1"] },
      { name: "abacregistry", mode: "abac", images: ["my-awesome-app:v1", "team/x:v1"] },
    ],
  });
  const registry = all[mode];
  const service = createContainerRegistry(all.world, registry);
  const token = async (scope: string, username = all.application.appId, secret = password) =>
    service.handle(
      request("GET", `/oauth2/token?service=${registry.loginServer}&scope=${encodeURIComponent(scope)}`, {
        headers: { authorization: basic(username, secret) },
      }),
    );
  const bearer = async (scope: string) => `Bearer ${accessToken(await token(scope))}`;
  return { ...all, registry, service, token, bearer };
}

function accessToken(answer: SandboxResponse): string {
  return (answer.body as { access_token: string }).access_token;
}

const accessOf = (answer: SandboxResponse) => decodeJwt(accessToken(answer))["access"];
const errorOf = (answer: SandboxResponse) =>
  (JSON.parse(String(answer.body)) as { errors: Array<{ code: string; message: string; detail: unknown }> })
    .errors[0];
const challengeOf = (answer: SandboxResponse) => answer.headers?.["www-authenticate"];

describe("a login server asked without a token", () => {
  test.each([
    ["/v2/", ""],
    ["/v2/my-awesome-app/manifests/v1", ',scope="repository:my-awesome-app:pull"'],
    ["/v2/team/x/tags/list", ',scope="repository:team/x:pull"'],
    ["/v2/_catalog", ',scope="registry:catalog:*"'],
  ])(
    "sends the client from %s to its token endpoint, with no space in the challenge",
    async (path, scope) => {
      const { service, registry } = open();
      const answer = await service.handle(request("GET", path));
      expect(answer.status).toBe(401);
      const realm = `https://${registry.loginServer}/oauth2/token`;
      expect(challengeOf(answer)).toBe(`Bearer realm="${realm}",service="${registry.loginServer}"${scope}`);
      expect(errorOf(answer)?.code).toBe("UNAUTHORIZED");
      expect(answer.body).toMatch(/\}\n$/);
    },
  );

  test("keeps everybody out on every path when its network rules say so", async () => {
    const { service, registry } = puller();
    registry.firewalled = true;
    for (const path of ["/v2/", "/oauth2/token", "/anything"]) {
      const answer = await service.handle(request("GET", path));
      expect(answer.status).toBe(403);
      expect(String(answer.body)).toContain("client with IP \\u0027192.0.2.7\\u0027 is not allowed access");
      expect(JSON.parse(String(answer.body))).toMatchObject({ errors: [{ code: "DENIED" }] });
    }
  });

  test.each([
    ["192.0.2.7", 401],
    ["192.0.2.0/24", 401],
    ["192.0.3.0/24", 403],
    ["2001:db8::/32", 403],
  ])("whose network rules name %s answers 192.0.2.7 with %i", async (rule, status) => {
    const { service, registry } = puller();
    registry.firewalled = true;
    registry.network.allowedAddresses.push(rule);
    expect((await service.handle(request("GET", "/v2/"))).status).toBe(status);
  });
});

describe("the token endpoint", () => {
  test("gives what was asked to one who may", async () => {
    const { token, registry } = pusher();
    const answer = await token("repository:my-awesome-app:pull,push");
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body as object)).toEqual(["access_token"]);
    expect(accessOf(answer)).toEqual([
      { type: "repository", name: "my-awesome-app", actions: ["pull", "push"] },
    ]);
    expect(decodeJwt(accessToken(answer)).aud).toBe(registry.loginServer);
  });

  test("gives less, or nothing, to one who may not all, and says so in the token alone", async () => {
    const { token } = puller();
    expect(accessOf(await token("repository:my-awesome-app:pull,push,delete"))).toEqual([
      { type: "repository", name: "my-awesome-app", actions: ["pull"] },
    ]);
    expect(accessOf(await token("repository:my-awesome-app:push"))).toEqual([]);
  });

  test.each([
    ["a wrong secret", undefined, "wrong", "Invalid clientid or client secret."],
    [
      "an unknown application",
      "f0e1d2c3-0000-4000-8000-000000000000",
      password,
      "Application not registered with AAD.",
    ],
    [
      "a token of the registry that is none",
      "00000000-0000-0000-0000-000000000000",
      "x.y.z",
      "Invalid clientid or client secret.",
    ],
  ])("refuses %s in its own words", async (_what, username, secret, message) => {
    const { token, application } = puller();
    const answer = await token("repository:x:pull", username ?? application.appId, secret);
    expect([answer.status, errorOf(answer)?.message]).toEqual([401, message]);
  });

  test("refuses a good secret without a role, as it refuses everybody who does not sign in", async () => {
    const { token } = open([{ role: "Owner", scope: "abacregistry" }], "abac");
    const answer = await token("repository:x:pull");
    expect(answer.status).toBe(401);
    expect(errorOf(answer)?.message).toMatch(/^authentication required/);
  });

  test("refuses a token of Entra in place of the password", async () => {
    const { token, world, application } = puller();
    const answer = await token("repository:x:pull", application.appId, await armToken(world));
    expect(errorOf(answer)?.message).toBe("Invalid clientid or client secret.");
  });

  test("knows a fresh password on some reads and not on others until it has replicated", async () => {
    const { token, world, application } = puller();
    world.replication.lagMs = 60_000;
    application.passwords.push({
      keyId: "k",
      displayName: null,
      startDateTime: new Date(0).toISOString(),
      endDateTime: new Date(Date.now() + 60_000).toISOString(),
      hint: "new",
      secretText: "new8Q~fresh",
      createdAt: Date.now(),
    });
    const statuses = [];
    for (let read = 0; read < 6; read += 1) {
      statuses.push((await token("repository:x:pull", application.appId, "new8Q~fresh")).status);
    }
    expect(new Set(statuses)).toEqual(new Set([200, 401]));
    world.replication.lagMs = 0;
    expect((await token("repository:x:pull", application.appId, "new8Q~fresh")).status).toBe(200);
  });

  const post = (service: Service, form: Record<string, string>, path = "/oauth2/token") =>
    service.handle(request("POST", path, { body: new URLSearchParams(form).toString() }));

  test("takes a password by POST, or answers 400 where the frontend does not know that", async () => {
    const { service, registry, application } = puller();
    const form = {
      grant_type: "password",
      service: registry.loginServer,
      scope: "repository:my-awesome-app:pull repository:team/x:pull",
      username: application.appId,
      password,
    };
    const answer = await post(service, form);
    expect(accessOf(answer)).toMatchObject([{ name: "my-awesome-app" }, { name: "team/x" }]);
    registry.refusesPasswordGrant = true;
    expect((await post(service, form)).status).toBe(400);
  });

  test("changes a token of Entra for a refresh token, and that for access", async () => {
    const { service, registry, world, token } = puller();
    const exchanged = await post(
      service,
      { grant_type: "access_token", service: registry.loginServer, access_token: await armToken(world) },
      "/oauth2/exchange",
    );
    const { refresh_token } = exchanged.body as { refresh_token: string };
    const scope = "repository:my-awesome-app:pull";
    const form = { grant_type: "refresh_token", service: registry.loginServer, scope, refresh_token };
    expect(accessOf(await post(service, form))).toMatchObject([{ actions: ["pull"] }]);
    const asPassword = await token(scope, "00000000-0000-0000-0000-000000000000", refresh_token);
    expect(accessOf(asPassword)).toMatchObject([{ actions: ["pull"] }]);
    const used = await service.handle(
      request("GET", "/v2/", { headers: { authorization: `Bearer ${refresh_token}` } }),
    );
    expect(challengeOf(used)).toContain('error="invalid_token"');
  });

  test("gives tokens that began a quarter of an hour ago, of which access ends in an hour and refresh in three", async () => {
    const { service, registry, world, application, token } = puller();
    const now = Math.floor(Date.now() / 1000);
    const exchanged = await post(
      service,
      { grant_type: "access_token", service: registry.loginServer, access_token: await armToken(world) },
      "/oauth2/exchange",
    );
    const refresh = (exchanged.body as { refresh_token: string }).refresh_token;
    const access = accessToken(await token("repository:my-awesome-app:pull"));
    for (const [jwt, endsIn, claims] of [
      [access, 3600, { grant_type: "access_token", version: "2.0", appid: application.appId }],
      [refresh, 3 * 3600, { grant_type: "refresh_token", version: "1.0", tenant: world.tenantId }],
    ] as const) {
      const { iat = 0, nbf = 0, exp = 0, ...rest } = decodeJwt(jwt);
      expect(nbf).toBe(iat);
      expect(exp - iat).toBe(endsIn + 900);
      expect(Math.abs(iat + 900 - now)).toBeLessThan(60);
      expect(rest).toMatchObject({ ...claims, rid: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
      expect(decodeProtectedHeader(jwt).kid).toMatch(/^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
    }
    expect(decodeJwt(access)).not.toHaveProperty("tenant");
  });

  test("exchanges nothing for one without a right on the registry", async () => {
    const { service, registry, world, principal } = open();
    const answer = await post(
      service,
      {
        grant_type: "access_token",
        service: registry.loginServer,
        access_token: await armToken(world, principal.id),
      },
      "/oauth2/exchange",
    );
    expect([answer.status, errorOf(answer)?.code]).toEqual([401, "UNAUTHORIZED"]);
  });
});

describe("the content of a registry", () => {
  const accept = smallImage().manifest.mediaType;

  test("is there for a token that holds the scope", async () => {
    const { service, bearer } = puller();
    const authorization = await bearer("repository:my-awesome-app:pull");
    const get = (method: string, path: string) =>
      service.handle(request(method, path, { headers: { authorization, accept } }));
    const byTag = await get("HEAD", "/v2/my-awesome-app/manifests/v1");
    expect([byTag.status, byTag.headers?.["docker-content-digest"]]).toEqual([
      200,
      smallImage().manifest.digest,
    ]);
    const byDigest = await get("GET", `/v2/my-awesome-app/manifests/${smallImage().manifest.digest}`);
    expect(byDigest.body).toEqual(smallImage().manifest.bytes);
    const [layer] = smallImage().layers;
    expect((await get("GET", `/v2/my-awesome-app/blobs/${layer?.digest}`)).body).toEqual(layer?.bytes);
    expect((await get("GET", "/v2/my-awesome-app/tags/list")).body).toEqual({
      name: "my-awesome-app",
      tags: ["v1", "v2"],
    });
    expect((await get("GET", "/v2/")).status).toBe(200);
  });

  test("is paged as the query asks", async () => {
    const { service, bearer } = puller();
    const authorization = await bearer("registry:catalog:*");
    const first = await service.handle(request("GET", "/v2/_catalog?n=1", { headers: { authorization } }));
    expect(first.body).toEqual({ repositories: ["my-awesome-app"] });
    const next = /<(.*)>; rel="next"/.exec(first.headers?.["link"] ?? "")?.[1] ?? "";
    const second = await service.handle(request("GET", next, { headers: { authorization } }));
    expect([second.body, second.headers?.["link"]]).toEqual([{ repositories: ["team/x"] }, undefined]);
  });

  test("is there for basic authentication too", async () => {
    const { service, application } = puller();
    const get = (path: string, secret: string) =>
      service.handle(
        request("GET", path, { headers: { authorization: basic(application.appId, secret), accept } }),
      );
    expect((await get("/v2/my-awesome-app/manifests/v1", password)).status).toBe(200);
    expect((await get("/v2/", password)).status).toBe(200);
    expect((await get("/v2/", "wrong")).status).toBe(401);
  });

  test.each([
    ["no such tag", "/v2/my-awesome-app/manifests/v9", "my-awesome-app", "MANIFEST_UNKNOWN", { Tag: "v9" }],
    ["no such repository", "/v2/nothing/manifests/v1", "nothing", "NAME_UNKNOWN", { name: "nothing" }],
    [
      "no list of tags of such a repository",
      "/v2/nothing/tags/list",
      "nothing",
      "NAME_UNKNOWN",
      { name: "nothing" },
    ],
  ])("says that there is %s", async (_what, path, name, code, detail) => {
    const { service, bearer } = puller();
    const authorization = await bearer(`repository:${name}:pull`);
    const answer = await service.handle(request("GET", path, { headers: { authorization, accept } }));
    expect([answer.status, errorOf(answer)?.code, errorOf(answer)?.detail]).toEqual([404, code, detail]);
  });

  test("does not come as another media type than the client accepts", async () => {
    const { service, bearer } = puller();
    const authorization = await bearer("repository:my-awesome-app:pull");
    const headers = { authorization, accept: "application/vnd.oci.image.manifest.v1+json" };
    const answer = await service.handle(request("GET", "/v2/my-awesome-app/manifests/v1", { headers }));
    expect([answer.status, errorOf(answer)?.code]).toEqual([404, "MANIFEST_UNKNOWN"]);
  });

  test("is closed to a token of other scope, of another registry, or out of thin air", async () => {
    const { service, bearer } = puller();
    const other = open([{ role: "AcrPull", scope: "myregistry" }]);
    const path = "/v2/my-awesome-app/manifests/v1";
    const error = async (authorization: string) =>
      challengeOf(await service.handle(request("GET", path, { headers: { authorization, accept } })));
    expect(await error(await bearer("repository:team/x:pull"))).toContain('error="insufficient_scope"');
    expect(await error(await other.bearer("repository:my-awesome-app:pull"))).toContain("invalid_token");
    expect(await error("Bearer a.b.c")).toContain('error="invalid_token"');
  });

  test("can be pushed, pulled back and deleted by those who may", async () => {
    const { service, bearer, registry } = open([{ role: "Contributor", scope: "myregistry" }]);
    const authorization = await bearer("repository:new/app:*");
    const send = (method: string, path: string, body?: Buffer, type = "application/octet-stream") =>
      service.handle(
        request(method, path, {
          headers: { authorization, accept, "content-type": type },
          ...(body ? { body } : {}),
        }),
      );
    const { manifest, config, layers } = smallImage();
    const early = await send("PUT", "/v2/new/app/manifests/v1", manifest.bytes, manifest.mediaType);
    expect([early.status, errorOf(early)?.code]).toEqual([400, "MANIFEST_BLOB_UNKNOWN"]);
    for (const { digest, bytes } of [config, ...layers]) {
      const begun = await send("POST", "/v2/new/app/blobs/uploads/");
      const location = begun.headers?.["location"] ?? "";
      expect((await send("PATCH", location, bytes.subarray(0, 10))).headers?.["range"]).toBe("0-9");
      const ended = await send("PUT", `${location}?digest=${digest}`, bytes.subarray(10));
      expect([ended.status, ended.headers?.["docker-content-digest"]]).toEqual([201, digest]);
    }
    const pushed = await send("PUT", "/v2/new/app/manifests/v1", manifest.bytes, manifest.mediaType);
    expect(pushed.status).toBe(201);
    expect(registry.images).toContainEqual({ repository: "new/app", tag: "v1" });
    expect((await send("GET", "/v2/new/app/manifests/v1")).body).toEqual(manifest.bytes);
    expect((await send("DELETE", "/v2/new/app/manifests/v1")).status).toBe(405);
    expect((await send("DELETE", `/v2/new/app/manifests/${manifest.digest}`)).status).toBe(202);
    expect((await send("GET", "/v2/new/app/manifests/v1")).status).toBe(404);
  });

  test("is not kept under a digest that it does not have", async () => {
    const { service, bearer } = pusher();
    const authorization = await bearer("repository:team/x:pull,push");
    const wrong = digestOf(Buffer.from("something else"));
    const answer = await service.handle(
      request("POST", `/v2/team/x/blobs/uploads/?digest=${wrong}`, {
        headers: { authorization },
        body: Buffer.from("content"),
      }),
    );
    expect([answer.status, errorOf(answer)?.code]).toEqual([400, "DIGEST_INVALID"]);
  });

  test("of an ABAC registry can be pushed to the repositories of the condition and to no other", async () => {
    const { service, bearer } = open(
      [{ role: "Container Registry Repository Writer", scope: "abacregistry", condition: onlyTeam }],
      "abac",
    );
    const begin = async (name: string) => {
      const authorization = await bearer(`repository:${name}:pull,push`);
      return service.handle(request("POST", `/v2/${name}/blobs/uploads/`, { headers: { authorization } }));
    };
    expect((await begin("team/x")).status).toBe(202);
    for (const name of ["other/x", "team-b/x", "team"]) expect((await begin(name)).status).toBe(401);
  });

  test("of an ABAC registry is listed for those alone who may list it", async () => {
    const scope = "registry:catalog:*";
    const role = "Container Registry Repository Reader";
    const reader = open([{ role, scope: "abacregistry" }], "abac");
    expect(accessOf(await reader.token(scope))).toEqual([]);
    const lister = open(
      [{ role: "Container Registry Repository Catalog Lister", scope: "abacregistry" }],
      "abac",
    );
    expect(accessOf(await lister.token(scope))).toEqual([
      { type: "registry", name: "catalog", actions: ["*"] },
    ]);
  });
});

test("an injected fault has the registry's own shape", () => {
  const { service } = open();
  const asked = request("GET", "/v2/");
  expect(errorOf(service.errorResponse(asked, 429, undefined))?.code).toBe("TOOMANYREQUESTS");
  expect(challengeOf(service.errorResponse(asked, 401, undefined))).toMatch(/^Bearer /);
});

test("the small image is the same on every machine", () => {
  expect(smallImage().manifest.digest).toBe(
    "sha256:f3372eaee46b65afc6b984758e93ea3d6064ffd92390096a067ef3907dddfec3",
  );
});

test("an image for several platforms is an index of one image for each", async () => {
  const { service, registry, bearer } = puller();
  const platforms = ["linux/amd64", "linux/arm64"];
  registry.images.push({ repository: "my-awesome-app", tag: "multi", platforms });
  const authorization = await bearer("repository:my-awesome-app:pull");
  const { index, images } = smallIndex(platforms);
  const get = async (path: string) => {
    const headers = { authorization, accept: "*/*" };
    return (await service.handle(request("GET", `/v2/my-awesome-app/${path}`, { headers }))).body as Buffer;
  };
  expect(await get("manifests/multi")).toEqual(index.bytes);
  const { manifests } = JSON.parse(index.bytes.toString());
  expect(manifests.map(({ platform }: { platform: object }) => platform)).toEqual([
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ]);
  expect(await get(`manifests/${manifests[1].digest}`)).toEqual(images[1]?.manifest.bytes);
  const config = await get(`blobs/${images[1]?.config.digest}`);
  expect(JSON.parse(config.toString())).toMatchObject({ os: "linux", architecture: "arm64" });
});
