import { describe, expect, test } from "vitest";
import {
  base64,
  inProcessKubernetes,
  patchTypes,
  pullSecret,
  requestFor,
  secretsPath,
} from "./in-process-kubernetes.ts";

describe("a dry run", () => {
  test.each([
    ["POST", secretsPath, pullSecret("new"), "application/json", 201],
    ["PUT", `${secretsPath}/n`, pullSecret("n", { stringData: { a: "b" } }), "application/json", 200],
    ["PATCH", `${secretsPath}/n`, { metadata: { labels: { a: "b" } } }, patchTypes.merge, 200],
    ["PATCH", `${secretsPath}/n`, { metadata: { labels: { a: "b" } } }, patchTypes.strategic, 200],
    ["PATCH", `${secretsPath}/n`, [{ op: "remove", path: "/data" }], patchTypes.json, 422],
    ["PATCH", `${secretsPath}/new`, pullSecret("new"), patchTypes.apply, 201],
    ["DELETE", `${secretsPath}/n`, undefined, "application/json", 200],
    ["DELETE", secretsPath, undefined, "application/json", 200],
  ])("of %s %s answers as the write would and keeps nothing", async (method, path, body, type, status) => {
    const { ask, cluster, commits } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const before = structuredClone({ objects: cluster.objects, version: cluster.resourceVersion });
    const query = "?dryRun=All&fieldManager=m";
    expect((await ask(method, path + query, body, { type })).status).toBe(status);
    expect({ objects: cluster.objects, version: cluster.resourceVersion }).toEqual(before);
    expect(commits).toEqual(["POST secrets awesomeapps/n"]);
  });

  test("is refused as the write would be, and for any other value than All", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    expect((await ask("POST", `${secretsPath}?dryRun=All`, pullSecret("n"))).status).toBe(409);
    expect((await ask("POST", `${secretsPath}?dryRun=All`, pullSecret("m", { data: {} }))).status).toBe(422);
    const { status, body } = await ask("POST", `${secretsPath}?dryRun=Some`, pullSecret("m"));
    expect([status, body.message]).toEqual([
      422,
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    ]);
  });
});

describe("unknown fields", () => {
  test("fall away, or are refused by name where that is strict", async () => {
    const { ask } = inProcessKubernetes();
    const secret = pullSecret("n", { datas: {}, metadata: { name: "n", label: {} } });
    const strict = await ask("POST", `${secretsPath}?fieldValidation=Strict`, secret);
    expect([strict.status, strict.body.message]).toEqual([
      400,
      'Secret in version "v1" cannot be handled as a Secret: strict decoding error: ' +
        'unknown field "metadata.label", unknown field "datas"',
    ]);
    const { status, body } = await ask("POST", secretsPath, secret);
    expect(status).toBe(201);
    expect(Object.keys(body)).toEqual(["kind", "apiVersion", "metadata", "data", "type"]);
  });
});

describe("a body", () => {
  test.each([
    [
      "of another kind",
      { kind: "ConfigMap" },
      "application/json",
      400,
      'ConfigMap in version "v1" cannot be handled',
    ],
    ["of another version", { apiVersion: "v2" }, "application/json", 400, "the API version in the data (v2)"],
    [
      "that is no JSON",
      "{",
      "application/json",
      400,
      "the object provided is unrecognized (must be of type Secret)",
    ],
    ["of an unknown type", "{}", "text/plain", 415, "the body of the request was in an unknown format"],
    [
      "that says it is protobuf",
      "{}",
      "application/vnd.kubernetes.protobuf",
      400,
      "does not appear to be a protobuf",
    ],
    [
      "in another namespace",
      { metadata: { namespace: "x" } },
      "application/json",
      400,
      "the namespace of the provided",
    ],
    [
      "that is too large",
      " ".repeat(3_145_729),
      "application/json",
      413,
      "Request entity too large: limit is 3145728",
    ],
  ])("%s is refused", async (_, body, type, status, message) => {
    const { ask } = inProcessKubernetes();
    const answer = await ask("POST", secretsPath, body, { type });
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(message);
  });

  test("never shows in the refusal of one that cannot be read", async () => {
    const { ask } = inProcessKubernetes();
    const { body } = await ask("POST", secretsPath, '{"stringData": {"a": "pass-word"');
    expect(JSON.stringify(body)).not.toContain("pass");
  });

  test("may be YAML, of version 1.1, in which n is no name", async () => {
    const { ask } = inProcessKubernetes();
    const post = (name: string): ReturnType<typeof ask> =>
      ask("POST", secretsPath, `metadata: {name: ${name}}\nstringData: {a: b}\n`, {
        type: "application/yaml",
      });
    expect((await post("m")).body.data).toEqual({ a: base64("b") });
    expect((await post("n")).body.message).toContain("cannot unmarshal bool");
  });
});

