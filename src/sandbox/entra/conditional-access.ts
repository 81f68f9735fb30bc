import type { ServicePrincipalRecord, World } from "../world.ts";

/** Whether a policy for workload identities refuses a service principal that signs in itself. */
export function isBlocked({ policy, caller }: World, { id }: Pick<ServicePrincipalRecord, "id">): boolean {
  const excludes = (policy.conditionalAccessExcludes ?? []).map((one) =>
    one === "caller" ? caller.objectId : one,
  );
  return policy.conditionalAccessBlocks === true && !excludes.includes(id);
}

/** Whether it refuses one that a registry signs in, from an address of the registry's own. */
export function isBlockedAtRegistries(world: World, principal: Pick<ServicePrincipalRecord, "id">): boolean {
  return world.policy.conditionalAccessBlocksRegistries === true || isBlocked(world, principal);
}
