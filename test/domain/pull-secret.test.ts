import { describe, expect, it } from "vitest";
import type { SecretObject } from "../../src/domain/kubernetes-objects.ts";
import {
  credentialsIn,
  entryFor,
  isAsMarked,
  marksToChange,
  readPullSecret,
  troubleOf,
} from "../../src/domain/pull-secret.ts";

const host = "myregistry.azurecr.io";
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64");
const entry = (password: string) => ({ username: "id", password });
const appId = "22222222-2222-4222-8222-222222222222";

const secret: SecretObject = {
  namespace: "apps",
  name: "acr-secret",
  uid: "u",
  resourceVersion: "1",
  type: "kubernetes.io/dockerconfigjson",
  immutable: false,
  labels: {},
  annotations: {},
  data: {
    ".dockerconfigjson": base64({ auths: { [host]: entry("new"), [`https://${host}`]: entry("old") } }),
  },
  ownerReferences: [],
  managers: [],
  finalizers: [],
  deleting: false,
};

const kindsOf = (more: Partial<SecretObject>) =>
  readPullSecret({ ...secret, ...more }).troubles.map(({ kind }) => kind);

describe("a secret", () => {
  it("is read with what it holds for a host, and its marks", () => {
    const mark = { registry: "/r", clusterId: "c", appId };
    const annotations = { "acr-pull/entries": JSON.stringify({ [host]: mark }) };
    const read = readPullSecret({ ...secret, annotations });
    const held = entryFor(read, host);
    expect(held.mark).toEqual(mark);
    expect([held.credential, held.second].map((one) => one?.password.reveal())).toEqual(["new", "old"]);
    expect(entryFor(read, "other.azurecr.io").credential).toBeUndefined();
    expect(read.troubles).toEqual([]);
  });

  it("of the older type is read too, and is not one to write", () => {
    const read = readPullSecret({
      ...secret,
      type: "kubernetes.io/dockercfg",
      data: { ".dockercfg": base64({ [host]: entry("older") }) },
    });
    expect(credentialsIn(read).map(({ password }) => password.reveal())).toEqual(["older"]);
    expect(read.troubles.map(({ kind }) => kind)).toEqual(["wrong-type"]);
  });

  it("that cannot be read holds nothing, has no marks, and stops nobody who does not write it", () => {
    const read = readPullSecret({ ...secret, annotations: { "acr-pull/entries": "[" }, data: {} });
    expect(read.marks).toEqual({});
    expect(credentialsIn(read)).toEqual([]);
    expect(troubleOf(read, "malformed")?.why).toBe("has no key .dockerconfigjson");
    expect(() => marksToChange(read)).toThrow(/cannot be read/);
  });
});

describe("what is wrong with a secret", () => {
  it.each<[string, Partial<SecretObject>]>([
    ["reconciled", { ownerReferences: [{ kind: "ExternalSecret", name: "x" }] }],
    ["wrong-type", { type: "Opaque" }],
    ["immutable", { immutable: true }],
    ["malformed", { data: { ".dockerconfigjson": "" } }],
    ["marks-malformed", { annotations: { "acr-pull/entries": "{" } }],
  ])("is data: %s", (kind, more) => {
    expect(kindsOf(more)).toEqual([kind]);
  });

  it("comes the worst first", () => {
    expect(
      kindsOf({
        ownerReferences: [{ kind: "ExternalSecret", name: "x" }],
        type: "Opaque",
        immutable: true,
        data: {},
        annotations: { "acr-pull/entries": "{" },
      }),
    ).toEqual(["reconciled", "wrong-type", "immutable", "malformed", "marks-malformed"]);
  });
});

describe("a credential is the one that its mark speaks of", () => {
  const held = (username: string, password: string) =>
    entryFor(
      readPullSecret({
        ...secret,
        data: { ".dockerconfigjson": base64({ auths: { [host]: { username, password } } }) },
      }),
      host,
    ).credential;

  it("by its user name, and where it holds a password", () => {
    expect(isAsMarked({ appId }, held(appId, "text"))).toBe(true);
    expect(isAsMarked({ appId }, held("other", "text"))).toBe(false);
    expect(isAsMarked({ appId }, held(appId, ""))).toBe(false);
  });

  it("and not where there is none, whatever the mark says", () => {
    expect(isAsMarked({}, undefined)).toBe(false);
  });
});
