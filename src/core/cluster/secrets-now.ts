import pMap from "p-map";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { SeenCluster } from "./see-clusters.ts";

/**
 * A cluster's pull secrets as they are now, for others may have written since they were seen; where they may not be
 * listed cluster-wide, those that were seen.
 * @param concurrency the most requests under way at once
 */
export async function secretsNow(
  { cluster, secrets }: Pick<SeenCluster, "cluster" | "secrets">,
  concurrency: number,
  signal: AbortSignal,
): Promise<readonly PullSecret[]> {
  const listed = await cluster.listPullSecrets(signal);
  if (listed) return listed;
  const found = await pMap(secrets, ({ namespace, name }) => cluster.findSecret(namespace, name, signal), {
    concurrency,
  });
  return found.filter((secret) => secret !== undefined);
}
