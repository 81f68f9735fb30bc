import type { KubeletIdentity } from "../../domain/managed-cluster.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import type { Roles } from "../ports.ts";

const registryId = /\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/]+$/i;

/**
 * The role assignments on registries that acr-pull made for the nodes of a managed cluster, as far as the caller sees
 * them.
 */
export async function attachedRegistries(
  { objectId }: KubeletIdentity,
  roles: Pick<Roles, "listVisibleAssignments">,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[]> {
  const visible = await roles.listVisibleAssignments(objectId, signal);
  return visible.filter((one) => registryId.test(one.scope) && isOurAssignment(one.scope, one));
}
