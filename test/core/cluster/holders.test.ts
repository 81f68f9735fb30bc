import { describe, expect, it } from "vitest";
import { heldKeys, type HeldKeys, type KeyChoice } from "../../../src/core/cluster/holders.ts";
import { isMeant } from "../../../src/core/cluster/registry-meant.ts";
import type { ClusterView } from "../../../src/core/cluster/view.ts";
import type { RegistryReference } from "../../../src/domain/registry.ts";
import {
  appId,
  clusterId,
  loginServer,
  registryId,
  seenCluster,
  textOf,
  type SecretSpec,
} from "./pull-secrets.ts";

const anything: KeyChoice = { registry: undefined, secretName: undefined };
const otherApp = "33333333-3333-4333-8333-333333333333";
const otherCluster = "44444444-4444-4444-8444-444444444444";
const otherRegistry = "other.azurecr.io";

function held(
  secrets: readonly SecretSpec[],
  choice: Partial<KeyChoice> = {},
  more: Partial<ClusterView> = {},
): HeldKeys[] {
  return heldKeys(seenCluster(secrets, more), { ...anything, ...choice });
}

/** The result of `held`, which must be exactly one. */
function onlyHeld(...what: Parameters<typeof held>): HeldKeys {
  const [one, ...more] = held(...what);
  expect(more).toEqual([]);
  if (!one) throw new Error("no keys were found");
  return one;
}

const placeOf = ({ target }: { target: { namespace: string; name: string } }) =>
  `${target.namespace}/${target.name}`;
const credentialsFor = (password: string, username = appId) => ({ [loginServer]: { username, password } });

describe("the registry that was asked for", () => {
  const named = (name: string): RegistryReference => ({ kind: "name", name });
  const server = (loginServer: string): RegistryReference => ({ kind: "login-server", loginServer });
  const resource = (id: string): RegistryReference => ({
    kind: "resource-id",
    id,
    subscriptionId: "s",
    resourceGroup: "g",
    name: "myregistry",
  });

  it.each<[string, RegistryReference | undefined, boolean]>([
    ["none", undefined, true],
    ["its name", named("myregistry"), true],
    ["its name, in other letters", named("MyRegistry"), true],
    ["another name", named("myregistry2"), false],
    ["the beginning of its name", named("myreg"), false],
    ["its login server", server(loginServer), true],
    ["its login server, in other letters", server("MyRegistry.azurecr.io"), true],
    ["another login server", server("other.azurecr.io"), false],
    ["its resource id", resource(registryId), true],
    ["its resource id, in other letters", resource(registryId.toUpperCase()), true],
    ["a registry of that name in another group", resource(registryId.replace("/g/", "/h/")), false],
  ])("is the entry's where it is given as %s: %s", (_what, reference, is) => {
    expect(isMeant(reference, loginServer, registryId)).toBe(is);
  });

  it("is known by its name also where a domain name label makes the login server longer", () => {
    expect(isMeant(named("myregistry"), "myregistry-a1b2c3.azurecr.io", registryId)).toBe(true);
    expect(isMeant(named("myregistry-a1b2c3"), "myregistry-a1b2c3.azurecr.io", registryId)).toBe(false);
  });

  it.each([loginServer, "localhost:5000"])(
    "is known by the first label of %s alone where Azure was not called",
    (host) => {
      const [name = ""] = host.split(/[.:]/);
      expect(isMeant(named(name), host, host)).toBe(true);
      expect(isMeant(named(host), host, host)).toBe(false);
    },
  );
});

