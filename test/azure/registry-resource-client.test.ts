import { afterEach, describe, expect, test } from "vitest";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import { createResourceManager } from "../../src/azure/resource-manager.ts";
import { createRegistryResourceClient } from "../../src/azure/registry-resource-client.ts";
import { openParts, sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";

let opened: SandboxedAzure | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function open(options: SandboxOptions = {}): Promise<SandboxedAzure> {
  opened = await sandboxedAzure(options);
  return opened;
}

const first = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
const second = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
/** The same name in two subscriptions. The second also holds another registry. */
const twoSubscriptions: SandboxOptions = {
  subscriptions: [
    { subscriptionId: first, displayName: "First" },
    { subscriptionId: second, displayName: "Second" },
  ],
  registries: [
    { name: "shared01", subscriptionId: first, resourceGroup: "one" },
    { name: "shared01", subscriptionId: second, resourceGroup: "two" },
    { name: "lonely01", subscriptionId: second, resourceGroup: "two", mode: "abac" },
  ],
};

/** The result of a search that could look everywhere. */
const seen = (...registries: unknown[]) => ({
  registries,
  others: expect.any(Array) as unknown,
  unseen: [],
  tenantId: opened?.sandbox.world.tenantId,
});

describe("a registry", () => {
  test("is found by name in any letter case, by login server and by resource id", async () => {
    const { azure, sandbox } = await open();
    const {
      registries: [byName, ...others],
    } = await azure.registries.findRegistries({ kind: "name", name: "MYREGISTRY" }, {}, signal);
    expect(others).toEqual([]);
    expect(byName).toMatchObject({
      name: "myregistry",
      loginServer: sandbox.world.registries[0]?.loginServer,
      roleAssignmentMode: "LegacyRegistryPermissions",
      resourceGroup: "sandbox-group",
      location: "westeurope",
    });
    const { id, name, loginServer, subscriptionId, resourceGroup } = byName ?? {
      id: "",
      name: "",
      loginServer: "",
      subscriptionId: "",
      resourceGroup: "",
    };
    const references = [
      { kind: "login-server", loginServer: loginServer.toUpperCase() },
      { kind: "resource-id", id, subscriptionId, resourceGroup, name },
    ] as const;
    for (const reference of references) {
      expect(await azure.registries.findRegistries(reference, {}, signal)).toEqual(seen(byName));
    }
  });

  test("in ABAC mode is known by its mode", async () => {
    const { azure } = await open();
    const reference = { kind: "name", name: "abacregistry" } as const;
    const {
      registries: [registry],
    } = await azure.registries.findRegistries(reference, {}, signal);
    expect(registry?.roleAssignmentMode).toBe("AbacRepositoryPermissions");
  });

  test("that is not there is found by nobody", async () => {
    const { azure } = await open();
    const id = `/subscriptions/${first}/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/absent`;
    const references = [
      { kind: "name", name: "absent" },
      { kind: "login-server", loginServer: "absent.azurecr.io" },
    ] as const;
    for (const reference of references) {
      expect(await azure.registries.findRegistries(reference, {}, signal)).toEqual(seen());
    }
    const [subscription] = opened?.sandbox.world.subscriptions ?? [];
    const reference = {
      kind: "resource-id",
      id: id.replace(first, subscription?.subscriptionId ?? ""),
      subscriptionId: subscription?.subscriptionId ?? "",
      resourceGroup: "g",
      name: "absent",
    } as const;
    expect(await azure.registries.findRegistries(reference, {}, signal)).toEqual(seen());
  });

  test.each([
    [{}, 2],
    [{ subscription: "second" }, 1],
    [{ subscription: second }, 1],
  ])("of an ambiguous name, looked for in %j, is found %i times", async (scope, times) => {
    const { azure } = await open(twoSubscriptions);
    const found = await azure.registries.findRegistries({ kind: "name", name: "shared01" }, scope, signal);
    expect(found.registries).toHaveLength(times);
  });

  test("is found on any page", async () => {
    const { azure } = await open({ ...twoSubscriptions, pageSize: 1 });
    const found = await azure.registries.findRegistries({ kind: "name", name: "lonely01" }, {}, signal);
    expect(found.registries).toHaveLength(1);
  });

  test("is found although another subscription refuses", async () => {
    const { azure, sandbox } = await open(twoSubscriptions);
    sandbox.setFaults([
      { match: `/subscriptions/${first}/providers`, times: 9, status: 403, code: "AuthorizationFailed" },
    ]);
    const found = await azure.registries.findRegistries({ kind: "name", name: "shared01" }, {}, signal);
    expect(found.registries.map(({ subscriptionId }) => subscriptionId)).toEqual([second]);
    await expect(
      azure.registries.findRegistries({ kind: "name", name: "shared01" }, { subscription: first }, signal),
    ).rejects.toMatchObject({ code: "azure.forbidden", exitCode: 3 });
  });

  test.each([
    [409, "MissingSubscriptionRegistration"],
    [400, "BadRequest"],
    [500, "InternalServerError"],
  ])("is found although another subscription answers %i, which is told", async (status, code) => {
    const { azure, sandbox } = await open(twoSubscriptions);
    sandbox.setFaults([{ match: `/subscriptions/${first}/providers`, times: 99, status, code }]);
    const { registries, unseen } = await azure.registries.findRegistries(
      { kind: "name", name: "shared01" },
      {},
      signal,
    );
    expect(registries.map(({ subscriptionId }) => subscriptionId)).toEqual([second]);
    expect(unseen.map(({ message }) => message)).toEqual([expect.stringContaining(first)]);
  });

  test.each([
    ["a well-known cloud's", true],
    ["those that a cloud of its own says it has", false],
  ])(
    "whose login server is none of %s is refused before a password could go there",
    async (_whose, isWellKnown) => {
      const { sandbox } = await open();
      const { http, cloud, credential } = await openParts(sandbox);
      const posing = { ...cloud, isWellKnown, registrySuffixes: [".azurecr.io"] };
      const registries = createRegistryResourceClient(
        posing,
        createResourceManager(posing, credential, http),
      );
      await expect(
        registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal),
      ).rejects.toMatchObject({ code: "registry.foreign-host", exitCode: 2 });
    },
  );

  test("needs a subscription to look in", async () => {
    const { azure } = await open({ caller: { roles: [] } });
    const looking = azure.registries.findRegistries({ kind: "name", name: "shared01" }, {}, signal);
    await expect(looking).rejects.toMatchObject({ code: "azure.no-subscription", exitCode: 3 });
  });

  test("needs the subscription that was named", async () => {
    const { azure } = await open();
    const looking = azure.registries.findRegistries(
      { kind: "name", name: "shared01" },
      { subscription: "Other" },
      signal,
    );
    await expect(looking).rejects.toMatchObject({ code: "azure.no-subscription", exitCode: 3 });
  });
});

