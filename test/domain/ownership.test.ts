import { describe, expect, it } from "vitest";
import {
  applicationDisplayName,
  applicationUniqueName,
  formatMarks,
  keyDisplayName,
  keyOrigin,
  keysOfOtherClusters,
  type EntryMarks,
} from "../../src/domain/ownership.ts";
import { hasForgottenWriters, listWriter } from "../../src/domain/other-writers.ts";
import { reconcilerOf } from "../../src/domain/reconciler.ts";
import type { SecretObject } from "../../src/domain/kubernetes-objects.ts";
import { marksToChange, readPullSecret } from "../../src/domain/pull-secret.ts";

const secret: SecretObject = {
  namespace: "ns",
  name: "acr-secret",
  uid: "u",
  resourceVersion: "1",
  type: "kubernetes.io/dockerconfigjson",
  immutable: false,
  labels: {},
  annotations: {},
  data: {},
  ownerReferences: [],
  managers: ["kubectl-create"],
  finalizers: [],
  deleting: false,
};

const readMarks = (marked: SecretObject) => marksToChange(readPullSecret(marked));

describe("the application's names", () => {
  it("are one for a registry and a cluster, in any letter case, and differ between clusters", () => {
    const name = applicationUniqueName("MyRegistry.azurecr.io", "ABC");
    expect(applicationUniqueName("myregistry.azurecr.io", "abc")).toBe(name);
    expect(applicationUniqueName("myregistry.azurecr.io", "abd")).not.toBe(name);
    expect(applicationDisplayName("myregistry", "12345678-aaaa")).toBe("acr-pull-myregistry-12345678");
  });
});

describe("a key", () => {
  const key = (displayName: string | undefined) => ({
    keyId: "k",
    displayName,
    startDateTime: undefined,
    endDateTime: undefined,
    hint: undefined,
  });

  it("tells its cluster and operation", () => {
    expect(keyOrigin(key(keyDisplayName("c", "op")))).toEqual({ clusterId: "c", operation: "op" });
    for (const foreign of [
      undefined,
      "rbac",
      "acr-pull",
      "acr-pull/c",
      "acr-pull/c/op/x",
      "xacr-pull/c/op",
    ]) {
      expect(keyOrigin(key(foreign))).toBeUndefined();
    }
  });

  it("of another cluster is told from this one's and from a stranger's", () => {
    const passwords = [key("acr-pull/a/1"), key("acr-pull/b/1"), key("rbac")];
    const application = {
      objectId: "o",
      appId: "0a0a0a0a-0000-4000-8000-00000000000a",
      displayName: "d",
      uniqueName: "u",
      tags: [],
      certificates: 0,
      passwords,
    };
    expect(keysOfOtherClusters(application, "a")).toEqual([passwords[1]]);
  });
});

describe("marks", () => {
  const marks: EntryMarks = {
    "b.azurecr.io": {
      registry: "/r",
      clusterId: "c",
      appId: "0a0a0a0a-0000-4000-8000-00000000000a",
      keyId: null,
      expiresAt: null,
      role: "acrpull",
    },
    "a.azurecr.io": {
      registry: "/r",
      clusterId: "c",
      pending: {
        operation: "o",
        holder: { host: "h", boot: "b", pid: 1 },
        renewedAt: "2026-01-01T00:00:00Z",
        sweep: ["p"],
        deletes: "00000000-0000-4000-8000-000000000001",
      },
    },
  };

  it("are read as they were written, whatever the order", () => {
    const annotations = { "acr-pull/entries": formatMarks(marks) };
    expect(readMarks({ ...secret, annotations })).toEqual(marks);
    expect(formatMarks(Object.fromEntries(Object.entries(marks).reverse()))).toBe(formatMarks(marks));
    expect(readMarks(secret)).toEqual({});
  });

  it("of runs that said more of their process are read as well", () => {
    const holder = { host: "h", boot: "b", pidNamespace: "pid:[1]", pid: 1, start: "7" };
    const pending = { operation: "o", holder, renewedAt: "2026-01-01T00:00:00Z" };
    const entry = { registry: "/r", clusterId: "c", pending };
    const annotations = { "acr-pull/entries": formatMarks({ "a.azurecr.io": entry }) };
    expect(readMarks({ ...secret, annotations })["a.azurecr.io"]).toEqual(entry);
  });

  it.each([
    "{",
    "[]",
    "null",
    `{"a":1}`,
    `{"a":{"registry":1,"clusterId":"c"}}`,
    `{"a":{"registry":"r","clusterId":"c","pending":{}}}`,
    `{"a":{"registry":"r","clusterId":"c","role":"admin"}}`,
    `{"a":{"registry":"r","clusterId":"c","pending":{"operation":"o","renewedAt":"2026-01-01T00:00:00Z","holder":{"host":"h","boot":"b","pid":1,"start":7}}}}`,
    `{"a":{"registry":"r","clusterId":"c","pending":{"operation":"o","renewedAt":"2026-01-01T00:00:00Z","holder":{"host":"h","boot":"b","pid":1},"deletes":"../users/x"}}}`,
  ])("that somebody broke are refused: %s", (text) => {
    expect(() => readMarks({ ...secret, annotations: { "acr-pull/entries": text } })).toThrow(
      /cannot be read/,
    );
  });
});

