import { describe, expect, it } from "vitest";
import { newWorld } from "../../src/sandbox/new-world.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import { readSandboxOptions } from "../../src/sandbox/world-options.ts";

const make = (options: unknown) => newWorld(readSandboxOptions(options, "world.json"));

describe("the default world", () => {
  const { world, contexts } = make({});

  it("holds the recipe's registry and one in ABAC mode, both with the image", () => {
    expect(world.registries).toMatchObject([
      { name: "myregistry", roleAssignmentMode: "LegacyRegistryPermissions" },
      { name: "abacregistry", roleAssignmentMode: "AbacRepositoryPermissions" },
    ]);
    for (const { images } of world.registries) {
      expect(images).toEqual([{ repository: "my-awesome-app", tag: "v1" }]);
    }
  });

  it("holds two clusters that can be told apart, each with its namespaces and their service accounts", () => {
    expect(contexts.map(({ name }) => name)).toEqual(["sandbox", "sandbox-staging"]);
    const uids = world.clusters.map(({ objects }) => {
      expect(objects["namespaces"]!.map(({ metadata }) => metadata.name).sort()).toEqual([
        "awesomeapps",
        "default",
        "kube-public",
        "kube-system",
      ]);
      expect(objects["serviceaccounts"]!.map(({ metadata }) => metadata.namespace).sort()).toEqual([
        "awesomeapps",
        "default",
        "kube-public",
        "kube-system",
      ]);
      return objects["namespaces"]!.find(({ metadata }) => metadata.name === "kube-system")!.metadata.uid;
    });
    expect(new Set(uids).size).toBe(2);
  });

  it("is met by a caller that may register applications and owns the subscription", () => {
    const principal = world.servicePrincipals.find(({ id }) => id === world.caller.objectId);
    expect(principal).toMatchObject({
      appId: world.caller.appId,
      graphPermissions: ["Application.ReadWrite.OwnedBy"],
    });
    expect(world.roleAssignments).toContainEqual(
      expect.objectContaining({
        principalId: world.caller.objectId,
        scope: `/subscriptions/${world.subscriptions[0]!.subscriptionId}`,
        roleDefinitionId: expect.stringContaining("8e3af657-a8ff-443c-a75c-2fe8c4bcb635") as string,
      }),
    );
  });

  it("is another one at each start unless a seed says otherwise", () => {
    expect(make({}).world.tenantId).not.toBe(world.tenantId);
    const seeded = () => make({ seed: "x" }).world;
    expect(seeded().tenantId).toBe(seeded().tenantId);
    expect(seeded().caller).toEqual(seeded().caller);
    expect(seeded().caller.secretText).toMatch(/^[\w.-]{3}8Q~[\w.-]{34}$/);
  });
});