describe("a secret", () => {
  it("holds a key by its mark and by its bytes, with the key before it beside", () => {
    const retire = { keyId: "old", after: "2031-02-03T04:05:06Z" };
    const keys = onlyHeld([{ namespace: "a", holds: "new", beside: "old", mark: { retire } }]);
    expect(keys).toMatchObject({
      appId,
      loginServer,
      registry: registryId,
      copies: [],
      changed: [],
      refused: [],
    });
    const [holder, ...more] = keys.holders;
    expect(more).toEqual([]);
    expect(holder).toMatchObject({ mark: { keyId: "new", retire }, chosen: true });
    expect(holder?.credential.password.reveal()).toBe(textOf("new"));
    expect(holder?.second?.password.reveal()).toBe(textOf("old"));
  });

  it.each<[string, Partial<SecretSpec>]>([
    ["another application's password", { auths: credentialsFor("theirs", otherApp) }],
    ["an empty password", { auths: credentialsFor("") }],
    ["nothing for that registry", { auths: { "other.example": { username: "u", password: "p" } } }],
    [
      "a host that only looks alike",
      { auths: { [`${loginServer}.evil.test`]: { username: appId, password: "p" } } },
    ],
  ])(
    "whose mark names a key, and that has %s, holds no key: the mark alone proves nothing",
    (_what, bytes) => {
      const forged = { namespace: "forged", mark: { appId, keyId: "k" }, ...bytes };
      expect(held([forged])).toEqual([]);
      const keys = onlyHeld([{ namespace: "a", holds: "k" }, forged]);
      expect(keys.holders.map(placeOf)).toEqual(["a/acr-secret"]);
      expect(keys.changed.map((target) => placeOf({ target }))).toEqual(["forged/acr-secret"]);
    },
  );

  it("whose mark names an application that no other secret pulls as is a matter of its own", () => {
    const forged: SecretSpec = {
      namespace: "forged",
      auths: credentialsFor("whatever", otherApp),
      mark: { appId: otherApp, keyId: "k" },
    };
    const found = held([{ namespace: "a", holds: "k" }, forged]);
    expect(found.map((keys) => [keys.appId, keys.holders.map(placeOf)])).toEqual([
      [appId, ["a/acr-secret"]],
      [otherApp, ["forged/acr-secret"]],
    ]);
  });

  it.each<[string, NonNullable<SecretSpec["mark"]>]>([
    ["of another cluster", { clusterId: otherCluster }],
    ["that names no key yet", { appId: undefined as never }],
    ["of a registry that was not asked for", { registry: registryId.replace("myregistry", "other") }],
  ])("with a mark %s is no holder", (_what, mark) => {
    expect(
      held([{ namespace: "a", holds: "k", mark }], { registry: { kind: "name", name: "myregistry" } }),
    ).toEqual([]);
  });

  it("counts for each registry that it has an entry of", () => {
    const other = "other.azurecr.io";
    const marks = {
      [loginServer]: { registry: registryId, clusterId, appId, keyId: "k" },
      [other]: { registry: "/r/registries/other", clusterId, appId: otherApp, keyId: "o" },
    };
    const keys = held([
      {
        namespace: "a",
        holds: "k",
        auths: { [other]: { username: otherApp, password: textOf("o") } },
        more: { annotations: { "acr-pull/entries": JSON.stringify(marks) } },
      },
    ]);
    expect(keys.map((one) => [one.loginServer, one.appId, one.registry])).toEqual([
      [loginServer, appId, registryId],
      [other, otherApp, "/r/registries/other"],
    ]);
    expect(keys.flatMap(({ copies }) => copies)).toEqual([]);
  });

  it("that was not asked for is a holder all the same of a key that was", () => {
    const secrets = [
      { namespace: "a", holds: "k" },
      { namespace: "b", holds: "k" },
      { namespace: "a", name: "second", holds: "k" },
    ];
    const chosenOf = (keys: HeldKeys) => keys.holders.filter(({ chosen }) => chosen).map(placeOf);
    const byNamespace = onlyHeld(secrets, {}, { namespaces: new Set(["b"]) });
    expect(byNamespace.holders).toHaveLength(3);
    expect(chosenOf(byNamespace)).toEqual(["b/acr-secret"]);
    const byName = onlyHeld(secrets, { secretName: "second" });
    expect(byName.holders).toHaveLength(3);
    expect(chosenOf(byName)).toEqual(["a/second"]);
    expect(held(secrets, { secretName: "second" }, { namespaces: new Set(["b"]) })).toEqual([]);
  });

  it("of ours that may not be written is told with its reason, and only if it was asked for", () => {
    const reconciled = {
      namespace: "a",
      holds: "k",
      more: { ownerReferences: [{ kind: "SealedSecret", name: "s" }] },
    };
    expect(onlyHeld([reconciled])).toMatchObject({ holders: [], refused: [{ code: "secret.reconciled" }] });
    expect(held([reconciled], {}, { namespaces: new Set(["b"]) })).toEqual([]);
    const beside = onlyHeld([reconciled, { namespace: "b", holds: "k" }], {}, { namespaces: new Set(["b"]) });
    expect(beside.refused).toEqual([]);
    expect(beside.copies.map(placeOf)).toEqual(["a/acr-secret"]);
  });
});