describe("the mark of a key on its way out", () => {
  const after = "2031-02-03T04:05:06Z";
  const read = (retire: unknown) => {
    const text = JSON.stringify({ "a.azurecr.io": { registry: "/r", clusterId: "c", retire } });
    return readMarks({ ...secret, annotations: { "acr-pull/entries": text } })["a.azurecr.io"]?.retire;
  };

  it.each([
    { keyId: "k", after },
    { keyId: null, after },
    { keyId: "k", after, why: "compromised" },
  ])("is read as it was written: %j", (retire) => {
    expect(read(retire)).toEqual(retire);
  });

  it.each([
    ["null", null],
    ["a text", "k"],
    ["a list", ["k", after]],
    ["nothing in it", {}],
    ["no key", { after }],
    ["a key that is a number", { keyId: 1, after }],
    ["a key that is no single line", { keyId: "k\nx", after }],
    ["a key with a sequence for terminals", { keyId: "\u001b[31mk", after }],
    ["no time", { keyId: "k" }],
    ["a time that is null", { keyId: "k", after: null }],
    ["a time that is a number", { keyId: "k", after: 0 }],
    ["a time that is no time", { keyId: "k", after: "soon" }],
    ["an empty time", { keyId: "k", after: "" }],
    ["a reason that is not known", { keyId: "k", after, why: "renewal" }],
    ["a reason that is null", { keyId: "k", after, why: null }],
  ])("with %s is refused, and nothing of the secret's marks is believed", (_what, retire) => {
    expect(() => read(retire)).toThrow(
      expect.objectContaining({ code: "secret.marks-malformed", exitCode: 2 }),
    );
  });
});

describe("who wrote a service account's list", () => {
  it.each([
    [[], "unknown"],
    [["acr-pull"], "acr-pull"],
    [["ancient-changes"], "unknown"],
    [["acr-pull", "ancient-changes"], "unknown"],
    [["kubectl-edit"], "others"],
    [["ancient-changes", "kubectl-edit"], "others"],
    [["acr-pull", "kubectl-edit"], "others"],
  ])("is, by its managers %j, %s", (listManagers, writer) => {
    expect(listWriter({ listManagers })).toBe(writer);
  });
});

describe("a reconciler", () => {
  it.each([
    ["an owner reference", { ownerReferences: [{ kind: "SealedSecret", name: "s" }] }],
    ["an Argo CD annotation", { annotations: { "argocd.argoproj.io/tracking-id": "x" } }],
    ["a Flux label", { labels: { "kustomize.toolkit.fluxcd.io/name": "x" } }],
    ["Helm's label", { labels: { "app.kubernetes.io/managed-by": "Helm" } }],
    ["a field manager of Argo CD", { managers: ["argocd-controller"] }],
    ["a field manager of External Secrets", { managers: ["external-secrets-webhook"] }],
    ["a copier's mark", { annotations: { "reflector.v1.k8s.emberstack.com/reflects": "x" } }],
  ])("is known by %s", (_what, part) => {
    expect(reconcilerOf({ ...secret, ...part })).toBeDefined();
  });

  const owned = (kind: string) => ({ ownerReferences: [{ kind, name: "web" }] });
  it.each<[Partial<SecretObject>, string]>([
    [
      { annotations: { "argocd.argoproj.io/tracking-id": "web:/Secret:apps/acr-secret" } },
      "Argo CD (Application web)",
    ],
    [{ managers: ["argocd-controller"] }, "Argo CD"],
    [
      {
        labels: {
          "kustomize.toolkit.fluxcd.io/name": "web",
          "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        },
      },
      "Flux (Kustomization flux-system/web)",
    ],
    [owned("SealedSecret"), "Sealed Secrets (SealedSecret n/web)"],
    [{ annotations: { "reflector.v1.k8s.emberstack.com/reflects": "t/acr" } }, "reflector (Secret t/acr)"],
    [{ labels: { "acr.microsoft.com/binding": "web" } }, "msi-acrpull (AcrPullBinding web)"],
    [owned("Widget"), "Widget web"],
  ])("tells what it writes the secret from: %s, %s", (part, by) => {
    expect(reconcilerOf({ ...secret, namespace: "n", ...part })?.by).toBe(by);
  });

  it("may be among those whom the API server has forgotten", () => {
    const managers = ["acr-pull", "ancient-changes"];
    expect(reconcilerOf({ ...secret, managers })).toBeUndefined();
    expect([hasForgottenWriters({ managers }), hasForgottenWriters(secret)]).toEqual([true, false]);
  });

  it("is not suspected behind a person's kubectl", () => {
    const managers = [
      "kubectl-create",
      "kubectl-client-side-apply",
      "kubectl",
      "acr-pull",
      "node-fetch",
      "helmsman",
    ];
    expect(reconcilerOf({ ...secret, managers })).toBeUndefined();
  });
});
