import { beforeEach, describe, expect, it } from "vitest";
import { Invariants } from "../../src/sandbox/invariants.ts";
import { addObject } from "../../src/sandbox/new-cluster.ts";
import { createIdSource } from "../../src/sandbox/new-id.ts";
import { newWorld } from "../../src/sandbox/new-world.ts";
import type { ApplicationRecord, KubernetesObject, PasswordRecord, World } from "../../src/sandbox/world.ts";
import { readSandboxOptions } from "../../src/sandbox/world-options.ts";

const ids = createIdSource(undefined);
const host = "localhost:5000";
let world: World;
let application: ApplicationRecord;
let current: PasswordRecord;
let secret: KubernetesObject;
let invariants: Invariants;

beforeEach(() => {
  const options = {
    applications: [
      {
        displayName: "app",
        passwords: [{ displayName: "acr-pull/cluster/1" }, { displayName: "made by hand" }],
        roles: [{ role: "AcrPull", scope: "myregistry" }],
      },
    ],
  };
  ({ world } = newWorld(readSandboxOptions(options, "test")));
  world.registries.forEach((registry, index) => (registry.loginServer = `localhost:${5000 + index}`));
  application = world.applications.find(({ displayName }) => displayName === "app")!;
  current = application.passwords[0]!;
  secret = addObject(
    world.clusters[0]!,
    {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: {
        name: "acr-secret",
        namespace: "awesomeapps",
        labels: { team: "a" },
        annotations: { note: "x" },
      },
      data: config({ [host]: current.secretText, "foreign.example": "theirs" }),
    },
    ids,
  );
  const account = world.clusters[0]!.objects["serviceaccounts"]![0]!;
  account["imagePullSecrets"] = [{ name: "a" }, { name: "b" }];
  invariants = new Invariants(world);
  invariants.watch();
});

function config(passwords: Record<string, string>): Record<string, string> {
  const auths = Object.fromEntries(
    Object.entries(passwords).map(([key, password]) => [key, { username: application.appId, password }]),
  );
  return { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
}

function newKey(displayName = "acr-pull/cluster/2"): PasswordRecord {
  const key = { ...current, keyId: ids.guid("key"), displayName, secretText: ids.secret("key") };
  application.passwords.push(key);
  return key;
}

function broken(): string[] {
  world.committed("a write");
  return invariants.violations.map(({ invariant }) => invariant);
}

const foreign = { "foreign.example": "theirs" };

describe("the watch over each write", () => {
  it("is content with a rotation in the right order", () => {
    const next = newKey();
    expect(broken()).toEqual([]);
    secret["data"] = config({ ...foreign, [host]: next.secretText, [`https://${host}`]: current.secretText });
    secret.metadata.annotations = { ...secret.metadata.annotations, "acr-pull/entries": `{"${host}":{}}` };
    secret.metadata.labels = { ...secret.metadata.labels, "acr-pull/managed": "true" };
    expect(broken()).toEqual([]);
    secret["data"] = config({ ...foreign, [host]: next.secretText });
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual([]);
  });

  it.each<[string, string[], () => void]>([
    ["the password in use is removed", ["I5", "I1"], () => (current.removedAt = Date.now())],
    [
      "the old password is removed while it stands beside the new",
      ["I5"],
      () => {
        const next = newKey();
        secret["data"] = config({
          ...foreign,
          [host]: next.secretText,
          [`https://${host}`]: current.secretText,
        });
        world.committed("a write");
        current.removedAt = Date.now();
      },
    ],
    [
      "the secret gets a password that does not work",
      ["I1"],
      () => (secret["data"] = config({ ...foreign, [host]: "no" })),
    ],
    [
      "the role is taken away",
      ["I5", "I1"],
      () => {
        for (const assignment of world.roleAssignments) assignment.removedAt = Date.now();
      },
    ],
    ["a foreign password is removed", ["I3"], () => (application.passwords[1]!.removedAt = Date.now())],
    [
      "a third key of one cluster is made",
      ["I4"],
      () => {
        newKey();
        newKey("acr-pull/cluster/3");
      },
    ],
    [
      "the secret no longer parses",
      ["I6"],
      () => (secret["data"] = { ".dockerconfigjson": Buffer.from("{").toString("base64") }),
    ],
    [
      "the marks speak of a host that is not there",
      ["I6"],
      () => (secret.metadata.annotations = { note: "x", "acr-pull/entries": '{"localhost:5001":{}}' }),
    ],
    ["a foreign host is taken out", ["I7"], () => (secret["data"] = config({ [host]: current.secretText }))],
    [
      "a foreign host is changed",
      ["I7"],
      () => (secret["data"] = config({ [host]: current.secretText, "foreign.example": "ours" })),
    ],
    ["a foreign label is taken away", ["I7"], () => (secret.metadata.labels = {})],
    ["a foreign annotation is changed", ["I7"], () => (secret.metadata.annotations = { note: "y" })],
    [
      "an account loses a pull secret",
      ["I7"],
      () => (world.clusters[0]!.objects["serviceaccounts"]![0]!["imagePullSecrets"] = [{ name: "b" }]),
    ],
    ["the secret is made anew", ["I8"], () => (secret.metadata.uid = ids.guid("another"))],
    ["the secret is deleted", ["I8"], () => world.clusters[0]!.objects["secrets"]!.splice(0, 1)],
  ])("notices that %s", (_, expected, change) => {
    change();
    expect(broken()).toEqual(expected);
    // Each is said once.
    expect(broken()).toEqual(expected);
  });

  it.each<[string, () => void]>([
    [
      "an account gains a pull secret",
      () =>
        (world.clusters[0]!.objects["serviceaccounts"]![0]!["imagePullSecrets"] = ["a", "b", "c"].map(
          (name) => ({ name }),
        )),
    ],
    [
      "a key of another cluster is made",
      () => [newKey(), newKey("acr-pull/other/1"), newKey("acr-pull/other/2")],
    ],
    [
      "a pending mark stands before its entry",
      () =>
        (secret.metadata.annotations = {
          note: "x",
          "acr-pull/entries": '{"localhost:5001":{"pending":{}}}',
        }),
    ],
    [
      "our own key is removed after it left the secret",
      () => {
        const next = newKey();
        secret["data"] = config({ ...foreign, [host]: next.secretText });
        world.committed("a write");
        current.removedAt = Date.now();
      },
    ],
  ])("has nothing against it that %s", (_, change) => {
    change();
    expect(broken()).toEqual([]);
  });

  it("allows a crashed run one key more", () => {
    invariants.maxLiveKeys = 3;
    newKey();
    newKey("acr-pull/cluster/3");
    expect(broken()).toEqual([]);
  });

  it("takes what is there when it begins as in order", () => {
    secret["data"] = { ".dockerconfigjson": Buffer.from("{").toString("base64") };
    invariants.watch();
    expect(broken()).toEqual([]);
  });
});
