import { describe, expect, test } from "vitest";
import { base64, inProcessKubernetes, patchTypes, pullSecret, secretsPath } from "./in-process-kubernetes.ts";

const redacted = 'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>"';

describe("a secret that the API server would refuse", () => {
  test.each([
    ["without its key", { data: {} }, "data[.dockerconfigjson]: Required value", "FieldValueRequired"],
    [
      "that is not JSON",
      { data: { ".dockerconfigjson": base64("password") } },
      `${redacted}: invalid character 'p' looking for beginning of value`,
      "FieldValueInvalid",
    ],
    [
      "that is cut short",
      { data: { ".dockerconfigjson": base64('{"auths"') } },
      `${redacted}: unexpected end of JSON input`,
      "FieldValueInvalid",
    ],
    [
      "that is no JSON object",
      { data: { ".dockerconfigjson": base64("[]") } },
      `${redacted}: json: cannot unmarshal array into Go value of type map[string]interface {}`,
      "FieldValueInvalid",
    ],
    [
      "that is too large",
      { type: "Opaque", data: { big: Buffer.alloc(1024 * 1024 + 1).toString("base64") } },
      "data: Too long: may not be more than 1048576 bytes",
      "FieldValueTooLong",
    ],
  ])("%s", async (_, fields, message, reason) => {
    const { ask, commits } = inProcessKubernetes();
    const { status, body } = await ask("POST", secretsPath, pullSecret("n", fields));
    const [field, detail] = [
      message.slice(0, message.indexOf(": ")),
      message.slice(message.indexOf(": ") + 2),
    ];
    expect(status).toBe(422);
    expect(body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `Secret "n" is invalid: ${message}`,
      reason: "Invalid",
      details: { name: "n", kind: "Secret", causes: [{ reason, message: detail, field }] },
      code: 422,
    });
    expect(commits).toEqual([]);
  });

  test("with a value that is no base64", async () => {
    const { ask } = inProcessKubernetes();
    const { status, body } = await ask("POST", secretsPath, pullSecret("n", { data: { a: "a-b" } }));
    expect([status, body.reason, body.message]).toEqual([
      400,
      "BadRequest",
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 1',
    ]);
  });

  test("with a name that is no DNS name, an overlong label and a bad annotation key, all in one answer", async () => {
    const { ask } = inProcessKubernetes();
    const metadata = { name: "A_b", labels: { a: "x".repeat(64) }, annotations: { "a b": "" } };
    const { status, body } = await ask("POST", secretsPath, pullSecret("", { metadata }));
    expect(status).toBe(422);
    expect(body.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      "metadata.name",
      "metadata.labels",
      "metadata.annotations",
    ]);
    expect(body.message).toMatch(
      /^Secret "A_b" is invalid: \[metadata\.name: Invalid value: "A_b": a lowercase/,
    );
  });
});

describe("a change that the API server would refuse", () => {
  test("of the type", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const { status, body } = await ask("PUT", `${secretsPath}/n`, pullSecret("n", { type: "Opaque" }));
    expect([status, body.message]).toEqual([
      422,
      'Secret "n" is invalid: type: Invalid value: "Opaque": field is immutable',
    ]);
  });

  test("of an immutable secret: of its data, and of its being immutable", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n", { immutable: true }));
    const changed = { immutable: false, data: { ".dockerconfigjson": base64("{}") } };
    const { status, body } = await ask("PUT", `${secretsPath}/n`, pullSecret("n", changed));
    const detail = "Forbidden: field is immutable when `immutable` is set";
    expect([status, body.message]).toEqual([
      422,
      `Secret "n" is invalid: [immutable: ${detail}, data: ${detail}]`,
    ]);
  });

  test("by who read an older version, in a PUT and in a patch", async () => {
    const { ask, commits } = inProcessKubernetes();
    const { body: created } = await ask("POST", secretsPath, pullSecret("n"));
    await ask("PATCH", `${secretsPath}/n`, { metadata: { labels: { a: "b" } } }, { type: patchTypes.merge });
    const message =
      'Operation cannot be fulfilled on secrets "n": the object has been modified; please apply your changes to ' +
      "the latest version and try again";
    const put = await ask("PUT", `${secretsPath}/n`, created);
    const { resourceVersion } = created.metadata;
    const patch = { metadata: { resourceVersion, labels: { a: "c" } } };
    const patched = await ask("PATCH", `${secretsPath}/n`, patch, { type: patchTypes.merge });
    expect(put.body).toMatchObject({ code: 409, reason: "Conflict", message, details: { kind: "secrets" } });
    expect(patched.body).toMatchObject({ code: 409, message });
    expect(commits).toEqual(["POST secrets awesomeapps/n", "PATCH secrets awesomeapps/n"]);
  });

  test("of another object than the one at the address", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const metadata = { name: "n", uid: "another" };
    const other = await ask("PUT", `${secretsPath}/n`, pullSecret("", { metadata }));
    const named = await ask("PUT", `${secretsPath}/n`, pullSecret("m"));
    expect([other.status, other.body.reason]).toEqual([409, "Conflict"]);
    expect(other.body.message).toContain(
      "Precondition failed: UID in precondition: another, UID in object meta:",
    );
    expect([named.status, named.body.message]).toEqual([
      400,
      "the name of the object (m) does not match the name on the URL (n)",
    ]);
  });
});