describe("registries", () => {
  const namesIn = async ({ azure }: SandboxedAzure, scope = {}) =>
    (await azure.registries.listRegistries(scope, signal)).registries
      .map(({ name, subscriptionName }) => `${subscriptionName}/${name}`)
      .sort();

  test("are listed over all subscriptions, or those of one, with the name where it was looked up", async () => {
    const opened = await open({ ...twoSubscriptions, pageSize: 1 });
    expect(await namesIn(opened)).toEqual(["First/shared01", "Second/lonely01", "Second/shared01"]);
    expect(await namesIn(opened, { subscription: "SECOND" })).toEqual(["Second/lonely01", "Second/shared01"]);
    expect(await namesIn(opened, { subscription: first })).toEqual(["undefined/shared01"]);
  });

  test("with a login server that is none of the cloud's are left out, and hide no others", async () => {
    const { sandbox } = await open();
    const [first, second] = sandbox.world.registries;
    if (!first || !second) throw new Error("the sandbox lacks its registries");
    Object.assign(first, { loginServer: "myregistry.azurecr.io" });
    Object.assign(second, { loginServer: "azurecr.io.attacker.example" });
    const { http, cloud, credential } = await openParts(sandbox);
    const publicCloud = { ...cloud, isWellKnown: true, registrySuffixes: [".azurecr.io"] };
    const registries = createRegistryResourceClient(
      publicCloud,
      createResourceManager(publicCloud, credential, http),
    );
    const listed = await registries.listRegistries({}, signal);
    expect(listed.registries.map(({ loginServer }) => loginServer)).toEqual(["myregistry.azurecr.io"]);
    const found = await registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal);
    expect(found.registries).toHaveLength(1);
  });
});

