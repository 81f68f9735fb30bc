import type { DesiredAssignment, RoleAssignment } from "../../domain/role-assignment.ts";
import type { RolePermissions } from "../../domain/role.ts";

/*
 * Role assignments, through Azure Resource Manager.
 *
 * Lists may be stale for some minutes after a write, and a new principal may be unknown (`principal-unknown`).
 * Source: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
 */

/** What the caller may do on a registry, as far as Azure says in advance. */
export interface RegistryRights {
  readonly writeRoleAssignments: boolean;
  readonly deleteRoleAssignments: boolean;
}

/** How an attempt to assign a role ended, if it did not fail. */
export type AssignOutcome =
  | { readonly kind: "assigned"; readonly assignment: RoleAssignment }
  /** 409: the principal already has this role on this scope, through an assignment with another name. */
  | { readonly kind: "exists" }
  /** 400 PrincipalNotFound: not yet known to Resource Manager. */
  | { readonly kind: "principal-unknown" };

/** Reads and changes role assignments. */
export interface Roles {
  /**
   * Makes the caller's sign-in as strong as Azure demands for a write; a person may have to take part.
   * @throws ActionableError `azure.mfa-required`
   */
  readyToWrite(signal: AbortSignal): Promise<void>;
  /**
   * What the caller's role assignments allow. Ignores deny assignments and conditions. Undefined if the assignments
   * cannot be read: then only the first write shows it.
   */
  registryRights(registryId: string, signal: AbortSignal): Promise<RegistryRights | undefined>;
  /** The principal's assignments on the registry itself, and those inherited from above it. */
  listAssignments(
    registryId: string,
    principalId: string,
    signal: AbortSignal,
  ): Promise<readonly RoleAssignment[]>;
  /** Every assignment made on the registry itself, without inherited ones. */
  listRegistryAssignments(registryId: string, signal: AbortSignal): Promise<readonly RoleAssignment[]>;
  /** Sends a PUT with the derived name. A repeat changes nothing, and a new condition replaces the old one. */
  assignRole(
    registryId: string,
    principalId: string,
    desired: DesiredAssignment,
    signal: AbortSignal,
  ): Promise<AssignOutcome>;
  /** Succeeds if it is already gone. */
  removeAssignment(id: string, signal: AbortSignal): Promise<void>;
  /** All assignments of the principal, at any scope, in the subscriptions that the caller sees. */
  listVisibleAssignments(principalId: string, signal: AbortSignal): Promise<readonly RoleAssignment[]>;
}

/** Reads which roles a principal holds, and what they allow. */
export interface RoleReads {
  /** Assignments on the registry or above it, to the principal itself or to a group that it belongs to. */
  listHeldAssignments(
    registryId: string,
    principalId: string,
    signal: AbortSignal,
  ): Promise<readonly RoleAssignment[]>;
  /** Undefined if the role no longer exists. */
  findRole(roleDefinitionId: string, signal: AbortSignal): Promise<RolePermissions | undefined>;
}
