import type { ClusterFacts, EntryFacts } from "../checks/facts.ts";
import type { ClusterReads } from "../ports.ts";
import type { VerifyInput, VerifyPorts } from "./contract.ts";
import type { IsRegistry } from "./entries.ts";
import type { AzureSight } from "./look-at-azure.ts";
import { withRegistries } from "./look-at-nodes.ts";
import type { RegistrySight } from "./look-at-registry.ts";

/** What was seen before. */
interface Looked extends Pick<ClusterFacts, "nodes"> {
  readonly cluster: ClusterReads;
  readonly entries: readonly EntryFacts[];
}

/** What is needed to look at a cluster. */
interface Looking {
  readonly registries: RegistrySight;
  readonly azure: AzureSight;
  readonly ports: Pick<VerifyPorts, "clock">;
  readonly input: Pick<VerifyInput, "suggest">;
}

/** Gathers the facts about a cluster as a whole, after its secrets were looked at. */
export async function clusterFacts(
  { cluster, entries, nodes }: Looked,
  { registries, ports, azure, input }: Looking,
  owns: IsRegistry,
): Promise<ClusterFacts> {
  const asked = entries.find(({ host }) => owns(host));
  const found = entries.flatMap(({ registry }) => (registry.known && registry.value) || []);
  return {
    context: cluster.context,
    apiHost: cluster.apiHost,
    clusterAheadMs: cluster.serverTime().getTime() - ports.clock.now().getTime(),
    registryAheadMs: asked && (await registries.clockAheadMs(asked.host)),
    registry: found[0],
    nodes: nodes.known && nodes.value ? await withRegistries(nodes.value, found, azure) : nodes,
    suggest: input.suggest,
  };
}
