import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Cluster, ClusterRehearsal, WritableCluster } from "../../src/core/ports.ts";
import { ActionableError } from "../../src/domain/errors.ts";
import { quotesObject } from "../../src/kubernetes/api-status.ts";
import { reset, type Answer, type ScriptedServer } from "../scripted-server.ts";
import { ok, status, stubApiServer, stubCluster } from "./stub-api-server.ts";
import { shortPauses } from "../short-pauses.ts";

shortPauses();

const server = await stubApiServer();
let cluster: WritableCluster;
beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(() => {
  server.script();
  cluster = stubCluster(server);
});

const signal = new AbortController().signal;
/** The writes that have a rehearsal of the same name. */
type Writes = {
  [Name in Exclude<keyof ClusterRehearsal, "rehearses">]: (
    ...of: Parameters<ClusterRehearsal[Name]>
  ) => Promise<unknown>;
};

/** The API server reads the options of a deletion with a body only from the body. */
function isDryRun({ method, query, body }: ScriptedServer["requests"][number]): boolean {
  if (method !== "DELETE") return query.get("dryRun") === "All";
  return (body as { dryRun?: string[] }).dryRun?.includes("All") === true;
}

function secret(more: Record<string, unknown> = {}, resourceVersion = "7") {
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: {
      name: "acr-secret",
      namespace: "apps",
      uid: "u1",
      resourceVersion,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...more,
    },
    data: { ".dockerconfigjson": "e30=" },
  };
}

const change = { labels: { a: "1", gone: null }, data: { ".dockerconfigjson": "bmV3" } };
const changed = { ...secret({ labels: { a: "1" } }, "8"), data: { ".dockerconfigjson": "bmV3" } };
const at7 = { namespace: "apps", name: "acr-secret", resourceVersion: "7" };

describe("a read", () => {
  test("maps a secret, with its owners and the managers that wrote it", async () => {
    server.script(
      ok(
        secret({
          labels: { l: "1" },
          annotations: { a: "2" },
          ownerReferences: [{ apiVersion: "v1", kind: "Thing", name: "owner", uid: "u" }],
          managedFields: [{ manager: "helm" }, { manager: "kubectl" }, { manager: "helm" }],
        }),
      ),
    );
    expect(await cluster.findSecret("apps", "acr-secret", signal)).toMatchObject({
      namespace: "apps",
      name: "acr-secret",
      uid: "u1",
      resourceVersion: "7",
      type: "kubernetes.io/dockerconfigjson",
      immutable: false,
      labels: { l: "1" },
      annotations: { a: "2" },
      data: { ".dockerconfigjson": "e30=" },
      ownerReferences: [{ kind: "Thing", name: "owner" }],
      managers: ["helm", "kubectl"],
      finalizers: [],
      deleting: false,
    });
    expect(server.requests[0]?.headers.authorization).toBe("Bearer t0k3n");
  });

  test("gives nothing for what is not there", async () => {
    server.script(status(404, "NotFound", "", { kind: "secrets" }));
    expect(await cluster.findSecret("apps", "acr-secret", signal)).toBeUndefined();
  });

  test.each<[string, Answer]>([
    ["a reset", reset],
    ["a 500", status(500, "InternalError")],
    ["a 429", status(429, "TooManyRequests", "", {}, { "Retry-After": "0" })],
  ])("is tried again after %s", async (_what, failure) => {
    server.script(failure, ok(secret()));
    expect(await cluster.findSecret("apps", "acr-secret", signal)).toMatchObject({ uid: "u1" });
    expect(server.requests).toHaveLength(2);
  });

  test("is not tried again when the server asks for too much patience, and says how much", async () => {
    server.script(status(429, "TooManyRequests", "", {}, { "Retry-After": "301" }));
    await expect(cluster.findSecret("apps", "acr-secret", signal)).rejects.toMatchObject({
      code: "kubernetes.busy",
      message: expect.stringContaining("It asks to wait 301s."),
    });
    expect(server.requests).toHaveLength(1);
  });

  test("is given up when the server is silent for as long as may be waited", async () => {
    cluster = stubCluster(server, undefined, { timeoutMs: 200 });
    server.script(() => {}, ok(secret()));
    await expect(cluster.findSecret("apps", "acr-secret", signal)).rejects.toMatchObject({
      code: "kubernetes.timed-out",
      retryable: true,
    });
    expect(server.requests).toHaveLength(1);
  });

  test("uses one connection for many requests", async () => {
    const before = server.connections;
    server.script(...Array.from({ length: 5 }, () => ok(secret())));
    for (let count = 0; count < 5; count += 1) await cluster.findSecret("apps", "acr-secret", signal);
    expect(server.connections - before).toBe(1);
  });

  test("rejects with the reason when it is aborted while the server is silent", async () => {
    const abort = new AbortController();
    const reason = new Error("interrupted");
    server.script(() => abort.abort(reason));
    await expect(cluster.findSecret("apps", "acr-secret", abort.signal)).rejects.toBe(reason);
  });

  test("refuses an answer that has no end", async () => {
    server.script((response) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      const more = () => {
        while (response.write(Buffer.alloc(1024 * 1024, "x")));
        response.once("drain", more);
      };
      response.on("error", () => {});
      more();
    });
    await expect(cluster.findSecret("apps", "acr-secret", signal)).rejects.toMatchObject({
      code: "kubernetes.failed",
    });
  });

  test("does not repeat an answer that is no JSON", async () => {
    server.script((response) => response.end("s3cr3t"));
    const error: unknown = await cluster.findSecret("apps", "acr-secret", signal).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "kubernetes.failed" });
    expect(inspect(error)).not.toContain("s3cr3t");
  });

  test.each([[[]], [["s3cr3t"]], ["s3cr3t"], [null]])(
    "does not take %j for an object, nor for one that is not there",
    async (answer) => {
      server.script(ok(answer));
      await expect(cluster.findSecret("apps", "acr-secret", signal)).rejects.toMatchObject({
        code: "kubernetes.failed",
      });
    },
  );

  test("does not follow a redirect, which could carry the token elsewhere", async () => {
    server.script({ status: 307, json: {}, headers: { Location: `${server.url}/elsewhere` } });
    await expect(cluster.findSecret("apps", "acr-secret", signal)).rejects.toMatchObject({ status: 307 });
    expect(server.requests).toHaveLength(1);
  });
});

