import { describe, expect, test, vi } from "vitest";
import type { SecretDenial } from "../../src/sandbox/world.ts";
import { inProcessKubernetes, patchTypes, pullSecret, secretsPath } from "./in-process-kubernetes.ts";

const namespaces = "/api/v1/namespaces";

describe("a namespace", () => {
  test("is made active, with its name as a label and, a moment later, a default service account", async () => {
    const { ask } = inProcessKubernetes();
    const { status, body } = await ask("POST", namespaces, {
      metadata: { name: "fresh", labels: { a: "b" } },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      metadata: { labels: { a: "b", "kubernetes.io/metadata.name": "fresh" } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
    const account = `${namespaces}/fresh/serviceaccounts/default`;
    expect((await ask("GET", account)).status).toBe(404);
    await vi.waitFor(async () => expect((await ask("GET", account)).status).toBe(200));
  });

  test("has a DNS label as its name", async () => {
    const { ask } = inProcessKubernetes();
    const { status, body } = await ask("POST", namespaces, { metadata: { name: "a.b" } });
    expect(status).toBe(422);
    expect(body.message).toMatch(
      /^Namespace "a\.b" is invalid: metadata\.name: Invalid value: "a\.b": a lowercase RFC 1123 label must/,
    );
  });

  test("that is deleted ends with all that is in it, and takes in nothing meanwhile", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const { body } = await ask("DELETE", `${namespaces}/awesomeapps`);
    expect(body).toMatchObject({ kind: "Namespace", status: { phase: "Terminating" } });
    const refused = await ask("POST", secretsPath, pullSecret("m"));
    expect(refused.body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message:
        'secrets "m" is forbidden: unable to create new content in namespace awesomeapps because it is being terminated',
      reason: "Forbidden",
      details: {
        name: "m",
        kind: "secrets",
        causes: [
          {
            reason: "NamespaceTerminating",
            message: "namespace awesomeapps is being terminated",
            field: "metadata.namespace",
          },
        ],
      },
      code: 403,
    });
    await vi.waitFor(async () => expect((await ask("GET", `${namespaces}/awesomeapps`)).status).toBe(404));
    expect((await ask("GET", "/api/v1/secrets")).body.items).toEqual([]);
  });

  test("ends only after what its contents and itself are held by has gone", async () => {
    const { ask } = inProcessKubernetes();
    const held = { finalizers: ["test/hold"] };
    await ask("POST", secretsPath, pullSecret("n", { metadata: { name: "n", ...held } }));
    await ask("PATCH", `${namespaces}/awesomeapps`, { metadata: held }, { type: patchTypes.merge });
    await ask("DELETE", `${namespaces}/awesomeapps`);
    const release = { metadata: { finalizers: null } };
    await vi.waitFor(async () => {
      expect((await ask("GET", `${secretsPath}/n`)).body.metadata).toHaveProperty("deletionTimestamp");
    });
    await ask("PATCH", `${secretsPath}/n`, release, { type: patchTypes.merge });
    await vi.waitFor(async () => {
      expect((await ask("GET", `${namespaces}/awesomeapps`)).body.spec).toEqual({});
    });
    await ask("PATCH", `${namespaces}/awesomeapps`, release, { type: patchTypes.merge });
    expect((await ask("GET", `${namespaces}/awesomeapps`)).status).toBe(404);
  });

  test("that was ending from the start goes on ending, and still lets what it holds be changed", async () => {
    const { ask } = inProcessKubernetes({
      namespaces: [{ name: "awesomeapps", terminating: true }],
      objects: [
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "n", namespace: "awesomeapps" },
          type: "Opaque",
        },
      ],
    });
    expect((await ask("POST", secretsPath, pullSecret("m"))).status).toBe(403);
    const patch = { metadata: { labels: { a: "b" } } };
    expect((await ask("PATCH", `${secretsPath}/n`, patch, { type: patchTypes.merge })).status).toBe(200);
    expect((await ask("GET", `${namespaces}/awesomeapps`)).body.status.phase).toBe("Terminating");
  });

  test.each(["default", "kube-system", "kube-public"])("%s may not be deleted", async (name) => {
    const { ask } = inProcessKubernetes();
    const { status, body } = await ask("DELETE", `${namespaces}/${name}`);
    expect([status, body.message]).toEqual([
      403,
      `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    ]);
  });
});

describe("admission", () => {
  const words = "secrets in namespace awesomeapps are managed by the platform team";
  const byWebhook = `admission webhook "validation.sandbox.example" denied the request: ${words}`;
  const byPolicy = `ValidatingAdmissionPolicy 'platform-secrets' with binding 'everywhere' denied request: ${words}`;
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" };
  const details = { name: "one", kind: "secrets", causes: [{ message: byPolicy }] };
  const policys = { message: `secrets "one" is forbidden: ${byPolicy}`, details };

  test.each<[what: string, denial: Omit<SecretDenial, "namespace">, body: object]>([
    ["a webhook that gives no code is 400 without a reason", {}, { code: 400, message: byWebhook }],
    [
      "a webhook's code comes without a reason too",
      { webhook: { code: 404 } },
      { code: 404, message: byWebhook },
    ],
    [
      "a webhook's reason is its own",
      { webhook: { code: 403, reason: "Forbidden" } },
      { code: 403, reason: "Forbidden", message: byWebhook },
    ],
    [
      "a webhook may ask to wait",
      { webhook: { code: 429, retryAfterSeconds: 7 } },
      { code: 429, message: byWebhook, details: { retryAfterSeconds: 7 } },
    ],
    ["a policy is 422", { policy: "Invalid" }, { ...policys, code: 422, reason: "Invalid" }],
    [
      "or 413",
      { policy: "RequestEntityTooLarge" },
      { ...policys, code: 413, reason: "RequestEntityTooLarge" },
    ],
  ])("refuses secrets, changes, dry runs and deletions too: %s", async (_, denial, body) => {
    const { ask, cluster } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("one"));
    const denied = { namespace: "awesomeapps", ...denial };
    cluster.denials.push(denied);
    const answers = [
      await ask("PUT", `${secretsPath}/one`, pullSecret("one", { stringData: { a: "b" } })),
      await ask("PATCH", `${secretsPath}/one?dryRun=All`, { metadata: {} }, { type: patchTypes.merge }),
      await ask("DELETE", `${secretsPath}/one`),
    ];
    cluster.objects["secrets"]!.splice(0);
    answers.push(await ask("POST", secretsPath, pullSecret("one")));
    for (const answer of answers) expect(answer.body).toEqual({ ...status, ...body });
  });
});