describe("a world of one's own", () => {
  it("may have an application whose principal is disabled", () => {
    const { world } = make({ applications: [{ displayName: "theirs", disabled: true }] });
    const principal = world.servicePrincipals.find(({ displayName }) => displayName === "theirs");
    expect(principal?.accountEnabled).toBe(false);
  });

  it("holds what its options say", () => {
    const { world, contexts } = make({
      replicationLag: "5s",
      replicas: 1,
      pageSize: 2,
      policy: { maxPasswordLifetime: "P90D" },
      subscriptions: [{ displayName: "One" }, { displayName: "Two", subscriptionId: guid }],
      registries: [
        {
          name: "r",
          mode: "abac",
          subscriptionId: guid,
          images: ["team/x:v1.2", { name: "y:z", platforms: ["linux/arm64"] }],
          firewalled: true,
          network: { publicAccess: false, privateEndpoints: 1 },
        },
      ],
      caller: { graphPermissions: [], roles: [{ role: "Reader", scope: "r" }] },
      clusters: [
        {
          context: "c",
          namespace: "a",
          kubeSystemUid: guid,
          namespaces: [
            "kube-system",
            { name: "a", secretQuota: 3 },
            { name: "b", terminating: true, labels: { team: "x" } },
            { name: "d", webhookDenies: true },
            { name: "e", webhookDenies: { code: 429, reason: "TooManyRequests" } },
            { name: "f", policyDenies: "Invalid" },
          ],
          users: [
            { context: "reader", rules: [{ verbs: ["get"], resources: ["secrets"], namespaces: ["a"] }] },
          ],
          objects: [
            {
              apiVersion: "v1",
              kind: "Secret",
              metadata: { name: "s", namespace: "a" },
              type: "Opaque",
              data: {},
            },
          ],
        },
      ],
      applications: [
        {
          displayName: "theirs",
          uniqueName: "u",
          owners: ["caller"],
          passwords: [{ endDateTime: "2020-01-01T00:00:00Z", secretText: "abc" }],
          certificates: ["cert"],
          softDeleted: true,
        },
      ],
    });
    expect(world.replication.lagMs).toBe(5000);
    const earlier = { createdAt: Date.now() - 1 };
    expect(world.replication.read().knows(earlier)).toBe(true);
    expect(world.pageSize).toBe(2);
    expect(world.policy).toEqual({ maxPasswordLifetime: "P90D" });
    expect(world.registries).toMatchObject([
      {
        subscriptionId: guid,
        firewalled: true,
        network: { publicAccess: false, defaultAction: "Deny", privateEndpoints: 1 },
        images: [
          { repository: "team/x", tag: "v1.2" },
          { repository: "y", tag: "z", platforms: ["linux/arm64"] },
        ],
      },
    ]);
    expect(
      world.roleAssignments.find(({ principalId }) => principalId === world.caller.objectId)?.scope,
    ).toBe(registryResourceId(world.registries[0]!));
    const [cluster] = world.clusters;
    const namespaces = new Map(
      cluster!.objects["namespaces"]!.map((object) => [object.metadata.name, object]),
    );
    expect(namespaces.get("kube-system")?.metadata.uid).toBe(guid);
    expect(namespaces.get("b")).toMatchObject({
      metadata: { labels: { team: "x" }, deletionTimestamp: expect.any(String) as string },
      status: { phase: "Terminating" },
    });
    expect(cluster!.denials).toEqual([
      { namespace: "d", webhook: {} },
      { namespace: "e", webhook: { code: 429, reason: "TooManyRequests" } },
      { namespace: "f", policy: "Invalid" },
    ]);
    expect(cluster!.objects["resourcequotas"]).toMatchObject([
      { metadata: { namespace: "a" }, spec: { hard: { secrets: "3" } } },
    ]);
    expect(cluster!.objects["secrets"]).toMatchObject([
      { metadata: { name: "s", namespace: "a" }, type: "Opaque" },
    ]);
    expect(contexts).toMatchObject([
      { name: "c", namespace: "a", user: { rules: [{ verbs: ["*"] }] } },
      { name: "reader", user: { rules: [{ verbs: ["get"], namespaces: ["a"] }] } },
    ]);
    expect(world.applications.find(({ displayName }) => displayName === "theirs")).toMatchObject({
      uniqueName: "u",
      softDeleted: true,
      owners: [world.caller.objectId],
      passwords: [{ secretText: "abc", hint: "abc", endDateTime: "2020-01-01T00:00:00Z" }],
      keyCredentials: [{ displayName: "cert" }],
    });
  });

  it("holds a soft-deleted application as one that was deleted lately, and its principal with it", () => {
    const { world } = make({
      applications: [{ displayName: "gone", softDeleted: true }, { displayName: "there" }],
    });
    const [gone, there] = ["gone", "there"].map((name) =>
      [...world.applications, ...world.servicePrincipals].filter(({ displayName }) => displayName === name),
    );
    expect(gone).toHaveLength(2);
    expect(there).toHaveLength(2);
    for (const { createdAt, removedAt } of gone!) {
      expect(removedAt).toBeGreaterThan(createdAt);
      expect(removedAt).toBeLessThanOrEqual(Date.now());
    }
    expect(there!.map(({ removedAt }) => removedAt)).toEqual([undefined, undefined]);
  });

  it.each([
    ["an unknown option", { registrys: [] }, '"registrys"'],
    ["a bad duration", { latency: "fast" }, "latency: not a duration such as 50ms"],
    ["a bad port", { port: 70_000 }, "port"],
    ["a registry without a name", { registries: [{}] }, "registries.0.name"],
    ["an unknown mode", { registries: [{ name: "r", mode: "other" }] }, "registries.0.mode"],
    [
      "an image without a tag",
      { registries: [{ name: "r", images: ["app"] }] },
      "registries.0.images.0: not an image",
    ],
    ["a bad fault", { faults: [{ match: "(", status: 500 }] }, "faults.0.match: not a regular expression"],
    [
      "an object of an unknown kind",
      { clusters: [{ context: "c", objects: [{ apiVersion: "v1", kind: "X", metadata: { name: "x" } }] }] },
      "clusters.0.objects.0.kind",
    ],
    ["an unknown role", { caller: { roles: [{ role: "King" }] } }, "no built-in role King"],
    [
      "a role at an unknown registry",
      { caller: { roles: [{ role: "Owner", scope: "r" }] } },
      "r is neither a registry nor a resource id",
    ],
    [
      "a registry in an unknown subscription",
      { registries: [{ name: "r", subscriptionId: guid }] },
      "registry r: no subscription",
    ],
    ["no object at all", [], "expected object"],
  ])("is refused for %s", (_, options, message) => {
    expect(() => make(options)).toThrow(message);
  });

  it("is refused with every wrong field and where it was written", () => {
    expect(() => make({ port: -1, pageSize: 0 })).toThrow(/^world\.json: port: .*; pageSize: /);
  });
});

const guid = "0f1e2d3c-4b5a-4697-8877-665544332211";