describe("a registry that was moved to another resource group", () => {
  const before = registryId.replace("/g/", "/old/");
  const secrets = [
    { namespace: "a", holds: "k", mark: { registry: before } },
    { namespace: "b", holds: "k" },
  ];
  const asked = (id: string): Partial<KeyChoice> => ({
    registry: { kind: "resource-id", id, subscriptionId: "s", resourceGroup: "g", name: "myregistry" },
  });

  it.each([registryId, before])(
    "is one for all who pull from it, and known as it was asked for: %s",
    (id) => {
      const keys = onlyHeld(secrets, asked(id));
      expect(keys.holders.map(placeOf)).toEqual(["a/acr-secret", "b/acr-secret"]);
      expect([keys.registry, keys.copies]).toEqual([id, []]);
    },
  );

  it("is not what a mark makes of another one, whose secret holds no key", () => {
    const marks = {
      [otherRegistry]: { registry: registryId, clusterId, appId: otherApp, keyId: "o" },
    };
    const forged = { namespace: "c", more: { annotations: { "acr-pull/entries": JSON.stringify(marks) } } };
    expect(held([...secrets, forged], asked(registryId)).map((one) => one.loginServer)).toEqual([
      loginServer,
    ]);
  });
});

describe("a copy of a key, in a secret that we may not write,", () => {
  const ours = {
    namespace: "a",
    holds: "new",
    beside: "old",
    mark: { retire: { keyId: "old", after: "2031-01-01" } },
  };

  it.each<[string, Partial<SecretSpec>, string]>([
    ["that nobody labelled", { holds: "new", mark: null }, "secret.not-ours"],
    ["of the key before", { holds: "old", mark: null }, "secret.not-ours"],
    [
      "beside a key of another's",
      { auths: credentialsFor("theirs", otherApp), beside: "old", mark: null },
      "secret.not-ours",
    ],
    [
      "under another spelling of the host",
      { auths: { [`https://${loginServer}/v2/`]: { auth: authOf("new") } }, mark: null },
      "secret.not-ours",
    ],
    [
      "for one repository alone",
      { auths: { [`${loginServer}/team`]: { auth: authOf("new") } }, mark: null },
      "secret.not-ours",
    ],
    [
      "for a pattern of hosts",
      { auths: { "*.azurecr.io": { auth: authOf("old") } }, mark: null },
      "secret.not-ours",
    ],
    [
      "for another host",
      { auths: { "other.example": { auth: authOf("new") } }, mark: null },
      "secret.not-ours",
    ],
    [
      "under another user name",
      { auths: credentialsFor(textOf("new"), otherApp), mark: null },
      "secret.not-ours",
    ],
    [
      "with a mark of another cluster",
      { holds: "new", mark: { clusterId: otherCluster } },
      "secret.not-ours",
    ],
    ["with the mark of another application", { holds: "new", mark: { appId: otherApp } }, "secret.not-ours"],
    [
      "with marks that cannot be read",
      { holds: "new", more: { annotations: { "acr-pull/entries": "{" } } },
      "secret.marks-malformed",
    ],
    [
      "that a controller writes",
      { holds: "new", more: { managers: ["external-secrets"] } },
      "secret.reconciled",
    ],
    ["that is immutable", { holds: "new", more: { immutable: true } }, "secret.immutable"],
    ["of the older type", { mark: null, more: olderSecret("new") }, "secret.wrong-type"],
  ])("%s is seen, with the reason", (_what, copy, code) => {
    const { holders, copies } = onlyHeld([ours, { namespace: "copy", ...copy }]);
    expect(holders.map(placeOf)).toEqual(["a/acr-secret"]);
    expect(copies.map(placeOf)).toEqual(["copy/acr-secret"]);
    expect(copies[0]?.error).toMatchObject({ code, exitCode: 2 });
  });

  it("in the entry of another registry, which is rotated by itself, is none", () => {
    const marks = { [otherRegistry]: { registry: "/r", clusterId, appId } };
    const auths = { [otherRegistry]: { auth: authOf("new") } };
    const more = { annotations: { "acr-pull/entries": JSON.stringify(marks) } };
    const keys = held([ours, { namespace: "other", auths, more }]);
    expect(keys.map((one) => [one.loginServer, one.copies])).toEqual([
      [loginServer, []],
      [otherRegistry, []],
    ]);
  });

  it("stands also in the very secret that holds it, for something else", () => {
    const beside = { ...ours, auths: { [`${loginServer}/team`]: { auth: authOf("new") } } };
    const { holders, copies } = onlyHeld([beside]);
    expect(holders.map(placeOf)).toEqual(copies.map(placeOf));
    expect(copies[0]?.error.message).toContain(`a password for ${loginServer}/team`);
  });

  it.each<[string, Partial<SecretSpec>]>([
    ["holds another password of the same application", { holds: "third", mark: null }],
    ["cannot be read", { mark: null, more: { data: { ".dockerconfigjson": "ew==" } } }],
    ["has no data", { mark: null, more: { data: {} } }],
  ])("is none where it %s", (_what, other) => {
    expect(onlyHeld([ours, { namespace: "other", ...other }]).copies).toEqual([]);
  });
});

