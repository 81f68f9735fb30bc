import { describe, expect, it } from "vitest";
import { entriesAnnotation } from "../../src/domain/ownership.ts";
import { unreachedCluster } from "../../src/manifest/unreached-cluster.ts";
import type { ManifestFiles } from "../../src/manifest/manifest-files.ts";
import { ManifestSecrets } from "../../src/manifest/manifest-secrets.ts";
import { ManifestStore } from "../../src/manifest/manifest-store.ts";
import { accountsOf } from "../../src/manifest/other-objects.ts";

const { signal } = new AbortController();
const marks = JSON.stringify({
  "a.azurecr.io": { registry: "/r", clusterId: "c", appId: crypto.randomUUID() },
});

/** Files in memory, which count how often they are read. */
function filesIn(texts: Map<string, string>) {
  let reads = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const files: ManifestFiles = {
    read: () => {
      reads += 1;
      return Promise.resolve(new Map(texts));
    },
    readNow: (file) => Promise.resolve(texts.get(file) ?? ""),
    readBelow: () => Promise.resolve(new Map()),
    fileFor: (namespace, name) => `${namespace}-${name}.yaml`,
    write: (file, text) => Promise.resolve(void texts.set(file, text)),
    remove: (file) => Promise.resolve(void texts.delete(file)),
    whileLocked: (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return mine;
    },
    journal: undefined,
  };
  return { files, reads: () => reads };
}

const secret = (namespace: string, annotations: object, kind = "Secret") =>
  JSON.stringify({
    apiVersion: kind === "Secret" ? "v1" : "bitnami.com/v1alpha1",
    kind,
    type: "kubernetes.io/dockerconfigjson",
    metadata: { name: "acr-secret", namespace, annotations },
    spec: { template: { metadata: { annotations } } },
  });

/** A cluster that records which secrets were looked for. */
function liveCluster() {
  const asked: string[] = [];
  const findSecret = (namespace: string) => Promise.resolve(void asked.push(namespace));
  return { asked, live: { findSecret, id: () => Promise.resolve("c") } };
}

describe("the secrets of a manifest", () => {
  it("are listed from one read, however many they are", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `n${index}`);
    const texts = new Map(names.map((one) => [`${one}.yaml`, secret(one, { [entriesAnnotation]: marks })]));
    const { files, reads } = filesIn(texts);
    const secrets = new ManifestSecrets(new ManifestStore(files), liveCluster().live, undefined);
    expect((await secrets.all(signal)).map(({ namespace }) => namespace).toSorted()).toEqual(
      names.toSorted(),
    );
    expect(reads()).toBe(1);
  });

  it("are looked for in the cluster only if acr-pull sealed them", async () => {
    const texts = new Map([
      ["a.yaml", secret("ours", { [entriesAnnotation]: marks }, "SealedSecret")],
      ["b.yaml", secret("others", {}, "SealedSecret")],
    ]);
    const { asked, live } = liveCluster();
    const secrets = new ManifestSecrets(new ManifestStore(filesIn(texts).files), live, undefined);
    expect((await secrets.all(signal)).map(({ namespace }) => namespace)).toEqual(["ours", "others"]);
    expect(asked).toEqual(["ours"]);
  });
});

it("a file that changed since it was compared is not replaced", async () => {
  const texts = new Map([["n-acr-secret.yaml", "kind: ConfigMap\n"]]);
  const { files } = filesIn(texts);
  const store = new ManifestStore({ ...files, readNow: () => Promise.resolve("kind: Edited\n") });
  const name = { namespace: "n", name: "acr-secret" };
  const commit = { ...name, document: { text: "---\na: b\n", isPlain: false }, pending: {} };
  const written = store.commit({ ...commit, found: await store.find(name) });
  await expect(written).rejects.toMatchObject({ code: "kubernetes.conflict" });
  expect([...texts.values()]).toEqual(["kind: ConfigMap\n"]);
});

describe("a service account of a manifest", () => {
  it("is linked to both secrets by two runs at once, in one document", async () => {
    const texts = new Map<string, string>();
    const { files } = filesIn(texts);
    const applied = { ...unreachedCluster(), findServiceAccount: () => Promise.resolve(account) };
    const account = {
      namespace: "n",
      name: "web",
      resourceVersion: "",
      listManagers: [],
      imagePullSecrets: [],
    };
    const runs = ["one", "two"].map((name) => ({ name, ...accountsOf(applied, new ManifestStore(files)) }));
    const found = await Promise.all(runs.map((run) => run.find("n", "web", signal)));
    const written = await Promise.allSettled(
      runs.map((run, index) => run.write(found[index] ?? account, [run.name], signal)),
    );
    expect(written.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((written[1] as PromiseRejectedResult).reason).toMatchObject({ code: "kubernetes.conflict" });
    const [second] = runs.slice(1);
    const again = await second!.find("n", "web", signal);
    await second!.write(again!, [...again!.imagePullSecrets, "two"], signal);
    expect([...texts.values()].join("").match(/^kind: ServiceAccount$/gm)).toHaveLength(1);
    expect([...texts.values()].join("").match(/- name: \w+/g)).toEqual(["- name: one", "- name: two"]);
  });
});
