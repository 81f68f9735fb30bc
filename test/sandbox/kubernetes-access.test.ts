import { describe, expect, test } from "vitest";
import { inProcessKubernetes, patchTypes, pullSecret, secretsPath } from "./in-process-kubernetes.ts";

const inApps = { namespaces: ["awesomeapps"] };
const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

const unauthorized = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "Unauthorized",
  reason: "Unauthorized",
  code: 401,
};

describe("a token that nobody has", () => {
  test.each(["Bearer nobodys", "Bearer a b", "bearer nobodys"])(
    "(%s) is refused with 401 and nothing more, wherever it is shown",
    async (authorization) => {
      const { ask } = inProcessKubernetes();
      for (const path of [secretsPath, "/version", "/healthz", "/foo"]) {
        const { status, body } = await ask("GET", path, undefined, { headers: { authorization } });
        expect([status, body]).toEqual([401, unauthorized]);
      }
    },
  );
});

describe("whoever sends no token", () => {
  const nobody = 'User "system:anonymous" cannot';
  const inApps = 'in API group "" in the namespace "awesomeapps"';

  test.each([
    ["GET", secretsPath, `secrets is forbidden: ${nobody} list resource "secrets" ${inApps}`],
    ["POST", secretsPath, `secrets is forbidden: ${nobody} create resource "secrets" ${inApps}`],
    ["GET", `${secretsPath}/s`, `secrets "s" is forbidden: ${nobody} get resource "secrets" ${inApps}`],
    ["GET", "/api/v1", `forbidden: ${nobody} get path "/api/v1"`],
    ["GET", "/apis", `forbidden: ${nobody} get path "/apis"`],
    ["GET", "/openapi/v3", `forbidden: ${nobody} get path "/openapi/v3"`],
    ["GET", "/foo", `forbidden: ${nobody} get path "/foo"`],
    ["GET", "/healthz/ping", `forbidden: ${nobody} get path "/healthz/ping"`],
    [
      "POST",
      reviews,
      `selfsubjectaccessreviews.authorization.k8s.io is forbidden: ${nobody} create resource "selfsubjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope`,
    ],
  ])("is system:anonymous, who may not %s %s", async (method, target, message) => {
    const { ask } = inProcessKubernetes();
    const { status, body } = await ask(method, target, undefined, { token: null });
    expect([status, body.reason, body.message]).toEqual([403, "Forbidden", message]);
  });

  test.each(["Bearer", "Bearer ", "Basic YTpi", "Token x", "garbage", ""])(
    "is one who sends %j too",
    async (authorization) => {
      const { ask } = inProcessKubernetes();
      const asking = { headers: { authorization } };
      expect((await ask("GET", secretsPath, undefined, asking)).body.message).toContain("system:anonymous");
      expect((await ask("GET", "/version", undefined, asking)).status).toBe(200);
    },
  );

  test.each(["/version", "/version/", "/healthz", "/livez", "/readyz"])("may read %s", async (path) => {
    const { ask } = inProcessKubernetes();
    expect((await ask("GET", path, undefined, { token: null })).status).toBe(200);
  });
});

