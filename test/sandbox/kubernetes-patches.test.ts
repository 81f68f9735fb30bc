import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { podSchema, secretSchema, serviceAccountSchema } from "../../src/sandbox/kubernetes/schema.ts";
import { strategicMerge } from "../../src/sandbox/kubernetes/strategic-merge.ts";
import { base64, inProcessKubernetes, patchTypes, pullSecret, secretsPath } from "./in-process-kubernetes.ts";

const accountPath = "/api/v1/namespaces/awesomeapps/serviceaccounts/default";
const one = [{ name: "one" }];
const two = [{ name: "two" }];

describe("the pull secrets of a service account", () => {
  test.each([
    ["a strategic merge patch", patchTypes.strategic, { imagePullSecrets: two }],
    ["a merge patch", patchTypes.merge, { imagePullSecrets: two }],
    [
      "an apply",
      patchTypes.apply,
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" }, imagePullSecrets: two },
    ],
  ])("are replaced as a whole by %s", async (_, type, patch) => {
    const { ask } = inProcessKubernetes();
    await ask("PATCH", accountPath, { imagePullSecrets: one }, { type: patchTypes.merge });
    const force = type === patchTypes.apply ? "&force=true" : "";
    const { body } = await ask("PATCH", `${accountPath}?fieldManager=t${force}`, patch, { type });
    expect(body.imagePullSecrets).toEqual(two);
  });

  test("grow by a JSON patch when there are some, and make it fail when there are none", async () => {
    const { ask } = inProcessKubernetes();
    const append = [{ op: "add", path: "/imagePullSecrets/-", value: { name: "two" } }];
    const absent = await ask("PATCH", accountPath, append, { type: patchTypes.json });
    expect([absent.status, absent.body.reason, absent.body.message]).toEqual([
      422,
      "Invalid",
      "the server rejected our request due to an error in our request",
    ]);
    const list = [{ op: "add", path: "/imagePullSecrets", value: one }];
    await ask("PATCH", accountPath, list, { type: patchTypes.json });
    const { body } = await ask("PATCH", accountPath, append, { type: patchTypes.json });
    expect(body.imagePullSecrets).toEqual([...one, ...two]);
  });
});

describe("a patch", () => {
  test("whose test fails changes nothing", async () => {
    const { ask, commits } = inProcessKubernetes();
    const { body: created } = await ask("POST", secretsPath, pullSecret("n"));
    const patch = [
      { op: "add", path: "/metadata/labels", value: { a: "b" } },
      { op: "test", path: "/metadata/resourceVersion", value: "1" },
    ];
    const { status } = await ask("PATCH", `${secretsPath}/n`, patch, { type: patchTypes.json });
    expect(status).toBe(422);
    expect((await ask("GET", `${secretsPath}/n`)).body).toEqual(created);
    expect(commits).toHaveLength(1);
  });

  test("takes keys away with null and leaves the others", async () => {
    const { ask } = inProcessKubernetes();
    await ask(
      "POST",
      secretsPath,
      pullSecret("n", { metadata: { name: "n", annotations: { a: "1", b: "2" } } }),
    );
    for (const [key, type] of Object.entries({ c: patchTypes.merge, d: patchTypes.strategic })) {
      const patch = { metadata: { annotations: { a: null, [key]: "3" } } };
      const { body } = await ask("PATCH", `${secretsPath}/n`, patch, { type });
      expect(body.metadata.annotations).toMatchObject({ b: "2", [key]: "3" });
      expect(body.metadata.annotations).not.toHaveProperty("a");
    }
  });

  test("of an unknown type is refused with the types that are known", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const { status, body } = await ask("PATCH", `${secretsPath}/n`, {}, { type: "application/json" });
    expect([status, body.message]).toEqual([
      415,
      "the body of the request was in an unknown format - accepted media types include: " +
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, " +
        "application/strategic-merge-patch+json",
    ]);
  });

  test("cannot rename, put a number in data or add what the kind does not have, where that is strict", async () => {
    const { ask } = inProcessKubernetes();
    await ask("POST", secretsPath, pullSecret("n"));
    const merge = (target: string, patch: unknown): Promise<{ status: number; body: { message: string } }> =>
      ask("PATCH", `${secretsPath}/n${target}`, patch, { type: patchTypes.merge });
    expect(await merge("", { metadata: { name: "m" } })).toMatchObject({
      status: 400,
      body: { message: "the name of the object (m) does not match the name on the URL (n)" },
    });
    expect(await merge("", { metadata: { namespace: "default" } })).toMatchObject({ status: 400 });
    expect((await merge("", { data: { a: 1 } })).body.message).toContain("cannot unmarshal number");
    expect(await merge("?fieldValidation=Strict", { datas: {} })).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('strict decoding error: unknown field "datas"') as string },
    });
    expect(await merge("", { datas: {} })).toMatchObject({ status: 200 });
  });
});