test("looking for a registry costs one token and one list per subscription, beside the list of those", async () => {
  const { azure, lines } = await open(twoSubscriptions);
  await azure.registries.findRegistries({ kind: "name", name: "shared01" }, {}, signal);
  const tokens = lines().filter((line) => line.startsWith("POST"));
  const rest = lines().filter((line) => !line.startsWith("POST") && !line.includes("/.well-known/"));
  expect(tokens).toHaveLength(1);
  expect(rest).toHaveLength(1 + 1 + 2);
});

describe("how a registry can be reached", () => {
  const reference = (id: string) => {
    const [, , subscriptionId = "", , resourceGroup = "", , , , name = ""] = id.split("/");
    return { kind: "resource-id", id, subscriptionId, resourceGroup, name } as const;
  };

  test("is read of one, and of all, with the network rules and private endpoints", async () => {
    const registries = await (async () => {
      const { azure } = await open({
        registries: [
          { name: "openone01" },
          { name: "walled01", network: { defaultAction: "Deny", allowedAddresses: ["192.0.2.1"] } },
          { name: "private01", network: { publicAccess: false, privateEndpoints: 2 } },
        ],
      });
      const { registries: all } = await azure.registries.listAccess({}, signal);
      const again = await Promise.all(
        all.map(({ id }) => azure.registries.readAccess(reference(id), signal)),
      );
      expect(all).toMatchObject(again);
      return all;
    })();
    const usual = {
      publicAccess: true,
      opensToAll: true,
      allowedAddresses: 0,
      privateEndpoints: 0,
    };
    expect(Object.fromEntries(registries.map(({ name, access }) => [name, access]))).toEqual({
      openone01: usual,
      walled01: { ...usual, opensToAll: false, allowedAddresses: 1 },
      private01: { ...usual, publicAccess: false, privateEndpoints: 2 },
    });
  });

  test("is not known of one that is not there", async () => {
    const { azure, sandbox } = await open();
    const id = `/subscriptions/${sandbox.environment["AZURE_SUBSCRIPTION_ID"]}/resourceGroups/none/providers/Microsoft.ContainerRegistry/registries/nothere01`;
    expect(await azure.registries.readAccess(reference(id), signal)).toBeUndefined();
  });
});

describe("a cloud that has no api-version of today's", () => {
  const mode = async (registries: string[]) => {
    const { azure, sandbox } = await open({ apiVersions: { registries } });
    const reference = { kind: "name", name: "abacregistry" } as const;
    const found = await azure.registries.findRegistries(reference, {}, signal);
    const [registry] = found.registries;
    const again = await azure.registries.findRegistries(reference, {}, signal);
    expect(again).toEqual(found);
    const asked = sandbox.requests.entries
      .filter(({ path }) => path.includes("/registries"))
      .map(({ query }) => new URLSearchParams(query).get("api-version"));
    return { mode: registry?.roleAssignmentMode, asked };
  };

  test.each([
    [["2019-05-01", "2023-07-01", "2024-11-01-preview"], "2023-07-01"],
    [["2019-12-01-preview"], "2019-12-01-preview"],
  ])("of %j is asked in its newest stable one, and the mode is unknown", async (versions, newest) => {
    // The refused version is tried only once, however many questions follow.
    expect(await mode(versions)).toEqual({ mode: undefined, asked: ["2025-11-01", newest, newest] });
  });

  test("is asked for one registry as for all", async () => {
    const { azure, sandbox } = await open({ apiVersions: { registries: ["2023-07-01"] } });
    const [record] = sandbox.world.registries;
    const id = record ? registryResourceId(record) : "";
    const [, , subscriptionId = "", , resourceGroup = "", , , , name = ""] = id.split("/");
    const reference = { kind: "resource-id", id, subscriptionId, resourceGroup, name } as const;
    expect(await azure.registries.readAccess(reference, signal)).toMatchObject({
      name: "myregistry",
      roleAssignmentMode: undefined,
    });
  });

  test("without any that can be read is told as what it is, and not as a registry that is not there", async () => {
    const { azure, sandbox } = await open();
    sandbox.setFaults([{ match: "/registries", times: 99, status: 404, code: "InvalidResourceType" }]);
    const looking = azure.registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal);
    const { registries, unseen } = await looking;
    expect([registries, unseen[0]?.code]).toEqual([[], "azure.failed"]);
  });

  test("of subscriptions is asked for them in one of its own", async () => {
    const { azure } = await open({ apiVersions: { subscriptions: ["2019-10-01", "2020-06-01"] } });
    expect((await azure.registries.listRegistries({}, signal)).registries).toHaveLength(2);
  });
});
