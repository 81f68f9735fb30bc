import { isManagedHost, managedClustersOf, pullIdentity, whyNotSeen } from "../domain/managed-cluster.ts";
import type { AccessedRegistry } from "../domain/registry.ts";
import type { AzureSight } from "./azure-sight.ts";
import type { Wanted } from "./entries.ts";
import type { NodesFacts } from "./facts.ts";
import { known, unknown, valueOf, type Known } from "./known.ts";
import { givesPull } from "./roles.ts";

/** What the nodes of a cluster may pull by their own identity, before anything is known about its secrets. */
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
  const none = { cluster, registries: [] };
  if (!identity) return known(none);
  const all = asked ? (valueOf(await azure.registries()) ?? []) : [];
  const registries = asked
    ? (asked.registry ?? all.find((one) => one.loginServer === asked.loginServer))
    : await azure.attached(identity);
  return withRegistries(none, [registries ?? []].flat(), azure);
}

/** Adds further registries, which the cluster's secrets are for. */
export async function withRegistries(
  { cluster, registries }: NodesFacts,
  more: readonly AccessedRegistry[],
  azure: AzureSight,
): Promise<Known<NodesFacts>> {
  const objectId = pullIdentity(cluster)?.objectId;
  if (objectId === undefined) return known({ cluster, registries });
  const seen = new Set(registries.map(({ registry }) => registry.id));
  const added = new Map(more.filter(({ id }) => !seen.has(id)).map((one) => [one.id, one]));
  const asked = [...added.values()].map(async (registry) => ({
    registry,
    roles: await azure.roles(registry.id, objectId),
  }));
  return known({ cluster, registries: [...registries, ...(await Promise.all(asked))] });
}

/** The registries that the nodes pull from. */
export function pulledByNodes(nodes: Known<NodesFacts | undefined>): AccessedRegistry[] {
  return (valueOf(nodes)?.registries ?? [])
    .filter(({ registry, roles }) =>
      valueOf(roles)?.some((one) => givesPull(one, registry.roleAssignmentMode)),
    )
    .map(({ registry }) => registry);
}