describe("a strategic merge", () => {
  const pod = {
    spec: {
      containers: [
        { name: "a", image: "x" },
        { name: "b", image: "y" },
      ],
      imagePullSecrets: one,
    },
  };

  test.each([
    [
      "merges containers and pull secrets of a pod by name, what is new before what was there",
      podSchema,
      pod,
      { spec: { containers: [{ name: "b", image: "z" }, { name: "c" }], imagePullSecrets: two } },
      {
        spec: {
          containers: [{ name: "a", image: "x" }, { name: "b", image: "z" }, { name: "c" }],
          imagePullSecrets: [...two, ...one],
        },
      },
    ],
    [
      "deletes an item by its key",
      podSchema,
      pod,
      { spec: { containers: [{ name: "a", $patch: "delete" }] } },
      { spec: { ...pod.spec, containers: [{ name: "b", image: "y" }] } },
    ],
    [
      "replaces a list when told to",
      podSchema,
      pod,
      { spec: { containers: [{ $patch: "replace" }, { name: "z" }] } },
      { spec: { ...pod.spec, containers: [{ name: "z" }] } },
    ],
    [
      "orders a list as told",
      podSchema,
      pod,
      { spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] } },
      {
        spec: {
          ...pod.spec,
          containers: [
            { name: "b", image: "y" },
            { name: "a", image: "x" },
          ],
        },
      },
    ],
    [
      "replaces a map when told to",
      secretSchema,
      { data: { a: "1" } },
      { data: { $patch: "replace", b: "2" } },
      { data: { b: "2" } },
    ],
    [
      "adds to finalizers, and takes from them",
      secretSchema,
      { metadata: { finalizers: ["a", "b"] } },
      { metadata: { finalizers: ["c"], "$deleteFromPrimitiveList/finalizers": ["a"] } },
      { metadata: { finalizers: ["c", "b"] } },
    ],
    [
      "replaces what is atomic",
      serviceAccountSchema,
      { imagePullSecrets: one, secrets: one },
      { imagePullSecrets: two, secrets: two },
      { imagePullSecrets: two, secrets: [...two, ...one] },
    ],
  ])("%s", (_, schema, original, patch, expected) => {
    expect(strategicMerge(schema, original, patch)).toEqual(expected);
  });

  test("never changes what it is given, and twice is the same as once", () => {
    const text = fc.constantFrom("a", "b", "c");
    const secret = fc.record({
      data: fc.dictionary(text, text),
      metadata: fc.record({ labels: fc.dictionary(text, text) }),
    });
    const patch = fc.record(
      {
        data: fc.dictionary(text, fc.option(text)),
        metadata: fc.record({ labels: fc.dictionary(text, fc.option(text)) }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(secret, patch, (original, change) => {
        const before = structuredClone(original);
        const once = strategicMerge(secretSchema, original, change);
        expect(original).toEqual(before);
        expect(strategicMerge(secretSchema, once, change)).toEqual(once);
      }),
    );
  });
});

test("a key that the patch does not name survives any patch of data", async () => {
  const { ask } = inProcessKubernetes();
  await ask("POST", secretsPath, pullSecret("n", { stringData: { keep: "me" } }));
  const { body } = await ask(
    "PATCH",
    `${secretsPath}/n`,
    { data: { new: base64("x") } },
    { type: patchTypes.merge },
  );
  expect(Object.keys(body.data)).toEqual([".dockerconfigjson", "keep", "new"]);
});
