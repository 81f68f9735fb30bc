import { exists, type ReplicaView } from "./replication.ts";
import type { ApplicationRecord, ServicePrincipalRecord, UserRecord, World } from "./world.ts";

/*
 * Which records the directory has: after all writes, or as far as one replica knows. A soft-deleted application is no
 * longer there, but it is in deletedItems and still holds its unique name.
 */

/** The application with this application id. */
export function liveApplication(world: World, appId: string): ApplicationRecord | undefined {
  return world.applications.find((one) => sameId(one.appId, appId) && exists(one));
}

/** The principal of the application, after all writes. */
export function livePrincipal(world: World, appId: string): ServicePrincipalRecord | undefined {
  return world.servicePrincipals.find((one) => sameId(one.appId, appId) && exists(one));
}

/** A user or principal with this object id, as far as the replica knows. */
export function findOwner(
  world: World,
  view: ReplicaView,
  id: string,
): UserRecord | ServicePrincipalRecord | undefined {
  return (
    world.users.find((one) => sameId(one.id, id)) ??
    world.servicePrincipals.find((one) => sameId(one.id, id) && view.knows(one))
  );
}

/** GUIDs are compared without regard to case. */
export function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
