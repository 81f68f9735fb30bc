import type { KubeletIdentity } from "../../domain/managed-cluster.ts";
import { isAttachment, type RoleAssignment } from "../../domain/role-assignment.ts";
import type { Roles } from "../ports.ts";

/**
 * The role assignments on registries that acr-pull made for the nodes of a managed cluster, as far as the caller sees
 * them.
 */
export async function attachedRegistries(
  { objectId }: KubeletIdentity,
  roles: Pick<Roles, "listVisibleAssignments">,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[]> {
  return (await roles.listVisibleAssignments(objectId, signal)).filter(isAttachment);
}
