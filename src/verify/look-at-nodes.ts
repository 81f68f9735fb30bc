import { isManagedHost, managedClustersOf, pullIdentity, whyNotSeen } from "../domain/managed-cluster.ts";
import type { AccessedRegistry } from "../domain/registry.ts";
import type { AzureSight } from "./azure-sight.ts";
import type { Wanted } from "./entries.ts";
import type { NodesFacts } from "./facts.ts";
import { known, unknown, valueOf, type Known } from "./known.ts";
import { givesPull } from "./roles.ts";

/**
 * What the nodes of a cluster may pull by their own identity: from the registry that was asked for, or else from those
 * that acr-pull let them pull from.
 */
export async function seeNodes(
  apiHost: string,
  wanted: Promise<Wanted | undefined>,
  azure: AzureSight,
): Promise<Known<NodesFacts | undefined>> {
  if (!isManagedHost(apiHost)) return known(undefined);
  const [listed, asked] = await Promise.all([azure.managedClusters(), wanted]);
  if (!listed.known) return listed;
  const [cluster, ...others] = managedClustersOf(apiHost, listed.value);
  if (others.length > 0) return unknown(`${whyNotSeen(apiHost, listed.value)}.`);
  const [unseen] = listed.value.unseen;
  if (!cluster) return unseen ? unknown(unseen.message, unseen.hint) : known(undefined);
  const identity = pullIdentity(cluster);
  if (!identity) return known({ cluster, registries: [] });
  const registries = asked ? [asked.registry ?? []].flat() : await azure.attached(identity);
  const held = registries.map(async (registry) => ({
    registry,
    roles: await azure.roles(registry.id, identity.objectId),
  }));
  return known({ cluster, registries: await Promise.all(held) });
}

/** The registries that the nodes pull from. */
export function pulledByNodes(nodes: Known<NodesFacts | undefined>): AccessedRegistry[] {
  return (valueOf(nodes)?.registries ?? [])
    .filter(({ registry, roles }) =>
      valueOf(roles)?.some((one) => givesPull(one, registry.roleAssignmentMode)),
    )
    .map(({ registry }) => registry);
}
