import { v5 as uuidV5 } from "uuid";
import type { BuiltInRole } from "./role.ts";
import { wellFormed } from "./url-part.ts";

/** A role assignment as Azure Resource Manager lists it. */
export interface RoleAssignment {
  readonly id: string;
  /** The GUID that ends the id. */
  readonly name: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly scope: string;
  readonly condition: string | undefined;
}

/** An assignment that should exist. */
export interface DesiredAssignment {
  /** Its name; derived from the principal if none is given. */
  readonly name?: string;
  readonly role: BuiltInRole;
  readonly condition: string | undefined;
}

const assignmentNamespace = "6c1d3a3e-6f0f-5c64-9d52-0f2b6f1f3c55";

/**
 * The name (a GUID) of the assignment of a role to a principal on a registry. It is derived, so that a repeated run
 * finds its own work, and ours can be distinguished from others. The condition is not part of it: a principal can
 * have a role on a scope only once.
 */
export function assignmentName(registryId: string, principalId: string, roleGuid: string): string {
  const key = [registryId, principalId, roleGuid].join("|").toLowerCase();
  return uuidV5(wellFormed(key), assignmentNamespace);
}

/** Whether an assignment has the name that acr-pull would have given it. */
export function isOurAssignment(registryId: string, assignment: RoleAssignment): boolean {
  const guid = assignment.roleDefinitionId.split("/").at(-1) ?? "";
  return (
    assignment.scope.toLowerCase() === registryId.toLowerCase() &&
    assignment.name.toLowerCase() === assignmentName(registryId, assignment.principalId, guid)
  );
}

const registryScope = /\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/]+$/i;

/** Whether an assignment lets somebody pull from a registry because acr-pull made it: for the nodes of an AKS cluster. */
export function isAttachment(assignment: RoleAssignment): boolean {
  return registryScope.test(assignment.scope) && isOurAssignment(assignment.scope, assignment);
}
