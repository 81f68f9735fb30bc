import type { ClusterFacts, EntryFacts } from "../checks/facts.ts";
import type { ClusterReads } from "../ports.ts";
import type { VerifyInput } from "./contract.ts";
import type { AzureSight } from "./look-at-azure.ts";
import { withRegistries } from "./look-at-nodes.ts";

/** What was seen before. */
interface Looked extends Pick<ClusterFacts, "nodes"> {
  readonly cluster: ClusterReads;
  readonly entries: readonly EntryFacts[];
}

/** What is needed to look at a cluster. */
interface Looking {
  readonly azure: AzureSight;
  readonly input: Pick<VerifyInput, "suggest">;
}

/** Gathers the facts about a cluster as a whole, after its secrets were looked at. */
export async function clusterFacts(
  { cluster, entries, nodes }: Looked,
  { azure, input }: Looking,
): Promise<ClusterFacts> {
  const found = entries.flatMap(({ registry }) => (registry.known && registry.value) || []);
  return {
    context: cluster.context,
    apiHost: cluster.apiHost,
    registry: found[0],
    nodes: nodes.known && nodes.value ? await withRegistries(nodes.value, found, azure) : nodes,
    suggest: input.suggest,
  };
}
