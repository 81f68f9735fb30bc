import type { ServerResponse } from "node:http";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Cloud } from "../../src/azure/cloud.ts";
import { createGraphClient, type Graph } from "../../src/azure/graph-client.ts";
import { scriptedAzure, type ScriptedAzure } from "./scripted-azure.ts";

const signal = AbortSignal.timeout(30_000);
let server: ScriptedAzure["server"];
let graph: Graph;
/** The claims that each token had to satisfy. */
let claimsAsked: ScriptedAzure["claimsAsked"];

beforeEach(async () => {
  const azure = await scriptedAzure();
  ({ server, claimsAsked } = azure);
  const cloud = { graph: azure.url, graphScope: "some/.default" } as Cloud;
  graph = createGraphClient(cloud, azure.credential, azure.http());
});
afterEach(() => server.stop());

describe("Microsoft Graph", () => {
  test("is shown a token that satisfies the claims it demands, once", async () => {
    const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } } });
    const challenge = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;
    const refusal = { status: 401, json: {}, headers: { "WWW-Authenticate": challenge } };
    server.script(refusal, { status: 200, json: { id: "x" } });
    expect(await graph.send({ method: "get", at: graph.api("/x") }, signal)).toEqual({ id: "x" });
    expect(claimsAsked).toEqual([undefined, claims]);
    server.script(refusal, refusal);
    await expect(graph.send({ method: "get", at: graph.api("/x") }, signal)).rejects.toMatchObject({
      status: 401,
    });
    expect(server.requests).toHaveLength(2);
  });

  test("that only refuses is not asked again", async () => {
    server.script({ status: 401, json: {}, headers: { "WWW-Authenticate": 'Bearer realm=""' } });
    await expect(graph.send({ method: "get", at: graph.api("/x") }, signal)).rejects.toMatchObject({
      status: 401,
    });
    expect(server.requests).toHaveLength(1);
  });

  test("is read page after page, as far as is wanted", async () => {
    const page = (value: readonly object[], nextLink?: string) => ({
      status: 200,
      json: { value, "@odata.nextLink": nextLink },
    });
    const more = `https://localhost:${server.port}/list?skip=2`;
    server.script(page([{ id: 1 }, { id: 2 }], more), page([{ id: 3 }]));
    expect(await graph.list("read a list", graph.api("/list"), signal)).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    server.script(page([{ id: 1 }, { id: 2 }], more));
    expect(await graph.list("read a list", graph.api("/list"), signal, 1)).toEqual([{ id: 1 }]);
  });

  test("sends nobody's token to another host, whatever it names as its next page", async () => {
    server.script({ status: 200, json: { value: [], "@odata.nextLink": "https://elsewhere.example/list" } });
    await expect(graph.list("read a list", graph.api("/list"), signal)).rejects.toMatchObject({
      code: "azure.unreachable",
    });
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
      server.script(
        { status: 200, json: { value: [], "@odata.nextLink": nextLink } },
        { status: 404, json: {} },
      );
      await expect(graph.list("read a list", graph.api("/list"), signal)).rejects.toMatchObject({
        code: "azure.unreachable",
      });
      expect(server.requests).toHaveLength(1);
    },
  );

  test.each([
    ["nothing at all", (response: ServerResponse) => response.end()],
    ["an object without a list", (response: ServerResponse) => response.end("{}")],
    ["a list of its own making", (response: ServerResponse) => response.end('[{"id":1}]')],
  ])("that gives %s where a list was asked for has not said that there is nothing", async (_what, answer) => {
    server.script(answer);
    await expect(graph.list("read a list", graph.api("/list"), signal)).rejects.toMatchObject({
      code: "azure.unreachable",
    });
  });

  test.each(["", "null", "[]", '"x"'])("that answers a question with %j has not answered", async (body) => {
    server.script((response) => response.end(body));
    await expect(graph.send({ method: "get", at: graph.api("/x") }, signal)).rejects.toMatchObject({
      failure: "broken-connection",
    });
  });

  test("need not say more to a write than that it was done", async () => {
    server.script((response) => response.writeHead(204).end());
    expect(await graph.send({ method: "delete", at: graph.api("/x") }, signal)).toBeUndefined();
  });

  test("that answers with no JSON has not answered, and is not quoted: it may hold a new password", async () => {
    server.script((response) => response.end("s3cr3t"));
    const error: unknown = await graph
      .send({ method: "post", at: graph.api("/x") }, signal)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ failure: "broken-connection" });
    expect(inspect(error)).not.toContain("s3cr3t");
  });
});
