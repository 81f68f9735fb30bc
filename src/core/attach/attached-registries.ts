import type { KubeletIdentity } from "../../domain/managed-cluster.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import type { Roles } from "../ports.ts";

const registryId = /\/providers\/Microsoft\.ContainerRegistry\/registries\/[^/]+$/i;

/** What acr-pull granted the nodes of a managed cluster on registries, as far as the caller sees. */
export async function attachedRegistries(
  { objectId }: KubeletIdentity,
  roles: Pick<Roles, "listVisibleAssignments">,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[]> {
  const visible = await roles.listVisibleAssignments(objectId, signal);
  return visible.filter((one) => registryId.test(one.scope) && isOurAssignment(one.scope, one));
}