/** The type and data of a secret as kubectl before 1.7 wrote it for Docker. */
function olderSecret(keyId: string): NonNullable<SecretSpec["more"]> {
  const text = JSON.stringify({ [`https://${loginServer}/v1/`]: { auth: authOf(keyId) } });
  return { type: "kubernetes.io/dockercfg", data: { ".dockercfg": Buffer.from(text).toString("base64") } };
}

function authOf(keyId: string): string {
  return Buffer.from(`${appId}:${textOf(keyId)}`).toString("base64");
}

describe("a pending mark", () => {
  const pending = {
    operation: "o",
    holder: { host: "h", boot: "b", pid: 1 },
    renewedAt: "2031-02-03T04:05:06Z",
  };

  it("counts for every key of its registry, also in a secret that holds none", () => {
    const keys = onlyHeld([
      { namespace: "a", mark: { pending } },
      { namespace: "b", holds: "k" },
    ]);
    expect(keys.holders.map(placeOf)).toEqual(["b/acr-secret"]);
    expect(keys.pending).toMatchObject([{ target: { namespace: "a" }, mark: pending }]);
  });

  it("of another registry or another cluster does not", () => {
    const marks = {
      "other.azurecr.io": { registry: "/o", clusterId, pending },
      [loginServer]: { registry: registryId, clusterId: otherCluster, pending },
    };
    const annotations = { "acr-pull/entries": JSON.stringify(marks) };
    expect(
      onlyHeld([
        { namespace: "a", more: { annotations } },
        { namespace: "b", holds: "k" },
      ]).pending,
    ).toEqual([]);
  });
});
