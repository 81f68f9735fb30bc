import { describe, expect, test } from "vitest";
import {
  pullRights,
  registryRights,
  type RepositoryAction,
} from "../../src/sandbox/container-registry/pull-rights.ts";
import { ReplicaView } from "../../src/sandbox/replication.ts";
import { roleDefinitions } from "../../src/sandbox/resource-manager/role-definitions.ts";
import { grant, password, registryWorld } from "./registry-world.ts";

type Mode = "legacy" | "abac";

const guidOf = (roleName: string) =>
  roleDefinitions.find((role) => role.roleName === roleName)?.guid ?? "none";

const repositoryRole = (rest: string) => `Container Registry Repository ${rest}`;

/** What a role allows on a registry of either mode: actions on a repository, and `catalog`. */
const table: ReadonlyArray<readonly [string, Record<Mode, string>]> = [
  ["AcrPull", { legacy: "pull catalog", abac: "" }],
  ["AcrPush", { legacy: "pull push catalog", abac: "" }],
  ["AcrDelete", { legacy: "delete", abac: "" }],
  ["AcrImageSigner", { legacy: "", abac: "" }],
  ["Owner", { legacy: "pull push delete catalog", abac: "" }],
  ["Contributor", { legacy: "pull push delete catalog", abac: "" }],
  ["Reader", { legacy: "pull catalog", abac: "" }],
  ["User Access Administrator", { legacy: "pull catalog", abac: "" }],
  [repositoryRole("Reader"), { legacy: "", abac: "pull" }],
  [repositoryRole("Writer"), { legacy: "", abac: "pull push" }],
  [repositoryRole("Contributor"), { legacy: "", abac: "pull push delete" }],
  [repositoryRole("Catalog Lister"), { legacy: "", abac: "catalog" }],
  ["Container Registry Data Importer and Data Reader", { legacy: "pull catalog", abac: "pull catalog" }],
  ["Container Registry Contributor and Data Access Configuration Administrator", { legacy: "", abac: "" }],
];

function given(roleName: string, mode: Mode, condition?: string, repository = "my-awesome-app") {
  const all = registryWorld();
  const registry = all[mode];
  grant(all, registry, guidOf(roleName), condition === undefined ? {} : { condition });
  const rights = registryRights(all.world, registry, all.principal.id);
  const actions: readonly RepositoryAction[] = ["pull", "push", "delete"];
  return [
    ...actions.filter((action) => rights.allows(action, repository)),
    ...(rights.catalog ? ["catalog"] : []),
  ].join(" ");
}

describe("what a role gives on a registry", () => {
  for (const [role, expected] of table) {
    test.each(Object.entries(expected))(`${role} in mode %s: %j`, (mode, rights) => {
      expect(given(role, mode as Mode)).toBe(rights);
    });
  }

  test("reaches it from the subscription, and not from another registry", () => {
    const inherited = registryWorld([{ role: "AcrPull" }]);
    expect(registryRights(inherited.world, inherited.legacy, inherited.principal.id).any).toBe(true);
    const sideways = registryWorld([{ role: "AcrPull", scope: "abacregistry" }]);
    expect(registryRights(sideways.world, sideways.legacy, sideways.principal.id).any).toBe(false);
  });

  const repositories = "Microsoft.ContainerRegistry/registries/repositories";
  const limitedTo = (prefix: string, ...actions: readonly string[]) =>
    `((${actions.map((action) => `!(ActionMatches{'${repositories}/${action}'})`).join(" AND ")}) OR (@Request[${repositories}:name] StringStartsWithIgnoreCase '${prefix}'))`;
  const reads = ["content/read", "metadata/read"];
  const writes = ["content/write", "metadata/write"];

  test.each([
    ["a condition on all actions limits all", [...reads, ...writes], "other/x", ""],
    ["a condition on all actions gives what it names", [...reads, ...writes], "team/x", "pull push"],
    ["a condition on reads alone leaves writes free", reads, "other/x", "push"],
    ["a condition on content alone keeps pulls out just as well", ["content/read"], "other/x", "push"],
    ["a prefix ends at its slash", [...reads, ...writes], "team-b/x", ""],
  ])("%s", (_what, actions, repository, expected) => {
    expect(given(repositoryRole("Writer"), "abac", limitedTo("team/", ...actions), repository)).toBe(
      expected,
    );
  });

  test("a condition that cannot be read gives nothing", () => {
    expect(given(repositoryRole("Reader"), "abac", "anything goes")).toBe("");
  });
});

describe("a user name and password", () => {
  const signIn = (
    change: (all: ReturnType<typeof registryWorld>) => void,
    secret = password,
    mode: Mode = "legacy",
  ) => {
    const all = registryWorld([{ role: "AcrPull", scope: "myregistry" }]);
    change(all);
    const received = pullRights(all.world, all[mode], all.application.appId, secret);
    return received.kind === "refused" ? received.reason : received.kind;
  };
  test.each<[string, string, (all: ReturnType<typeof registryWorld>) => void, string?, Mode?]>([
    ["are received", "admitted", () => undefined],
    ["are refused when the password is another", "wrong-secret", () => undefined, "other"],
    ["are refused when the password is its id", "wrong-secret", () => undefined, "keyId"],
    ["are refused on a registry where they have no role", "no-role", () => undefined, password, "abac"],
    [
      "are refused when the application lies in deletedItems",
      "unknown-application",
      ({ application }) => (application.softDeleted = true),
    ],
    [
      "are refused when the principal is disabled",
      "unknown-application",
      ({ principal }) => (principal.accountEnabled = false),
    ],
    [
      "are refused when Conditional Access keeps the registry from signing them in",
      "wrong-secret",
      ({ world }) => (world.policy.conditionalAccessBlocksRegistries = true),
    ],
    [
      "are refused when the principal is gone",
      "unknown-application",
      ({ principal }) => (principal.removedAt = 1),
    ],
    [
      "are refused when the password has expired",
      "wrong-secret",
      ({ application }) => {
        const [secret] = application.passwords;
        if (secret) secret.endDateTime = new Date(Date.now() - 1000).toISOString();
      },
    ],
    [
      "are refused when the password was removed",
      "wrong-secret",
      ({ application }) => {
        const secret = application.passwords[0];
        if (secret) secret.removedAt = 1;
      },
    ],
    [
      "are refused when the role was taken away",
      "no-role",
      ({ world }) => {
        for (const record of world.roleAssignments) record.removedAt = 1;
      },
    ],
  ])("%s", (_what, expected, change, secret, mode) => {
    expect(signIn(change, secret, mode)).toBe(expected);
  });

  test("are received by the principal's own passwords too", () => {
    expect(
      signIn(({ application, principal }) => {
        principal.passwords.push(...application.passwords.splice(0));
      }),
    ).toBe("admitted");
  });

  test("are what the replica that is asked knows of them", () => {
    const all = registryWorld();
    const { world, legacy, application } = all;
    const granted = application.createdAt + 1000;
    grant(all, legacy, guidOf("AcrPull"), { createdAt: granted });
    const at = (time: number) => {
      const received = pullRights(world, legacy, application.appId, password, new ReplicaView(() => time));
      return received.kind === "refused" ? received.reason : received.kind;
    };
    expect([at(application.createdAt - 1), at(granted - 1), at(granted)]).toEqual([
      "unknown-application",
      "no-role",
      "admitted",
    ]);
  });
});
