import { beforeEach, describe, expect, it } from "vitest";
import { Invariants } from "../../src/sandbox/invariants.ts";
import { addObject } from "../../src/sandbox/add-object.ts";
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
  const endDateTime = new Date(Date.now() + 86_400_000).toISOString();
  const { removedAt: _, ...made } = current;
  const key = { ...made, keyId: ids.guid("key"), displayName, secretText: ids.secret("key"), endDateTime };
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
    ["the secret is recreated", ["I8"], () => (secret.metadata.uid = ids.guid("another"))],
    ["the secret is deleted", ["I8"], () => world.clusters[0]!.objects["secrets"]!.splice(0, 1)],
  ])("notices that %s", (_, expected, change) => {
    change();
    expect(broken()).toEqual(expected);
    // Each violation is reported only once.
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

  it("takes no notice of marks that nobody can read", () => {
    secret.metadata.annotations = { note: "x", "acr-pull/entries": '{"localhost:5001":null}' };
    expect(broken()).toEqual([]);
  });

  it("takes what is there when it begins as in order", () => {
    secret["data"] = { ".dockerconfigjson": Buffer.from("{").toString("base64") };
    invariants.watch();
    expect(broken()).toEqual([]);
  });
});

const spellings = [
  host,
  `https://${host}`,
  `http://${host}`,
  `https://${host}/v1/`,
  `${host}/v2/`,
  `HTTPS://${host.toUpperCase()}/V2/`,
];

/** Writes these entries into the secret beside the foreign one, under a mark of ours. */
function write(entries: Record<string, PasswordRecord | string>, mark: object = {}): void {
  const passwords = Object.entries(entries).map(([key, password]) => [
    key,
    typeof password === "string" ? password : password.secretText,
  ]);
  secret["data"] = config({ ...foreign, ...Object.fromEntries(passwords) });
  secret.metadata.annotations = { note: "x", "acr-pull/entries": JSON.stringify({ [host]: mark }) };
}

function expire(key: PasswordRecord): void {
  key.endDateTime = new Date(Date.now() - 1).toISOString();
}

describe("a secret with two entries for one host", () => {
  it.each(spellings)("may hold two passwords that sign in, the old one under %s", (spelling) => {
    const next = newKey();
    write({ [`${host}/`]: next, [spelling]: current });
    expect(broken()).toEqual([]);
    write({ [`${host}/`]: next });
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual([]);
  });

  it.each(spellings)("may not hold a password that is removed meanwhile under %s", (spelling) => {
    write({ [`${host}/`]: newKey(), [spelling]: current });
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual(["I5"]);
  });

  it.each(spellings)("may not get a retired password back under %s", (spelling) => {
    const next = newKey();
    write({ [`${host}/`]: next });
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual([]);
    write({ [`${host}/`]: next, [spelling]: current });
    expect(broken()).toEqual(["I5"]);
  });

  it.each(spellings)("may not get a password that never signed in under %s, of the program", (spelling) => {
    write({ [`${host}/`]: current, [spelling]: "of nobody" });
    expect(broken()).toEqual(["I5"]);
  });

  it("may get from others what it likes", () => {
    secret["data"] = config({ ...foreign, [host]: current.secretText, [`https://${host}`]: "of nobody" });
    expect(broken()).toEqual([]);
  });

  it("may not get an expired password beside the new one", () => {
    expire(current);
    expect(broken()).toEqual([]);
    write({ [host]: newKey(), [`https://${host}`]: current });
    expect(broken()).toEqual(["I5"]);
  });
});

describe("a password that expires", () => {
  beforeEach(() => {
    expire(current);
  });

  it("is nobody's fault, and may be replaced and then removed", () => {
    expect(broken()).toEqual([]);
    write({ [host]: newKey() });
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual([]);
  });

  it("may be replaced at the first write after it expired", () => {
    write({ [host]: newKey() });
    expect(broken()).toEqual([]);
  });

  it("may be removed where it stands, since it is of no use to anybody", () => {
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual([]);
  });

  it("is no excuse for what comes after it", () => {
    write({ [host]: newKey() });
    expect(broken()).toEqual([]);
    write({ [host]: "of nobody" });
    expect(broken()).toEqual(["I5", "I1"]);
  });
});

it("does not excuse by a password that expired the loss of another that did not", () => {
  write({ [host]: newKey(), [`https://${host}`]: current });
  expect(broken()).toEqual([]);
  expire(current);
  write({});
  expect(broken()).toContain("I1");
});