describe("a path", () => {
  test.each([
    ["GET", "/api/v1/services", 404],
    ["GET", "/api/v1/nodes/sandbox-node/proxy", 501],
    ["GET", "/apis/apps/v1/namespaces/default/deployments", 404],
    ["GET", "/nowhere", 404],
    ["GET", "/openapi/v2", 404],
    ["GET", `${secretsPath}/n/log`, 404],
    ["GET", "/api/v1/namespaces/default/pods/p/log", 501],
    ["POST", "/api/v1/namespaces/default/pods/p/exec", 501],
    ["POST", "/api/v1/namespaces/default/serviceaccounts/default/token", 501],
    ["PUT", "/api/v1/namespaces/default/finalize", 501],
    ["POST", `${secretsPath}/n`, 405],
    ["POST", "/api/v1/secrets", 405],
    ["DELETE", "/api/v1/namespaces", 405],
    ["GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 405],
  ])("%s %s answers %i", async (method, path, status) => {
    const { ask } = inProcessKubernetes();
    expect((await ask(method, path)).status).toBe(status);
  });

  test.each([
    "/api",
    "/apis",
    "/api/v1",
    "/apis/authorization.k8s.io/v1",
    "/openapi/v3",
    "/openapi/v3/api/v1",
  ])("%s is open to every user", async (path) => {
    const { ask } = inProcessKubernetes({ rules: [] });
    expect((await ask("GET", path)).status).toBe(200);
  });
});

describe("a deletion", () => {
  test.each([
    ["with a body is made whatever its query says", "?dryRun=All", {}, false],
    ["is rehearsed when its body says so", "", { dryRun: ["All"] }, true],
    ["with a body is not refused for its query", "?dryRun=Some", { dryRun: ["All"] }, true],
    ["without a body is rehearsed when its query says so", "?dryRun=All", undefined, true],
  ])("%s", async (_what, query, body, stays) => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    expect((await ask("DELETE", `${secretsPath}/n${query}`, body)).status).toBe(200);
    expect((await ask("GET", `${secretsPath}/n`)).status).toBe(stays ? 200 : 404);
  });
});

