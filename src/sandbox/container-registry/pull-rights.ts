import { isBlockedAtRegistries } from "../entra/conditional-access.ts";
import { registryResourceId } from "../resource-manager/registry-resource.ts";
import { wholeTruth, type ReplicaView } from "../replication.ts";
import { covers, grantsAt, permitsAction, permitsDataAction } from "../resource-manager/role-evaluation.ts";
import type { PasswordRecord, RegistryRecord, World } from "../world.ts";

/*
 * What a credential may do on a registry. The registry's token endpoint and the sandbox's invariants share this one
 * answer. Sources:
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 * https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-directory-reference
 */

/** An action in a repository, as a token's scope names it. */
export type RepositoryAction = "pull" | "push" | "delete" | "metadata_read" | "metadata_write";

/** What a principal may do on one registry. */
export interface RegistryRights {
  /** Whether it may do anything at all with content. If not, even signing in is refused. */
  readonly any: boolean;
  /** Whether it may list the repositories. */
  readonly catalog: boolean;
  allows(action: RepositoryAction, repository: string): boolean;
}

/** Why a registry refuses a sign-in. */
export type SignInRefusal = "unknown-application" | "wrong-secret" | "no-role";

/** How a registry answers a user name and password. */
export type PullRights =
  | { readonly kind: "refused"; readonly reason: SignInRefusal }
  | { readonly kind: "admitted"; readonly principalId: string; readonly rights: RegistryRights };

/**
 * How a registry answers an application's id and password, and what they allow there.
 * @param view the writes that one replica knows; by default all of them
 */
export function pullRights(
  world: World,
  registry: RegistryRecord,
  username: string,
  password: string,
  view: ReplicaView = wholeTruth,
): PullRights {
  const isThis = ({ appId }: { readonly appId: string }) => appId.toLowerCase() === username.toLowerCase();
  const application = world.applications.find(
    (record) => isThis(record) && view.knows(record) && !record.softDeleted,
  );
  const principal = world.servicePrincipals.find(
    (record) => isThis(record) && view.knows(record) && record.accountEnabled,
  );
  if (!application || !principal) return { kind: "refused", reason: "unknown-application" };
  const passwords = [...application.passwords, ...principal.passwords];
  if (!passwords.some((record) => record.secretText === password && isLive(record, view))) {
    return { kind: "refused", reason: "wrong-secret" };
  }
  // A registry gives no reason of Entra's.
  if (isBlockedAtRegistries(world, principal)) return { kind: "refused", reason: "wrong-secret" };
  const rights = registryRights(world, registry, principal.id, view);
  return rights.any
    ? { kind: "admitted", principalId: principal.id, rights }
    : { kind: "refused", reason: "no-role" };
}

/**
 * What a principal may do on a registry, by its role assignments alone.
 * @param view the writes that one replica knows; by default all of them
 */
export function registryRights(
  world: World,
  registry: RegistryRecord,
  principalId: string,
  view: ReplicaView = wholeTruth,
): RegistryRights {
  const grants = grantsAt(world, principalId, registryResourceId(registry), view);
  if (registry.roleAssignmentMode === "LegacyRegistryPermissions") {
    const may = (action: RepositoryAction) => permitsAction(grants, legacyActions[action]);
    const any = (["pull", "push", "delete"] as const).some(may);
    return { any, catalog: may("pull"), allows: (action) => may(action) };
  }
  const attributes = (repository: string) => ({ [repositoryName]: repository });
  return {
    any: dataActions.some((action) =>
      grants.some(({ role }) => covers(role.dataActions, role.notDataActions, action)),
    ),
    catalog: permitsDataAction(grants, catalogRead, {}),
    allows: (action, repository) =>
      repositoryDataActions[action].every((dataAction) =>
        permitsDataAction(grants, dataAction, attributes(repository)),
      ),
  };
}

const registries = "Microsoft.ContainerRegistry/registries";
const repositoryName = `request[${registries}/repositories:name]`.toLowerCase();
const catalogRead = `${registries}/catalog/read`;

const legacyActions: Readonly<Record<RepositoryAction, string>> = {
  pull: `${registries}/pull/read`,
  push: `${registries}/push/write`,
  delete: `${registries}/artifacts/delete`,
  metadata_read: `${registries}/pull/read`,
  metadata_write: `${registries}/push/write`,
};

// Tags and manifests count as metadata: a caller that may not read or write them may not pull or push either. (The
// docs give the roles both rights, and do not say what one of them alone would allow.)
const repositoryDataActions: Readonly<Record<RepositoryAction, readonly string[]>> = {
  pull: [`${registries}/repositories/content/read`, `${registries}/repositories/metadata/read`],
  push: [`${registries}/repositories/content/write`, `${registries}/repositories/metadata/write`],
  delete: [`${registries}/repositories/content/delete`, `${registries}/repositories/metadata/delete`],
  metadata_read: [`${registries}/repositories/metadata/read`],
  metadata_write: [`${registries}/repositories/metadata/write`],
};

const dataActions = [...new Set([...Object.values(repositoryDataActions).flat(), catalogRead])];

function isLive(password: PasswordRecord, view: ReplicaView): boolean {
  const now = Date.now();
  return (
    view.knows(password) &&
    Date.parse(password.startDateTime) <= now &&
    now < Date.parse(password.endDateTime)
  );
}