describe("what is meant to go", () => {
  const place = { context: "sandbox", loginServer: host };
  const lists = () => world.clusters[0]!.objects;
  const drop = () => (lists()["secrets"] = lists()["secrets"]!.filter((one) => one !== secret));

  beforeEach(() => {
    secret.metadata.labels = { "app.kubernetes.io/managed-by": "acr-pull" };
    secret["data"] = config({ [host]: current.secretText });
    invariants.watch();
    invariants.meantToGo.expect([place]);
  });

  it("may: an entry, then its key; the secret that held nothing else; its name in a service account", () => {
    const account = lists()["serviceaccounts"]![0]!;
    account["imagePullSecrets"] = [{ name: "b" }];
    expect(broken()).toEqual([]);
    secret["data"] = config({});
    expect(broken()).toEqual([]);
    current.removedAt = Date.now();
    expect(broken()).toEqual([]);
    drop();
    expect(broken()).toEqual([]);
  });

  it("may at once, with what it holds", () => {
    drop();
    expect(broken()).toEqual([]);
  });

  it.each<[string, string[], () => void]>([
    ["not its key before the entry", ["I5", "I1"], () => (current.removedAt = Date.now())],
    [
      "not its role before the entry",
      ["I5", "I1"],
      () => {
        for (const assignment of world.roleAssignments) assignment.removedAt = Date.now();
      },
    ],
    [
      "not a secret that somebody else made",
      ["I8"],
      () => {
        delete secret.metadata.labels;
        world.committed("a write");
        drop();
      },
    ],
    [
      "not a secret with another host in it",
      ["I8"],
      () => {
        secret["data"] = config({ ...foreign, [host]: current.secretText });
        world.committed("a write");
        drop();
      },
    ],
    [
      "not an entry elsewhere",
      ["I1"],
      () => {
        invariants.meantToGo.expect([{ ...place, namespaces: ["default"] }]);
        secret["data"] = config({});
      },
    ],
    [
      "not the secret of another name",
      ["I8"],
      () => {
        invariants.meantToGo.expect([{ ...place, secretName: "other" }]);
        drop();
      },
    ],
    [
      "not the order of what stays in a service account",
      ["I7"],
      () => (lists()["serviceaccounts"]![0]!["imagePullSecrets"] = [{ name: "b" }, { name: "a" }]),
    ],
  ])("%s", (_what, expected, change) => {
    invariants.meantToGo.expect([{ ...place, secretName: "acr-secret" }]);
    change();
    expect(broken()).toEqual(expected);
  });
});

describe("keys that nothing leads to", () => {
  const unknown = () => invariants.unknownKeys().map(({ operation }) => operation);

  it("are none while every living key is held by a secret, under any spelling", () => {
    expect(unknown()).toEqual([]);
    write({ [`https://${host}/v1/`]: current, [host]: newKey() });
    expect(unknown()).toEqual([]);
  });

  it("are those that no secret holds", () => {
    newKey();
    expect(unknown()).toEqual(["2"]);
    write({});
    expect(unknown()).toEqual(["1", "2"]);
  });

  it("are told by application, key and cluster", () => {
    const { keyId, secretText } = newKey();
    expect(invariants.unknownKeys()).toEqual([
      { appId: application.appId, keyId, clusterId: "cluster", operation: "2", secretText },
    ]);
  });

  it("are not those that a mark says are on their way out", () => {
    const next = newKey();
    write({ [host]: next }, { keyId: next.keyId, retire: { keyId: current.keyId, after: "" } });
    expect(unknown()).toEqual([]);
    write({ [host]: next }, { keyId: next.keyId, retire: { keyId: null, after: "" } });
    expect(unknown()).toEqual(["1"]);
  });

  it("are not those whose operation a pending mark names, as its own or to be swept", () => {
    newKey();
    write({ [host]: current }, { pending: { operation: "2" } });
    expect(unknown()).toEqual([]);
    write({ [host]: current }, { pending: { operation: "3", sweep: ["2"] } });
    expect(unknown()).toEqual([]);
    write({ [host]: current }, { pending: { operation: "3", sweep: ["1"] } });
    expect(unknown()).toEqual(["2"]);
  });

  it("are not those that are dead, of a deleted application, or not the program's", () => {
    write({});
    expire(newKey());
    newKey("acr-pull/cluster/3").removedAt = Date.now();
    newKey("made by hand");
    expect(unknown()).toEqual(["1"]);
    application.softDeleted = true;
    expect(unknown()).toEqual([]);
  });
});