describe("secrets", () => {
  test("are named once in a namespace", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const { body } = await ask("POST", secretsPath, pullSecret("n"));
    expect(body).toMatchObject({
      code: 409,
      reason: "AlreadyExists",
      message: 'secrets "n" already exists',
      details: { name: "n", kind: "secrets" },
    });
  });

  test("that are not there are named by their resource, a namespace that is not there by its own", async () => {
    const { ask } = inProcessKubernetes();
    const secret = await ask("GET", `${secretsPath}/n`);
    const namespace = await ask("POST", "/api/v1/namespaces/nowhere/secrets", pullSecret("n"));
    expect(secret.body).toMatchObject({
      code: 404,
      message: 'secrets "n" not found',
      details: { name: "n", kind: "secrets" },
    });
    expect(namespace.body).toMatchObject({
      code: 404,
      message: 'namespaces "nowhere" not found',
      details: { name: "nowhere", kind: "namespaces" },
    });
  });

  test("take a PUT without a version, and merge stringData", async () => {
    const { ask } = inProcessKubernetes();
    const { body: created } = await ask("POST", secretsPath, pullSecret("n"));
    const sent = pullSecret("n", { stringData: { b: "two", ".dockerconfigjson": "{}" } });
    const { status, body } = await ask("PUT", `${secretsPath}/n`, sent);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": base64("{}"), b: base64("two") },
      metadata: { uid: created.metadata.uid, creationTimestamp: created.metadata.creationTimestamp },
    });
    expect(body).not.toHaveProperty("stringData");
    const { status: untyped } = await ask("PUT", `${secretsPath}/n`, { ...sent, type: "" });
    expect(untyped).toBe(422);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
  });

  test("are Opaque unless they say otherwise, and may be named by the server", async () => {
    const { ask } = inProcessKubernetes();
    const { body } = await ask("POST", secretsPath, { metadata: { generateName: "made-" } });
    expect(body.type).toBe("Opaque");
    expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
  });

  test("stay as they are, version and all, when a write changes nothing", async () => {
    const { ask, commits } = inProcessKubernetes();
    const { body: created } = await ask("POST", secretsPath, pullSecret("n"));
    const { body: again } = await ask("PUT", `${secretsPath}/n`, pullSecret("n"));
    expect(again).toEqual(created);
    expect(commits).toHaveLength(1);
  });

  test("are deleted with a Status that names them, only as the one that was meant", async () => {
    const { ask } = inProcessKubernetes();
    const { body: created } = await ask("POST", secretsPath, pullSecret("n"));
    const { uid } = created.metadata;
    const wrong = await ask("DELETE", `${secretsPath}/n`, { preconditions: { uid: "another" } });
    const right = await ask("DELETE", `${secretsPath}/n`, { preconditions: { uid } });
    expect(wrong.status).toBe(409);
    expect(right.body).toMatchObject({ status: "Success", details: { name: "n", kind: "secrets", uid } });
    expect((await ask("GET", `${secretsPath}/n`)).status).toBe(404);
  });

  test("that a finalizer holds stay, marked, until it is taken away", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n", { metadata: { name: "n", finalizers: ["test/hold"] } }));
    const deleted = await ask("DELETE", `${secretsPath}/n`);
    expect(deleted.body.metadata).toHaveProperty("deletionTimestamp");
    expect((await ask("GET", `${secretsPath}/n`)).status).toBe(200);
    await ask("PATCH", `${secretsPath}/n`, { metadata: { finalizers: null } }, { type: patchTypes.merge });
    expect((await ask("GET", `${secretsPath}/n`)).status).toBe(404);
  });
});
