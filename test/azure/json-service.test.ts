import type { ServerResponse } from "node:http";
import { Agent } from "node:https";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAzureHttp } from "../../src/azure/azure-http.ts";
import type { Credential } from "../../src/azure/credential.ts";
import { createJsonService, type JsonService } from "../../src/azure/json-service.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer } from "../scripted-server.ts";

const signal = AbortSignal.timeout(30_000);
let server: ScriptedServer;
let service: JsonService;
/** What tokens were asked to satisfy. */
let claimsAsked: Array<string | undefined>;

beforeEach(async () => {
  const authority = await createCertificateAuthority();
  server = new ScriptedServer(await authority.issue());
  await server.start();
  claimsAsked = [];
  const credential: Credential = {
    method: "environment",
    asksPerson: false,
    getToken: (_scopes, options) => {
      claimsAsked.push(options?.claims);
      const token = options?.claims === undefined ? "first" : "second";
      return Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
    },
    claims: () => Promise.reject(new TypeError("nobody asks")),
  };
  const http = createAzureHttp(new Agent({ ca: authority.certificate }));
  const url = `https://localhost:${server.port}`;
  service = createJsonService({ url, scope: "some/.default", nextLink: "nextLink" }, credential, http);
});
afterEach(() => server.stop());

describe("a service of Azure", () => {
  test("is shown a token that satisfies the claims it demands, once", async () => {
    const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } } });
    const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
    const refusal = { status: 401, json: {}, headers: { "WWW-Authenticate": challenge } };
    server.script(refusal, { status: 200, json: { id: "x" } });
    expect(await service.send({ method: "GET", path: "/x" }, signal)).toEqual({
      status: 200,
      body: { id: "x" },
    });
    expect(claimsAsked).toEqual([undefined, claims]);
    server.script(refusal, refusal);
    await expect(service.send({ method: "GET", path: "/x" }, signal)).rejects.toMatchObject({
      answer: { status: 401 },
    });
    expect(server.requests).toHaveLength(2);
  });

  test("that only refuses is not asked again", async () => {
    server.script({ status: 401, json: {}, headers: { "WWW-Authenticate": 'Bearer realm=""' } });
    await expect(service.send({ method: "GET", path: "/x" }, signal)).rejects.toMatchObject({
      answer: { status: 401 },
    });
    expect(server.requests).toHaveLength(1);
  });

  test("is read page after page, as far as is wanted", async () => {
    const page = (value: readonly object[], nextLink?: string) => ({
      status: 200,
      json: { value, nextLink },
    });
    const more = `https://localhost:${server.port}/list?skip=2`;
    server.script(page([{ id: 1 }, { id: 2 }], more), page([{ id: 3 }]));
    expect(await service.list("/list", signal)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    server.script(page([{ id: 1 }, { id: 2 }], more));
    expect(await service.list("/list", signal, 1)).toEqual([{ id: 1 }]);
  });

  test("sends nobody's token to another host, whatever it names as its next page", async () => {
    server.script({ status: 200, json: { value: [], nextLink: "https://elsewhere.example/list" } });
    await expect(service.list("/list", signal)).rejects.toMatchObject({ failure: "broken-connection" });
    expect(claimsAsked).toHaveLength(1);
  });

  test.each([
    "//elsewhere.example/list",
    "/\\elsewhere.example/list",
    "@elsewhere.example",
    "list?skip=2",
    "https://",
  ])(
    "has not answered whole that names %s as its next page, and is asked for nothing there",
    async (nextLink) => {
      server.script({ status: 200, json: { value: [], nextLink } }, { status: 404, json: {} });
      await expect(service.list("/list", signal)).rejects.toMatchObject({ failure: "broken-connection" });
      expect(server.requests).toHaveLength(1);
    },
  );

  test.each(["", "subscriptions/s/r", "@elsewhere.example/r"])(
    "is not asked for what is at no address: %j",
    async (path) => {
      server.script({ status: 200, json: {} });
      await expect(service.send({ method: "GET", path }, signal)).rejects.toMatchObject({
        failure: "broken-connection",
      });
      expect(server.requests).toHaveLength(0);
    },
  );

  test.each([
    ["nothing at all", (response: ServerResponse) => response.end()],
    ["an object without a list", (response: ServerResponse) => response.end("{}")],
    ["a list of its own making", (response: ServerResponse) => response.end('[{"id":1}]')],
  ])("that gives %s where a list was asked for has not said that there is nothing", async (_what, answer) => {
    server.script(answer);
    await expect(service.list("/list", signal)).rejects.toMatchObject({ failure: "broken-connection" });
  });

  test.each(["", "null", "[]", '"x"'])("that answers a question with %j has not answered", async (body) => {
    server.script((response) => response.end(body));
    await expect(service.send({ method: "GET", path: "/x" }, signal)).rejects.toMatchObject({
      failure: "broken-connection",
    });
  });

  test("need not say more to a write than that it was done", async () => {
    server.script((response) => response.writeHead(204).end());
    expect(await service.send({ method: "DELETE", path: "/x" }, signal)).toEqual({
      status: 204,
      body: undefined,
    });
  });

  test("that answers with no JSON has not answered, and is not quoted: it may hold a new password", async () => {
    server.script((response) => response.end("s3cr3t"));
    const error: unknown = await service
      .send({ method: "POST", path: "/x" }, signal)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: "broken-connection" });
    expect(inspect(error)).not.toContain("s3cr3t");
  });
});