describe("a list", () => {
  const page = (names: string[], next?: string) =>
    ok({
      kind: "NamespaceList",
      apiVersion: "v1",
      metadata: { resourceVersion: "1", ...(next && { continue: next }) },
      items: names.map((name) => ({ metadata: { name, uid: `uid-${name}` }, status: { phase: "Active" } })),
    });

  test.each([[[null]], [["a"]], [[[]]]])("is none whose items are %j", async (items) => {
    server.script(ok({ kind: "NamespaceList", apiVersion: "v1", metadata: {}, items }));
    await expect(cluster.listNamespaces("", signal)).rejects.toMatchObject({ code: "kubernetes.failed" });
  });

  test("is read page by page", async () => {
    server.script(page(["a", "b"], "t1"), page(["c"]));
    expect((await cluster.listNamespaces("team=x", signal)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(server.requests.map(({ query }) => Object.fromEntries(query))).toEqual([
      { labelSelector: "team=x", limit: "500" },
      { labelSelector: "team=x", limit: "500", continue: "t1" },
    ]);
  });

  test("is not read on when its next page is one that was read already", async () => {
    server.otherwise = page(["a"], "t1");
    await expect(cluster.listNamespaces("", signal)).rejects.toMatchObject({
      code: "kubernetes.failed",
      message: expect.stringContaining("the list leads back to an earlier page"),
    });
    expect(server.requests).toHaveLength(2);
  });

  test("is not read on when its pages have not come to an end in time, and what came is not all there is", async () => {
    // A server of its own: the abandoned request may arrive later and take another test's answer.
    const endless = await stubApiServer();
    await endless.start();
    let pages = 0;
    endless.otherwise = (response) => {
      const metadata = { continue: `t${(pages += 1)}` };
      response.end(JSON.stringify({ kind: "NamespaceList", metadata, items: [] }));
    };
    const patient = stubCluster(endless, undefined, { timeoutMs: 300 });
    await expect(patient.listNamespaces("", signal)).rejects.toMatchObject({ code: "kubernetes.timed-out" });
    expect(endless.requests.length).toBeGreaterThan(1);
    await endless.stop();
  });

  test("is empty where Go's own word for that stands in it", async () => {
    server.script(ok({ kind: "NamespaceList", apiVersion: "v1", metadata: {}, items: null }));
    expect(await cluster.listNamespaces("", signal)).toEqual([]);
  });

  test.each([
    ["an object of another kind without items", { kind: "Namespace", metadata: { name: "a" } }],
    ["nothing in it", {}],
    ["no list for its items", { kind: "NamespaceList", items: "none" }],
  ])("is not taken for empty when the answer has %s", async (_what, json) => {
    server.script(ok(json));
    await expect(cluster.listNamespaces("", signal)).rejects.toMatchObject({ code: "kubernetes.failed" });
  });

  test("is asked for in smaller pages when one is too large to be taken", async () => {
    const huge: Answer = (response) => response.end(Buffer.alloc(9 * 1024 * 1024, " "));
    server.script(page(["a"], "t1"), huge, huge, page(["b"], "t2"), page(["c"]));
    expect((await cluster.listNamespaces("", signal)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    const asked = server.requests.map(({ query }) => [query.get("continue"), Number(query.get("limit"))]);
    expect(asked.map(([token]) => token)).toEqual([null, "t1", "t1", "t1", "t2"]);
    const [, first, second, third, fourth] = asked.map(([, limit]) => Number(limit));
    expect(second).toBeLessThan(first ?? 0);
    expect(third).toBeLessThan(second ?? 0);
    expect(fourth).toBe(third);
  });

  test("of which one item alone is too large cannot be read", async () => {
    const huge: Answer = (response) => response.end(Buffer.alloc(9 * 1024 * 1024, " "));
    server.script(huge, huge, huge, huge, huge, huge);
    await expect(cluster.listNamespaces("", signal)).rejects.toMatchObject({ code: "kubernetes.failed" });
    expect(server.requests.at(-1)?.query.get("limit")).toBe("1");
  });

  test("is begun again when its next page was forgotten", async () => {
    server.script(page(["a"], "t1"), status(410, "Expired"), page(["a"], "t2"), page(["b"]));
    expect((await cluster.listNamespaces("", signal)).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("of secrets that may not be read cluster-wide is nothing, not an empty list", async () => {
    server.script(status(403, "Forbidden"));
    expect(await cluster.listSecrets("acr-pull/managed=true", signal)).toBeUndefined();
  });
});

describe("the namespace kube-system", () => {
  test.each([
    ["gives its uid", ok({ metadata: { name: "kube-system", uid: "cluster" } }), "cluster"],
    ["gives none when it may not be read", status(403, "Forbidden"), undefined],
  ])("%s", async (_what, answer, uid) => {
    server.script(answer);
    expect(await cluster.kubeSystemUid(signal)).toBe(uid);
  });
});

describe("a write", () => {
  test("patches with the resource version, strictly, under our name", async () => {
    server.script(ok(changed));
    expect(await cluster.patchSecret(at7, change, signal)).toMatchObject({ resourceVersion: "8" });
    const [request] = server.requests;
    expect(request).toMatchObject({
      method: "PATCH",
      path: "/api/v1/namespaces/apps/secrets/acr-secret",
      body: { metadata: { resourceVersion: "7", labels: change.labels }, data: change.data },
    });
    expect(request?.headers["content-type"]).toBe("application/merge-patch+json");
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      fieldManager: "acr-pull",
      fieldValidation: "Strict",
    });
  });

  test("creates without the labels that a change would take away", async () => {
    server.script({ status: 201, json: changed });
    await cluster.createSecret(
      { namespace: "apps", name: "acr-secret", type: "kubernetes.io/dockerconfigjson", ...change },
      signal,
    );
    expect(server.requests[0]?.body).toMatchObject({
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "acr-secret", namespace: "apps", labels: { a: "1" } },
      data: change.data,
    });
  });

  test("whose answer was lost, and whose repeat meets its own echo, has succeeded", async () => {
    server.script(reset, status(409, "Conflict"), ok(changed));
    expect(await cluster.patchSecret(at7, change, signal)).toMatchObject({ resourceVersion: "8" });
    const created = { namespace: "apps", name: "acr-secret", type: changed.type, ...change };
    server.script(reset, status(409, "AlreadyExists"), ok(changed));
    expect(await cluster.createSecret(created, signal)).toMatchObject({ resourceVersion: "8" });
  });

  test("whose answer was lost, and whose place somebody else took, is a conflict", async () => {
    server.script(reset, status(409, "Conflict"), ok(secret()));
    await expect(cluster.patchSecret(at7, change, signal)).rejects.toMatchObject({
      code: "kubernetes.conflict",
      retryable: true,
    });
  });

  test("that meets a conflict at once does not look further", async () => {
    server.script(status(409, "Conflict"));
    await expect(cluster.patchSecret(at7, change, signal)).rejects.toMatchObject({
      code: "kubernetes.conflict",
    });
    expect(server.requests).toHaveLength(1);
  });

  test("does not repeat a refusal that quotes what was written", async () => {
    const config = { auths: { "r.test": { username: "u", password: "s3cr3t-s3cr3t" } } };
    const data = { ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") };
    for (const quoted of [data[".dockerconfigjson"], JSON.stringify(config), "bad password s3cr3t-s3cr3t"]) {
      server.script(
        status(422, "Invalid", `denied: ${quoted}`, { causes: [{ reason: "FieldValueInvalid" }] }),
      );
      const error: unknown = await cluster.patchSecret(at7, { data }, signal).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "kubernetes.invalid" });
      expect(inspect(error, { depth: 9 })).not.toContain(quoted);
    }
  });

  const live = JSON.stringify({
    apiVersion: "v1",
    data: { ".dockerconfigjson": "c29tZWJvZHkgZWxzZSdz" },
    kind: "Secret",
    metadata: { annotations: { note: "theirs" }, name: "acr-secret" },
  });
  // How API servers, also older ones, webhooks and Go quote an object that this program never sent.
  test.each([
    [
      "a patch that it cannot decode",
      ` "" is invalid: patch: Invalid value: ${JSON.stringify(live)}: illegal base64 data`,
    ],
    [
      "a strategic patch",
      ' "" is invalid: patch: Invalid value: "map[data:map[a:c29tZWJvZHkgZWxzZSdz]]": cannot restore',
    ],
    ["the object as it is", `admission webhook "w" denied the request: no ${live}`],
    [
      "the object, indented",
      `admission webhook "w" denied the request: ${JSON.stringify(JSON.parse(live), null, 2)}`,
    ],
    ["the object as Go prints it", "invalid: Secret{TypeMeta:v1.TypeMeta{}, Data:c29tZWJvZHkgZWxzZSdz}"],
    ["what is around a fault", 'v1.Secret.Data: error found in #10 byte of ...|"c29tZWJvZHkgZWxzZSdz"|...'],
  ])("does not repeat a refusal that quotes %s", async (_, message) => {
    const causes = [{ reason: "FieldValueInvalid", message, field: "patch" }];
    server.script(status(422, "Invalid", message, { causes }));
    const error: unknown = await cluster
      .patchSecret(at7, { labels: { a: "1" } }, signal)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ActionableError);
    expect(inspect(error, { depth: 9 })).not.toMatch(/c29tZWJvZHkgZWxzZSdz|theirs/);
    expect(String(error)).toContain("The API server's message quotes an object, so it is omitted.");
  });

  test("looks through a refusal as long as an answer may be, whatever it is made of", () => {
    for (const part of ["map[", "{ ", '{"', String.raw`{\n`, "A{", "..."]) {
      expect(quotesObject(part.repeat(500_000))).toBe(false);
    }
  });

  test.each([
    'admission webhook "gatekeeper" denied the request: [owner] you must provide labels: {"owner"}',
    "json: cannot unmarshal array into Go value of type map[string]interface {}",
    'Secret "s" is invalid: type: Invalid value: "Opaque": field is immutable',
  ])("repeats a refusal that quotes no object: %s", async (message) => {
    server.script(status(422, "Invalid", message, { causes: [{ reason: "FieldValueInvalid" }] }));
    await expect(cluster.patchSecret(at7, { labels: { a: "1" } }, signal)).rejects.toMatchObject({
      message: expect.stringContaining(JSON.stringify(message)),
    });
  });

  test("of a namespace that is there already is fine", async () => {
    server.script(status(409, "AlreadyExists"));
    await expect(cluster.createNamespace("apps", signal)).resolves.toBeUndefined();
  });

  test("replaces a service account's list as a whole", async () => {
    const account = { metadata: { name: "default", namespace: "apps", resourceVersion: "4" } };
    server.script(ok(account));
    await cluster.patchServiceAccount(
      { namespace: "apps", name: "default", resourceVersion: "3" },
      ["old", "acr-secret"],
      signal,
    );
    expect(server.requests[0]?.body).toEqual({
      metadata: { resourceVersion: "3" },
      imagePullSecrets: [{ name: "old" }, { name: "acr-secret" }],
    });
  });
});

describe("a rehearsal", () => {
  const created = { namespace: "apps", name: "acr-secret", type: changed.type, ...change };
  test.each<[string, (cluster: Writes) => Promise<unknown>]>([
    ["a namespace's creation", (one) => one.createNamespace("apps", signal)],
    ["a secret's creation", (one) => one.createSecret(created, signal)],
    ["a secret's change", (one) => one.patchSecret(at7, change, signal)],
    ["a secret's deletion", (one) => one.deleteSecret({ ...at7, uid: "u1" }, signal)],
    ["a service account's change", (one) => one.patchServiceAccount(at7, ["acr-secret"], signal)],
  ])("of %s is the same request, and a dry run by what the API server reads of it", async (_what, send) => {
    server.script(ok(changed), ok(changed));
    await send(cluster);
    await send(cluster.rehearsal);
    const [write, dryRun] = server.requests;
    expect(isDryRun(write!)).toBe(false);
    expect(isDryRun(dryRun!)).toBe(true);
    const { dryRun: inBody, ...body } = dryRun!.body as Record<string, unknown>;
    const { dryRun: inQuery, ...query } = Object.fromEntries(dryRun!.query);
    expect({ inBody: inBody ?? ["All"], inQuery }).toEqual({ inBody: ["All"], inQuery: "All" });
    expect([dryRun!.method, dryRun!.path, body, query]).toEqual([
      write!.method,
      write!.path,
      write!.body,
      Object.fromEntries(write!.query),
    ]);
  });

  test("is of another type than what writes, and what plans are made of has no write", () => {
    // @ts-expect-error The methods have the same names.
    const rehearsal: ClusterRehearsal = cluster;
    const planned: Cluster = cluster;
    // @ts-expect-error Only its rehearsal exists.
    const write = () => planned.deleteSecret({ ...at7, uid: "u1" }, signal);
    expect([rehearsal.rehearses, typeof write]).toEqual([undefined, "function"]);
  });

  test("of a deletion says that there is nothing to delete (any more)", async () => {
    server.script(status(404, "NotFound", "", { kind: "secrets" }));
    await expect(cluster.rehearsal.deleteSecret({ ...at7, uid: "u1" }, signal)).rejects.toMatchObject({
      code: "kubernetes.not-found",
    });
  });
});

describe("many requests", () => {
  const find = (name: string) => cluster.findSecret("apps", name, signal);

  test("are no more than ten at once", async () => {
    const held: Array<() => void> = [];
    let most = 0;
    const hold: Answer = (response) => {
      held.push(() => response.end(JSON.stringify(secret())));
      most = Math.max(most, held.length);
    };
    server.script(...Array.from({ length: 15 }, () => hold));
    const finding = Promise.all(Array.from({ length: 15 }, () => find("acr-secret")));
    for (let answered = 0; answered < 15; answered += 1) {
      await vi.waitFor(() => expect(held).toHaveLength(Math.min(10, 15 - answered)), 10_000);
      held.shift()?.();
    }
    expect(await finding).toHaveLength(15);
    expect(most).toBe(10);
  });
});

describe("signing in", () => {
  const give = (token: string) => ({
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: [
        "-e",
        `process.stdout.write(JSON.stringify({ kind: "ExecCredential", status: { token: ${token} } }))`,
      ],
    },
  });

  test("runs a plugin once for many requests, and again when its token has run out", async () => {
    cluster = stubCluster(server, give("String(process.pid)"));
    server.script(ok(secret()), ok(secret()), status(401, "Unauthorized"), ok(secret()));
    await Promise.all([1, 2].map(() => cluster.findSecret("apps", "acr-secret", signal)));
    await cluster.findSecret("apps", "acr-secret", signal);
    const tokens = server.requests.map(({ headers }) => headers.authorization);
    expect(tokens[0]).toMatch(/^Bearer \d+$/);
    expect(tokens[1]).toBe(tokens[0]);
    expect(tokens[2]).toBe(tokens[0]);
    expect(tokens[3]).not.toBe(tokens[0]);
  });

  test("gives up at once when the very first request is refused", async () => {
    server.script(status(401, "Unauthorized"));
    await expect(cluster.findSecret("apps", "acr-secret", signal)).rejects.toMatchObject({
      code: "kubernetes.unauthorized",
      exitCode: 3,
    });
    expect(server.requests).toHaveLength(1);
  });

  test("sends user name and password, and whom to act for", async () => {
    cluster = stubCluster(server, { username: "u", password: "p", as: "other" });
    server.script(ok(secret()));
    await cluster.findSecret("apps", "acr-secret", signal);
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from("u:p").toString("base64")}`,
      "impersonate-user": "other",
    });
  });
});

test("the cluster's clock is that of its newest answer", async () => {
  server.script(ok(secret(), { Date: "Tue, 01 Jan 2030 00:00:00 GMT" }));
  await cluster.findSecret("apps", "acr-secret", signal);
  expect(cluster.serverTime().toISOString()).toMatch(/^2030-01-01T00:0/);
});

test("a cluster that is not running is named, with what to check", async () => {
  const gone = await stubApiServer();
  await gone.start();
  cluster = stubCluster(gone);
  await gone.stop();
  await expect(cluster.findNamespace("apps", signal)).rejects.toMatchObject({
    code: "kubernetes.unreachable",
    message: expect.stringContaining("ECONNREFUSED"),
    hint: expect.stringContaining("kubectl --context stub cluster-info"),
    retryable: true,
  });
});
