import { describe, expect, test } from "vitest";
import { compareFields, FieldSet, fieldsOf, pathText } from "../../src/sandbox/kubernetes/field-set.ts";
import { podSchema, secretSchema } from "../../src/sandbox/kubernetes/schema.ts";
import {
  base64,
  inProcessKubernetes,
  patchTypes,
  pullSecret,
  secretsPath,
  type KubernetesAnswer,
} from "./in-process-kubernetes.ts";

const apply = { type: patchTypes.apply };

function configuration(data: Record<string, string>): Record<string, unknown> {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "n" }, data };
}

/** The field managers of the object in an answer, each with its fields. */
function owners({ body }: KubernetesAnswer): Record<string, string[]> {
  const entries: Array<Record<string, unknown>> = body.metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map((entry) => [
      `${String(entry["manager"])} ${String(entry["operation"])}`,
      FieldSet.fromFieldsV1(entry["fieldsV1"]).paths().map(pathText),
    ]),
  );
}

describe("an apply", () => {
  test("creates with 201, changes with 200, and changes nothing the second time", async () => {
    const { ask, commits } = inProcessKubernetes();
    const target = `${secretsPath}/n?fieldManager=flux`;
    const created = await ask("PATCH", target, configuration({ a: "MQ==" }), apply);
    const changed = await ask("PATCH", target, configuration({ a: "Mg==" }), apply);
    const again = await ask("PATCH", target, configuration({ a: "Mg==" }), apply);
    expect([created.status, changed.status, again.status]).toEqual([201, 200, 200]);
    expect(owners(created)).toEqual({ "flux Apply": [".data.a"] });
    expect(again.body).toEqual(changed.body);
    expect(commits).toEqual(["PATCH secrets awesomeapps/n", "PATCH secrets awesomeapps/n"]);
  });

  test("takes away what it no longer names and nobody else owns", async () => {
    const { ask } = inProcessKubernetes();
    await ask(
      "PATCH",
      `${secretsPath}/n?fieldManager=one`,
      configuration({ a: "MQ==", b: "MQ==", c: "MQ==" }),
      apply,
    );
    await ask("PATCH", `${secretsPath}/n?fieldManager=two`, configuration({ b: "MQ==" }), apply);
    const answer = await ask(
      "PATCH",
      `${secretsPath}/n?fieldManager=one`,
      configuration({ a: "MQ==" }),
      apply,
    );
    expect(answer.body.data).toEqual({ a: "MQ==", b: "MQ==" });
    expect(owners(answer)).toEqual({ "one Apply": [".data.a"], "two Apply": [".data.b"] });
  });

  test("names the one field that another writer owns", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", `${secretsPath}?fieldManager=kubectl-create`, configuration({ x: "MQ==" }));
    const { body } = await ask(
      "PATCH",
      `${secretsPath}/n?fieldManager=m`,
      configuration({ x: "Mg==" }),
      apply,
    );
    expect(body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .data.x',
      reason: "Conflict",
      details: {
        causes: [
          {
            reason: "FieldManagerConflict",
            message: 'conflict with "kubectl-create" using v1',
            field: ".data.x",
          },
        ],
      },
      code: 409,
    });
  });

  test("names all fields of all who own them", async () => {
    const { ask } = inProcessKubernetes();
    const first = configuration({ ".dockerconfigjson": "e30=", a: "MQ==" });
    await ask("PATCH", `${secretsPath}/n?fieldManager=flux`, first, apply);
    await ask(
      "PATCH",
      `${secretsPath}/n?fieldManager=ed`,
      { data: { b: "MQ==" } },
      { type: patchTypes.merge },
    );
    const all = configuration({ ".dockerconfigjson": "MQ==", a: "Mg==", b: "Mg==" });
    const { body } = await ask("PATCH", `${secretsPath}/n?fieldManager=m`, all, apply);
    expect(body.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "ed" using v1:\n- .data.b\n' +
        'conflicts with "flux":\n- .data..dockerconfigjson\n- .data.a',
    );
  });

  test("takes the fields when forced", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", `${secretsPath}?fieldManager=ed`, configuration({ x: "MQ==" }));
    const target = `${secretsPath}/n?fieldManager=m&force=true`;
    const answer = await ask("PATCH", target, configuration({ x: "Mg==" }), apply);
    expect(answer.body.data).toEqual({ x: "Mg==" });
    expect(owners(answer)).toEqual({ "ed Update": [".data", ".type"], "m Apply": [".data.x"] });
  });

  test("of a value that is there already shares it", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", `${secretsPath}?fieldManager=ed`, configuration({ x: "MQ==" }));
    const answer = await ask("PATCH", `${secretsPath}/n?fieldManager=m`, configuration({ x: "MQ==" }), apply);
    expect(answer.status).toBe(200);
    expect(owners(answer)).toMatchObject({
      "ed Update": [".data", ".data.x", ".type"],
      "m Apply": [".data.x"],
    });
  });

  test("to an object whose owners nobody knows finds them before it", async () => {
    const manifest = {
      metadata: { name: "n", namespace: "awesomeapps", managedFields: [] },
      data: { x: "MQ==" },
      type: "Opaque",
    };
    const { ask } = inProcessKubernetes({ objects: [{ apiVersion: "v1", kind: "Secret", ...manifest }] });
    const { body } = await ask(
      "PATCH",
      `${secretsPath}/n?fieldManager=m`,
      configuration({ x: "Mg==" }),
      apply,
    );
    expect(body.message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x',
    );
  });

  test.each([
    [
      "without a manager",
      "",
      configuration({}),
      422,
      "fieldManager: Required value: is required for apply patch",
    ],
    [
      "by a manager with an overlong name",
      `?fieldManager=${"m".repeat(129)}`,
      configuration({}),
      422,
      "fieldManager: Too long: may not be more than 128 bytes",
    ],
    ["of no kind", "?fieldManager=m", { metadata: { name: "n" } }, 400, "invalid object type: /, Kind="],
    [
      "with managed fields",
      "?fieldManager=m",
      { ...configuration({}), metadata: { name: "n", managedFields: [] } },
      400,
      "metadata.managedFields must be nil",
    ],
    [
      "of a field that the kind does not have",
      "?fieldManager=m",
      { ...configuration({}), datas: {} },
      500,
      "failed to create typed patch object (/n; /v1, Kind=Secret): .datas: field not declared in schema",
    ],
  ])("%s is refused", async (_, query, body, status, message) => {
    const { ask, commits } = inProcessKubernetes();
    const answer = await ask("PATCH", `${secretsPath}/n${query}`, body, apply);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(message);
    expect(commits).toEqual([]);
  });

  test("to an older version is a conflict", async () => {
    const { ask } = inProcessKubernetes();
    const { body: created } = await ask("POST", secretsPath, configuration({ x: "MQ==" }));
    await ask("PATCH", `${secretsPath}/n`, { data: { y: "MQ==" } }, { type: patchTypes.merge });
    const { resourceVersion } = created.metadata;
    const stale = { ...configuration({ z: "MQ==" }), metadata: { name: "n", resourceVersion } };
    const { body } = await ask("PATCH", `${secretsPath}/n?fieldManager=m`, stale, apply);
    expect(body).toMatchObject({ code: 409, reason: "Conflict", details: { name: "n", kind: "secrets" } });
  });
});

