import type { EntryMark } from "../../domain/ownership.ts";
import type { Registry } from "../../domain/registry.ts";
import { builtInRole, rolesFor } from "../../domain/role.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import type { Roles } from "../ports.ts";
import type { ApplicationFinding } from "../identity/application.ts";
import { ifToBeHad } from "../cluster/failure-of-one.ts";

/*
 * Role assignments stay behind when a registry is moved to another resource group or subscription: Azure lists them for a
 * while at the old place, where they give nothing any more.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/move-resource-group-and-subscription
 */

/**
 * What acr-pull granted a principal on a registry where that was before it was moved, as far as the caller sees it. Owner is
 * not granted anew without being asked for.
 * @param where.marks what the cluster's secrets say of the registry
 * @returns undefined where it was not moved, or something was granted since
 */
export async function grantedBeforeMoving(
  application: ApplicationFinding,
  where: { readonly registry: Registry; readonly marks: readonly EntryMark[] },
  roles: Roles,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[] | undefined> {
  if (application.kind !== "found" || !application.principal) return undefined;
  if (application.assignments.some((one) => isOurAssignment(where.registry.id, one))) return undefined;
  const ids = idsBeforeMoving(where.registry, where.marks);
  if (ids.length === 0) return undefined;
  const listing = roles.listVisibleAssignments(application.principal.objectId, signal);
  const visible = (await ifToBeHad(listing, signal)) ?? [];
  const granted = visible.filter((one) => ids.some((id) => isOurAssignment(id, one)));
  return granted.some(isOwner) ? [] : granted;
}

/** The resource ids by which secrets knew the registry before it was moved. Its name goes with it. */
function idsBeforeMoving({ id, name }: Registry, marks: readonly EntryMark[]): readonly string[] {
  const ids = marks.map(({ registry }) => registry.toLowerCase());
  const isOld = (one: string) =>
    one.startsWith("/") && one !== id.toLowerCase() && one.split("/").at(-1) === name.toLowerCase();
  return [...new Set(ids.filter(isOld))];
}

function isOwner({ roleDefinitionId }: RoleAssignment): boolean {
  const role = builtInRole(roleDefinitionId);
  const modes = ["LegacyRegistryPermissions", "AbacRepositoryPermissions"] as const;
  return role !== undefined && modes.some((mode) => rolesFor("owner", mode).includes(role));
}
