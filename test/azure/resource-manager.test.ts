import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Cloud } from "../../src/azure/cloud.ts";
import { createRegistryResourceClient } from "../../src/azure/registry-resource-client.ts";
import { createResourceManager } from "../../src/azure/resource-manager.ts";
import { createRoleClient } from "../../src/azure/role-client.ts";
import { rolesFor } from "../../src/domain/role.ts";
import { scriptedAzure, type ScriptedAzure } from "./scripted-azure.ts";

const signal = AbortSignal.timeout(30_000);
const subscription = "11111111-1111-1111-1111-111111111111";
const registryId = `/subscriptions/${subscription}/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r`;
const [acrPull] = rolesFor("acrpull", "LegacyRegistryPermissions");
let server: ScriptedAzure["server"];
/** The claims that each token had to satisfy. */
let claimsAsked: ScriptedAzure["claimsAsked"];
let roles: ReturnType<typeof createRoleClient>;
let registries: ReturnType<typeof createRegistryResourceClient>;

beforeEach(async () => {
  const azure = await scriptedAzure();
  ({ server, claimsAsked } = azure);
  const cloud = {
    name: "scripted",
    isWellKnown: false,
    resourceManager: azure.url,
    resourceManagerScope: "some/.default",
    registrySuffixes: [],
  } as unknown as Cloud;
  const resourceManager = createResourceManager(cloud, azure.credential, azure.http());
  roles = createRoleClient(resourceManager);
  registries = createRegistryResourceClient(cloud, resourceManager);
});
afterEach(() => server.stop());

const listRoles = () => roles.listAssignments(registryId, "someone", signal);
const listRegistries = (within = signal) => registries.listAccess({ subscription }, within);
const page = (value: readonly object[], nextLink?: string) => ({ status: 200, json: { value, nextLink } });
const unreachable = { code: "azure.unreachable" };

describe.each([
  ["the client of roles", listRoles],
  ["the client of registries", listRegistries],
])("%s", (_client, list) => {
  test("shows a token that satisfies the claims that are demanded, once", async () => {
    const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } } });
    const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
    const refusal = { status: 401, json: {}, headers: { "WWW-Authenticate": challenge } };
    server.script(refusal, page([]));
    await list();
    expect(claimsAsked.at(-1)).toBe(claims);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first",
      "Bearer second",
    ]);
    server.script(refusal, refusal);
    await expect(list()).rejects.toMatchObject({ exitCode: 3 });
    expect(server.requests).toHaveLength(2);
  });

  test("reads page after page, in the version that it asked for", async () => {
    server.script(
      page(
        [{ id: "1", location: "x", sku: { name: "Basic" } }],
        `https://localhost:${server.port}/more?api-version=1999-01-01`,
      ),
      page([]),
    );
    await list();
    expect(server.requests).toHaveLength(2);
    const [first, second] = server.requests.map(({ query }) => query.get("api-version"));
    expect(second).toBe(first);
  });

  test("shows nobody's token to another host, whatever is named as the next page", async () => {
    server.script(page([], "https://elsewhere.example/list"));
    await expect(list()).rejects.toMatchObject(unreachable);
    expect(server.requests).toHaveLength(1);
  });

  test("does not take a list for whole whose next page is not there", async () => {
    server.script(page([], "//elsewhere.example/list"), { status: 404, json: {} });
    await expect(list()).rejects.toMatchObject(unreachable);
  });

  test.each([
    ["nothing at all", ""],
    ["an object without a list", "{}"],
    ["a list of its own making", '[{"id":1}]'],
    ["no JSON", "s3cr3t"],
    ["JSON that is cut off", '{"value":["s3cr3t"'],
  ])("takes %s for no answer, and quotes none of it", async (_what, body) => {
    server.script((response: ServerResponse) => response.end(body));
    const error: unknown = await list().catch((reason: unknown) => reason);
    expect(error).toMatchObject(unreachable);
    expect(inspect(error, { depth: 9 })).not.toContain("s3cr3t");
  });

  test("follows no redirect", async () => {
    server.script({ status: 307, headers: { location: `https://localhost:${server.port}/x` } }, page([]));
    await expect(list()).rejects.toThrow("307");
    expect(server.requests).toHaveLength(1);
  });
});

test("a later page of registries stops with the run", async () => {
  const stop = new AbortController();
  server.script(page([], `https://localhost:${server.port}/more`), () => stop.abort(new Error("stopped")));
  await expect(listRegistries(stop.signal)).rejects.toThrow("stopped");
});

describe("a write", () => {
  const assign = () => {
    if (!acrPull) throw new Error("no role");
    return roles.assignRole(registryId, "someone", { role: acrPull, condition: undefined }, signal);
  };

  test("need not be told more than that it was done", async () => {
    server.script((response: ServerResponse) => response.writeHead(200).end());
    expect((await assign()).kind).toBe("assigned");
    for (const status of [200, 204]) {
      server.script((response: ServerResponse) => response.writeHead(status).end());
      await roles.removeAssignment(`${registryId}/providers/Microsoft.Authorization/x/y`, signal);
    }
  });

  test("that is answered with no JSON is not taken for done, nor quoted", async () => {
    server.script((response: ServerResponse) => response.writeHead(201).end("s3cr3t"));
    const error: unknown = await assign().catch((reason: unknown) => reason);
    expect(error).toMatchObject(unreachable);
    expect(inspect(error, { depth: 9 })).not.toContain("s3cr3t");
  });
});

describe("a person who is about to write", () => {
  type Claims = Awaited<ReturnType<ScriptedAzure["credential"]["claims"]>>;
  test.each<[string, boolean, Partial<Claims>, number]>([
    ["without a second factor is asked for it", true, { kind: "user", multiFactor: false }, 1],
    ["with one is not", true, { kind: "user", multiFactor: true }, 0],
    ["whose token does not say is not", true, { kind: "user", multiFactor: undefined }, 0],
    ["in a cloud that does not demand it is not", false, { kind: "user", multiFactor: false }, 0],
    ["that is no person is not", true, { kind: "service-principal", multiFactor: false }, 0],
  ])("%s", async (_who, demandsMultiFactor, claims, times) => {
    const azure = await scriptedAzure();
    const cloud = { resourceManager: azure.url, resourceManagerScope: "some/.default", demandsMultiFactor };
    const credential = { ...azure.credential, claims: () => Promise.resolve(claims as Claims) };
    const asked = createResourceManager(cloud as unknown as Cloud, credential, azure.http());
    await asked.readyToWrite(signal);
    expect(azure.claimsAsked).toEqual(
      Array.from({ length: times }, () => '{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}'),
    );
    await azure.server.stop();
  });
});