describe("the fields of a writer", () => {
  test("are kept by its name, else by the first part of its user agent", async () => {
    const { ask } = inProcessKubernetes();
    const userAgent = "helm/v3 (linux)";
    const created = await ask("POST", secretsPath, pullSecret("n"), { userAgent });
    expect(owners(created)).toEqual({ "helm Update": [".data", ".data..dockerconfigjson", ".type"] });
    const patch = { metadata: { labels: { a: "b" } }, data: { ".dockerconfigjson": base64("{}") } };
    const type = patchTypes.merge;
    const patched = await ask("PATCH", `${secretsPath}/n?fieldManager=mine`, patch, { type });
    expect(owners(patched)).toEqual({
      "helm Update": [".data", ".type"],
      "mine Update": [".data..dockerconfigjson", ".metadata.labels", ".metadata.labels.a"],
    });
  });

  test("fall, of the oldest where more than ten have updated it, to one who stands for them", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", `${secretsPath}?fieldManager=m0`, configuration({ a: "MQ==" }));
    const update = (number: number) => {
      const patch = { metadata: { labels: { [`l${number}`]: "1" } } };
      return ask("PATCH", `${secretsPath}/n?fieldManager=m${number}`, patch, { type: patchTypes.merge });
    };
    for (let number = 1; number <= 9; number += 1) await update(number);
    const ten = Object.keys(owners(await ask("GET", `${secretsPath}/n`)));
    expect([ten.length, ten.includes("ancient-changes Update")]).toEqual([10, false]);
    const eleven = owners(await update(10));
    expect(Object.keys(eleven)).toHaveLength(10);
    expect(eleven["ancient-changes Update"]).toEqual([
      ".data",
      ".data.a",
      ".metadata.labels",
      ".metadata.labels.l1",
      ".type",
    ]);
    expect(Object.keys(owners(await update(11)))).toHaveLength(10);
  });

  test("fall to nobody when they are taken away", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", `${secretsPath}?fieldManager=one`, configuration({ a: "MQ==", b: "MQ==" }));
    const patch = { data: { b: null } };
    const answer = await ask("PATCH", `${secretsPath}/n?fieldManager=two`, patch, { type: patchTypes.merge });
    expect(owners(answer)).toEqual({ "one Update": [".data", ".data.a", ".type"] });
  });

  test("stand in the wire form of managedFields", () => {
    const object = {
      metadata: { labels: { a: "b" }, finalizers: ["x/y"] },
      data: { k: "" },
      spec: { containers: [{ name: "c", image: "i", resources: {} }] },
    };
    expect(compareFields(secretSchema, {}, { data: object.data }).added.toFieldsV1()).toEqual({
      "f:data": { ".": {}, "f:k": {} },
    });
    expect(
      fieldsOf(podSchema, object)
        .difference(fieldsOf(podSchema, { data: object.data }))
        .toFieldsV1(),
    ).toEqual({
      "f:metadata": { "f:labels": { "f:a": {} }, "f:finalizers": { 'v:"x/y"': {} } },
      "f:spec": {
        "f:containers": { 'k:{"name":"c"}': { ".": {}, "f:name": {}, "f:image": {}, "f:resources": {} } },
      },
    });
  });
});
