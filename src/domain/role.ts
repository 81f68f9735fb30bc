import type { RoleAssignmentMode } from "./registry.ts";

/** What a user asks for; which Azure role that is depends on the registry's mode. */
export type RequestedRole = "acrpull" | "acrpush" | "owner";
export const requestedRoles: readonly RequestedRole[] = ["acrpull", "acrpush", "owner"];

/** A built-in Azure role that acr-pull grants. */
export interface BuiltInRole {
  readonly name: string;
  /** The GUID of the role definition, the same in every tenant and cloud. */
  readonly guid: string;
  /** The data actions that its condition must name. */
  readonly dataActions: readonly string[];
}

const content = "Microsoft.ContainerRegistry/registries/repositories/content";
const metadata = "Microsoft.ContainerRegistry/registries/repositories/metadata";

// GUIDs and data actions: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers
const acrPull: BuiltInRole = {
  name: "AcrPull",
  guid: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  dataActions: [],
};
const acrPush: BuiltInRole = {
  name: "AcrPush",
  guid: "8311e382-0749-4cb8-b61a-304f252e45ec",
  dataActions: [],
};
const owner: BuiltInRole = { name: "Owner", guid: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", dataActions: [] };
const repositoryReader: BuiltInRole = {
  name: "Container Registry Repository Reader",
  guid: "b93aa761-3e63-49ed-ac28-beffa264f7ac",
  dataActions: [`${content}/read`, `${metadata}/read`],
};
const repositoryWriter: BuiltInRole = {
  name: "Container Registry Repository Writer",
  guid: "2a1e307c-b015-4ebd-883e-5b7698a07328",
  dataActions: [...repositoryReader.dataActions, `${content}/write`, `${metadata}/write`],
};
const repositoryContributor: BuiltInRole = {
  name: "Container Registry Repository Contributor",
  guid: "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
  dataActions: [...repositoryWriter.dataActions, `${content}/delete`, `${metadata}/delete`],
};
const known = [acrPull, acrPush, owner, repositoryReader, repositoryWriter, repositoryContributor];

const table: Readonly<Record<RoleAssignmentMode, Readonly<Record<RequestedRole, readonly BuiltInRole[]>>>> = {
  LegacyRegistryPermissions: { acrpull: [acrPull], acrpush: [acrPush], owner: [owner] },
  AbacRepositoryPermissions: {
    acrpull: [repositoryReader],
    acrpush: [repositoryWriter],
    owner: [owner, repositoryContributor],
  },
};

/**
 * The Azure roles for what was asked for on a registry of this mode. If the cloud does not report the mode, acr-pull
 * assumes the older one.
 */
export function rolesFor(
  requested: RequestedRole,
  mode: RoleAssignmentMode | undefined,
): readonly BuiltInRole[] {
  return table[mode ?? "LegacyRegistryPermissions"][requested];
}

/** A role that acr-pull knows, by the GUID at the end of a role definition id. */
export function builtInRole(roleDefinitionId: string): BuiltInRole | undefined {
  const guid = roleDefinitionId.split("/").at(-1)?.toLowerCase();
  return known.find((role) => role.guid === guid);
}

/**
 * The condition that limits a role to some repositories, on one line. It names every data action of the role: a
 * condition that names only reads would leave writes free everywhere. A prefix keeps its slash: `team/*` must not
 * match `team-b/x`.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 * @returns undefined for a role without data actions, or if no repository is named
 */
export function repositoryCondition(role: BuiltInRole, repositories: readonly string[]): string | undefined {
  if (repositories.length === 0 || role.dataActions.length === 0) return undefined;
  const actions = role.dataActions.map((action) => `!(ActionMatches{'${action}'})`).join(" AND ");
  const name = "@Request[Microsoft.ContainerRegistry/registries/repositories:name]";
  const names = [...new Set(repositories)]
    .sort()
    .map((repository) =>
      repository.endsWith("/*")
        ? `${name} StringStartsWithIgnoreCase '${repository.slice(0, -1)}'`
        : `${name} StringEqualsIgnoreCase '${repository}'`,
    );
  return `((${actions}) OR (${names.join(" OR ")}))`;
}

/** The repositories in a condition that has the form of `repositoryCondition`; none if it has another form. */
export function repositoriesIn(condition: string): string[] {
  const names =
    /\brepositories:name\]\s+String(?<kind>Equals|StartsWith)(?:IgnoreCase)?\s+'(?<name>[^']*)'/gi;
  return [...condition.matchAll(names)].map(({ groups }) =>
    groups?.["kind"]?.toLowerCase() === "startswith" ? `${groups["name"]}*` : (groups?.["name"] ?? ""),
  );
}

/** Whether two conditions differ only in white space and letter case. */
export function sameCondition(left: string | undefined, right: string | undefined): boolean {
  const plain = (text: string | undefined) => (text ?? "").replace(/\s+/g, "").toLowerCase();
  return plain(left) === plain(right);
}

/**
 * What the roles that acr-pull grants allow; undefined for any other role.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers
 */
export function builtInPermissions(roleDefinitionId: string): RolePermissions | undefined {
  const role = builtInRole(roleDefinitionId);
  if (!role) return undefined;
  const pull = "Microsoft.ContainerRegistry/registries/pull/read";
  const push = "Microsoft.ContainerRegistry/registries/push/write";
  const actions = role === owner ? ["*"] : role === acrPull ? [pull] : role === acrPush ? [pull, push] : [];
  const { name, dataActions } = role;
  return { name, sets: [{ actions, notActions: [], dataActions, notDataActions: [] }] };
}

/** What a role allows: an action that some set lists and does not exclude. */
export interface RolePermissions {
  readonly name: string;
  readonly sets: ReadonlyArray<{
    readonly actions: readonly string[];
    readonly notActions: readonly string[];
    readonly dataActions: readonly string[];
    readonly notDataActions: readonly string[];
  }>;
}