describe("who acts as another", () => {
  const target = `${secretsPath}?limit=1`;
  const users = [{ context: "lister", rules: [{ verbs: ["list"], resources: ["secrets"] }] }];

  test.each([
    ["a user of the cluster has that user's rights", { "impersonate-user": "lister-user" }, 200],
    ["a user whom nobody knows has none", { "impersonate-user": "nobody" }, 403],
    ["anonymous is nobody", { "impersonate-user": "system:anonymous" }, 403],
    [
      "one of the masters may do everything",
      { "impersonate-user": "nobody", "impersonate-group": "system:masters" },
      200,
    ],
  ])("as %s", async (_, headers, status) => {
    const { ask } = inProcessKubernetes({ users });
    expect((await ask("GET", target, undefined, { headers })).status).toBe(status);
  });

  test("is asked what it is as that one", async () => {
    const { ask } = inProcessKubernetes();
    const headers = {
      "impersonate-user": "jane",
      "impersonate-group": "devs, ops",
      "impersonate-uid": "7",
      "impersonate-extra-scopes": "view",
    };
    const { body } = await ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, { headers });
    expect(body.status.userInfo).toEqual({
      username: "jane",
      uid: "7",
      groups: ["devs", "ops", "system:authenticated"],
      extra: { scopes: ["view"] },
    });
  });

  test.each([
    [{ "impersonate-user": "u" }, 'users "u" is forbidden', 'resource "users" in API group ""'],
    [
      { "impersonate-user": "me", "impersonate-group": "g" },
      'groups "g" is forbidden',
      'resource "groups" in API group ""',
    ],
    [
      { "impersonate-user": "me", "impersonate-uid": "1" },
      'uids.authentication.k8s.io "1" is forbidden',
      'resource "uids" in API group "authentication.k8s.io"',
    ],
    [
      { "impersonate-user": "me", "impersonate-extra-scopes": "x" },
      'userextras.authentication.k8s.io "x" is forbidden',
      'resource "userextras/scopes" in API group "authentication.k8s.io"',
    ],
  ])("needs the right to (%j)", async (headers, what, resource) => {
    const rules = [{ verbs: ["impersonate"], resources: ["users"], resourceNames: ["me"] }];
    const { ask } = inProcessKubernetes({ rules });
    const { status, body } = await ask("GET", target, undefined, { headers });
    expect([status, body.message]).toEqual([
      403,
      `${what}: User "sandbox-user" cannot impersonate ${resource} at the cluster scope`,
    ]);
  });

  test("must be told as whom", async () => {
    const { ask } = inProcessKubernetes();
    const { status, headers, body } = await ask("GET", secretsPath, undefined, {
      headers: { "impersonate-group": "x" },
    });
    expect([status, headers["content-type"]]).toEqual([500, "text/plain; charset=utf-8"]);
    expect(body).toBe(
      `Internal Server Error: "${secretsPath}": requested [{Group  x    }] without impersonating a user\n`,
    );
  });
});

describe("a user without rights", () => {
  const nothing = 'is forbidden: User "sandbox-user" cannot';
  const where = 'in API group "" in the namespace "awesomeapps"';

  test.each([
    ["GET", `${secretsPath}/n`, `secrets "n" ${nothing} get resource "secrets" ${where}`, "n"],
    ["GET", secretsPath, `secrets ${nothing} list resource "secrets" ${where}`, undefined],
    ["GET", `${secretsPath}?watch=true`, `secrets ${nothing} watch resource "secrets" ${where}`, undefined],
    ["POST", secretsPath, `secrets ${nothing} create resource "secrets" ${where}`, undefined],
    ["PUT", `${secretsPath}/n`, `secrets "n" ${nothing} update resource "secrets" ${where}`, "n"],
    ["PATCH", `${secretsPath}/n`, `secrets "n" ${nothing} patch resource "secrets" ${where}`, "n"],
    ["DELETE", `${secretsPath}/n`, `secrets "n" ${nothing} delete resource "secrets" ${where}`, "n"],
    ["DELETE", secretsPath, `secrets ${nothing} deletecollection resource "secrets" ${where}`, undefined],
    [
      "GET",
      "/api/v1/secrets",
      `secrets ${nothing} list resource "secrets" in API group "" at the cluster scope`,
      undefined,
    ],
    [
      "GET",
      "/api/v1/namespaces/awesomeapps",
      `namespaces "awesomeapps" ${nothing} get resource "namespaces" ${where}`,
      "awesomeapps",
    ],
    [
      "POST",
      "/api/v1/namespaces",
      `namespaces ${nothing} create resource "namespaces" in API group "" at the cluster scope`,
      undefined,
    ],
    [
      "GET",
      "/api/v1/namespaces/awesomeapps/pods/p/log",
      `pods "p" ${nothing} get resource "pods/log" ${where}`,
      "p",
    ],
  ])("%s %s", async (method, target, message, name) => {
    const { ask } = inProcessKubernetes({ rules: [] });
    const { status, body } = await ask(method, target, method === "GET" ? undefined : pullSecret("n"));
    expect([status, body.reason, body.message]).toEqual([403, "Forbidden", message]);
    expect(body.details.name).toBe(name);
  });

  test("may not even learn whether a path is there", async () => {
    const { ask } = inProcessKubernetes({ rules: [] });
    const { body } = await ask("GET", "/metrics");
    expect(body).toMatchObject({
      code: 403,
      message: 'forbidden: User "sandbox-user" cannot get path "/metrics"',
      details: {},
    });
  });
});

