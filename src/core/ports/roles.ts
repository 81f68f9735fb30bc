import type { DesiredAssignment, RoleAssignment } from "../../domain/role-assignment.ts";
import type { RolePermissions } from "../../domain/role.ts";

/*
 * Role assignments, by Azure Resource Manager.
 *
 * Lists may be stale for some minutes after a write, and a principal made just now may be unknown (`principal-unknown`).
 * Source: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
 */

/** What the caller may do on a registry, as far as Azure says beforehand. */
export interface RegistryRights {
  readonly writeRoleAssignments: boolean;
  readonly deleteRoleAssignments: boolean;
}

/** How an attempt to assign a role ended, if it did not fail. */
export type AssignOutcome =
  | { readonly kind: "assigned"; readonly assignment: RoleAssignment }
  /** 409: the principal has this role on this scope by an assignment with another name. */
  | { readonly kind: "exists" }
  /** 400 PrincipalNotFound: not yet known to Resource Manager. */
  | { readonly kind: "principal-unknown" };

/** Reads and changes role assignments. */
export interface Roles {
  /**
   * What the caller's role assignments allow; deny assignments and conditions are not considered. Undefined where they
   * cannot be read: then the first write tells.
   */
  registryRights(registryId: string, signal: AbortSignal): Promise<RegistryRights | undefined>;
  /** Assignments of the principal on the registry itself, and those inherited from above it. */
  listAssignments(
    registryId: string,
    principalId: string,
    signal: AbortSignal,
  ): Promise<readonly RoleAssignment[]>;
  /** Every assignment made on the registry itself, without inherited ones. */
  listRegistryAssignments(registryId: string, signal: AbortSignal): Promise<readonly RoleAssignment[]>;
  /** PUT with the derived name: a repeat changes nothing, and a new condition replaces the old one. */
  assignRole(
    registryId: string,
    principalId: string,
    desired: DesiredAssignment,
    signal: AbortSignal,
  ): Promise<AssignOutcome>;
  /** Succeeds if it is already gone. */
  removeAssignment(id: string, signal: AbortSignal): Promise<void>;
  /** Everything that the principal holds, at any scope, in the subscriptions that the caller sees. */
  listVisibleAssignments(principalId: string, signal: AbortSignal): Promise<readonly RoleAssignment[]>;
}

/** Reads which roles somebody holds, and what they allow. */
export interface RoleReads {
  /** On the registry or above it, by the principal itself or by a group that it belongs to. */
  listHeldAssignments(
    registryId: string,
    principalId: string,
    signal: AbortSignal,
  ): Promise<readonly RoleAssignment[]>;
  /** Undefined if the role no longer exists. */
  findRole(roleDefinitionId: string, signal: AbortSignal): Promise<RolePermissions | undefined>;
}
