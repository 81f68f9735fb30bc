import { isManagedHost, pullIdentity } from "../../domain/managed-cluster.ts";
import type { AccessedRegistry } from "../../domain/registry.ts";
import { managedClusterOf, managedClustersOf, whyNotSeen } from "../attach/managed-cluster-of.ts";
import { known, unknown, type Known } from "../checks/check.ts";
import { givesPull } from "../checks/credential/outcomes.ts";
import type { NodesFacts, NodesOnRegistry } from "../checks/facts.ts";
import type { Wanted } from "./entries.ts";
import type { AzureSight } from "./look-at-azure.ts";

/** What the nodes of a cluster may pull by their own identity, before anything is known about its secrets. */
export async function seeNodes(
  apiHost: string,
  wanted: Promise<Wanted | undefined>,
  azure: AzureSight,
): Promise<Known<NodesFacts | undefined>> {
  if (!isManagedHost(apiHost)) return known(undefined);
  const [listed, asked] = await Promise.all([azure.managedClusters(), wanted]);
  if (!listed.known) return listed;
  const cluster = managedClusterOf(apiHost, listed.value);
  if (managedClustersOf(apiHost, listed.value).length > 1)
    return unknown(`${whyNotSeen(apiHost, listed.value)}.`);
  const [unseen] = listed.value.unseen;
  if (!cluster) return unseen ? unknown(unseen.message, unseen.hint) : known(undefined);
  const identity = pullIdentity(cluster);
  if (!identity) return known({ cluster, registries: [] });
  const registries = asked ? await wantedRegistry(asked, azure) : await attached(identity, azure);
  return withRegistries({ cluster, registries: [] }, registries, azure);
}

/** Adds further registries, which the cluster's secrets are for. */
export async function withRegistries(
  facts: NodesFacts,
  more: readonly AccessedRegistry[],
  azure: AzureSight,
): Promise<Known<NodesFacts>> {
  const { cluster, registries } = facts;
  const seen = new Set(registries.map(({ registry }) => registry.id.toLowerCase()));
  const added = new Map(
    more.filter(({ id }) => !seen.has(id.toLowerCase())).map((one) => [one.id.toLowerCase(), one]),
  );
  const objectId = pullIdentity(cluster)?.objectId;
  if (objectId === undefined) return known(facts);
  const asked = await Promise.all(
    [...added.values()].map(async (registry): Promise<NodesOnRegistry> => ({
      registry,
      roles: await azure.roles(registry.id, objectId),
    })),
  );
  return known({ cluster, registries: [...registries, ...asked] });
}

/** The registries that the nodes pull from. */
export function pulledByNodes(nodes: Known<NodesFacts | undefined>): AccessedRegistry[] {
  const registries = nodes.known ? (nodes.value?.registries ?? []) : [];
  return registries
    .filter(
      ({ registry, roles }) =>
        roles.known && roles.value.some((one) => givesPull(one, registry.roleAssignmentMode)),
    )
    .map(({ registry }) => registry);
}

async function wantedRegistry(
  { reference, loginServer }: Wanted,
  azure: AzureSight,
): Promise<AccessedRegistry[]> {
  if (reference.kind === "resource-id") {
    const found = await azure.registryById(reference.id);
    return found.known && found.value ? [found.value] : [];
  }
  const all = await azure.registries();
  return all.known ? all.value.filter((one) => one.loginServer === loginServer) : [];
}

async function attached(
  identity: Parameters<AzureSight["attached"]>[0],
  azure: AzureSight,
): Promise<AccessedRegistry[]> {
  const ours = await azure.attached(identity);
  const ids = new Set((ours.known ? ours.value : []).map(({ scope }) => scope));
  const found = await Promise.all([...ids].map((id) => azure.registryById(id)));
  return found.flatMap((one) => (one.known && one.value ? [one.value] : []));
}