describe("the count of changes", () => {
  test.each([
    ["GET", secretsPath, undefined, false],
    ["POST", secretsPath, pullSecret("n"), true],
    ["POST", `${secretsPath}?dryRun=All`, pullSecret("n"), false],
    ["PATCH", `${secretsPath}/n`, {}, true],
    ["PUT", `${secretsPath}/n`, {}, true],
    ["DELETE", `${secretsPath}/n`, undefined, true],
    ["DELETE", `${secretsPath}/n`, { dryRun: ["All"] }, false],
    ["DELETE", `${secretsPath}/n?dryRun=All`, undefined, false],
    ["DELETE", `${secretsPath}/n?dryRun=All`, {}, true],
    ["POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, false],
    ["POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {}, false],
  ])("takes %s %s with %o for a change: %4$s", (method, path, body, isChange) => {
    const { service, cluster } = inProcessKubernetes();
    expect(service.isMutating(requestFor(cluster, method, path, body))).toBe(isChange);
  });
});

describe("an injected failure", () => {
  test.each([
    [429, undefined, "TooManyRequests", "1"],
    [500, undefined, "InternalError", undefined],
    [503, undefined, "ServiceUnavailable", undefined],
    [504, undefined, "Timeout", "1"],
    [409, "AlreadyExists", "AlreadyExists", undefined],
  ])("%i is a Status with its reason and its patience", (status, code, reason, retryAfter) => {
    const { service, cluster } = inProcessKubernetes();
    const answer = service.errorResponse(requestFor(cluster, "GET", secretsPath), status, code);
    expect(answer).toMatchObject({ status, body: { kind: "Status", code: status, reason } });
    expect(answer.headers?.["retry-after"]).toBe(retryAfter);
  });
});

describe("a pod", () => {
  const pods = "/api/v1/namespaces/awesomeapps/pods";
  const account = "/api/v1/namespaces/awesomeapps/serviceaccounts/default";
  const spec = { containers: [{ name: "c", image: "r.test/app:v1" }] };
  const pod = (more = {}): unknown => ({ metadata: { name: "p" }, spec: { ...spec, ...more } });

  test("without pull secrets gets those of its service account, and waits to be scheduled", async () => {
    const { ask } = inProcessKubernetes();
    await ask("PATCH", account, { imagePullSecrets: [{ name: "s" }] }, { type: patchTypes.merge });
    const { status, body } = await ask("POST", pods, pod());
    expect(status).toBe(201);
    expect(body).toMatchObject({
      spec: { imagePullSecrets: [{ name: "s" }], serviceAccountName: "default" },
      status: { phase: "Pending" },
    });
  });

  test("with pull secrets of its own gets no others", async () => {
    const { ask } = inProcessKubernetes();
    await ask("PATCH", account, { imagePullSecrets: [{ name: "s" }] }, { type: patchTypes.merge });
    const { body } = await ask("POST", pods, pod({ imagePullSecrets: [{ name: "own" }] }));
    expect(body.spec.imagePullSecrets).toEqual([{ name: "own" }]);
  });

  test("may only use what its service account names, where that is enforced", async () => {
    const { ask } = inProcessKubernetes();
    const enforce = { metadata: { annotations: { "kubernetes.io/enforce-mountable-secrets": "true" } } };
    await ask("PATCH", account, enforce, { type: patchTypes.merge });
    const { status, body } = await ask("POST", pods, pod({ imagePullSecrets: [{ name: "own" }] }));
    expect([status, body.message]).toEqual([
      403,
      'pods "p" is forbidden: imagePullSecrets[0].name="own" is not allowed because service account default ' +
        "does not reference that imagePullSecret",
    ]);
  });

  test("needs its service account, and keeps what it was made with", async () => {
    const { ask } = inProcessKubernetes();
    const refused = await ask("POST", pods, pod({ serviceAccountName: "nobody" }));
    expect(refused.body).toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: error looking up service account awesomeapps/nobody: serviceaccount "nobody" not found',
    });
    await ask("POST", pods, pod());
    const patch = { spec: { imagePullSecrets: [{ name: "late" }] } };
    const changed = await ask("PATCH", `${pods}/p`, patch, { type: patchTypes.strategic });
    expect(changed.body).toMatchObject({ code: 422, details: { kind: "Pod", causes: [{ field: "spec" }] } });
  });
});

describe("nodes", () => {
  test("are of the platforms that were asked for, in no namespace", async () => {
    const { ask } = inProcessKubernetes({
      nodes: [{ name: "one" }, { name: "two", os: "linux", architecture: "arm64" }],
    });
    const { body } = await ask("GET", "/api/v1/nodes");
    const shown = body.items.map(
      ({ metadata, status }: { metadata: object; status: { nodeInfo: object } }) => ({
        ...metadata,
        ...status.nodeInfo,
      }),
    );
    expect(shown).toMatchObject([
      { name: "one", operatingSystem: "linux", architecture: "amd64" },
      { name: "two", operatingSystem: "linux", architecture: "arm64" },
    ]);
    expect(shown[0]).not.toHaveProperty("namespace");
  });

  test("are kept from who may not list them", async () => {
    const { ask } = inProcessKubernetes({ rules: [{ verbs: ["list"], resources: ["secrets"] }] });
    expect((await ask("GET", "/api/v1/nodes")).body).toMatchObject({ code: 403, reason: "Forbidden" });
  });
});