describe("rules", () => {
  test("hold in their namespaces, for their names and verbs alone", async () => {
    const rule = { ...inApps, verbs: ["get", "list"], resources: ["secrets"], resourceNames: ["n"] };
    const { ask } = inProcessKubernetes({ rules: [rule] });
    expect((await ask("GET", `${secretsPath}/n`)).status).toBe(404);
    expect((await ask("GET", `${secretsPath}/m`)).status).toBe(403);
    expect((await ask("GET", secretsPath)).status).toBe(403);
    expect((await ask("GET", `${secretsPath}?fieldSelector=metadata.name%3Dn`)).status).toBe(200);
    expect((await ask("GET", "/api/v1/namespaces/default/secrets/n")).status).toBe(403);
  });

  test("on names never allow to create", async () => {
    const rule = { ...inApps, verbs: ["*"], resources: ["secrets"], resourceNames: ["n"] };
    const { ask } = inProcessKubernetes({ rules: [rule] });
    expect((await ask("POST", secretsPath, pullSecret("n"))).status).toBe(403);
  });

  test("to patch alone let an apply change, not create", async () => {
    const { ask, cluster } = inProcessKubernetes({
      rules: [{ ...inApps, verbs: ["get", "patch"], resources: ["secrets"] }],
    });
    const target = `${secretsPath}/n?fieldManager=m`;
    const { status, body } = await ask("PATCH", target, pullSecret("n"), { type: patchTypes.apply });
    expect(status).toBe(403);
    expect(body.message).toMatch(/^secrets "n" is forbidden: User "\S+" cannot create resource "secrets"/);
    cluster.users[0]!.rules.push({ ...inApps, verbs: ["create"], resources: ["secrets"] });
    expect((await ask("PATCH", target, pullSecret("n"), { type: patchTypes.apply })).status).toBe(201);
  });
});

describe("a review", () => {
  const rule = { ...inApps, verbs: ["create"], resources: ["secrets"] };

  test.each([
    [{ namespace: "awesomeapps", verb: "create", resource: "secrets" }, true],
    [{ namespace: "awesomeapps", verb: "patch", resource: "secrets" }, false],
    [{ namespace: "default", verb: "create", resource: "secrets" }, false],
    [{ verb: "create", resource: "secrets" }, false],
  ])("of access to %o answers %s, with 201 and without a denial", async (resourceAttributes, allowed) => {
    const { ask } = inProcessKubernetes({ rules: [rule] });
    const { status, body } = await ask("POST", reviews, { spec: { resourceAttributes } });
    expect([status, body.kind, body.status]).toEqual([201, "SelfSubjectAccessReview", { allowed }]);
  });

  test("of nothing, or of two things at once, is refused", async () => {
    const { ask } = inProcessKubernetes();
    const nonResourceAttributes = { path: "/", verb: "get" };
    const resourceAttributes = { verb: "get", resource: "secrets" };
    for (const spec of [{}, { nonResourceAttributes, resourceAttributes }]) {
      expect((await ask("POST", reviews, { spec })).status).toBe(422);
    }
  });

  test("of rules shows those of the namespace", async () => {
    const { ask } = inProcessKubernetes({ rules: [rule, { verbs: ["list"], resources: ["namespaces"] }] });
    const target = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    const { status, body } = await ask("POST", target, { spec: { namespace: "default" } });
    expect([status, body.status.incomplete]).toEqual([201, false]);
    expect(body.status.resourceRules[0]).toEqual({
      verbs: ["list"],
      apiGroups: [""],
      resources: ["namespaces"],
    });
    expect(JSON.stringify(body)).not.toContain('"secrets"');
  });
});
