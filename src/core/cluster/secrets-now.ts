import pMap from "p-map";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import type { Cluster } from "../ports.ts";

/** A cluster, and the secrets of it that were seen. */
export interface SeenSecrets {
  readonly cluster: Cluster;
  readonly secrets: ReadonlyArray<Pick<SecretObject, "namespace" | "name">>;
}

/** A cluster's pull secrets as they are now. */
export interface SecretsNow {
  readonly secrets: readonly SecretObject[];
  /** Whether these are all there are. */
  readonly whole: boolean;
}

/**
 * A cluster's pull secrets as they are now, for others may have written since they were seen; where they may not be
 * listed cluster-wide, those that were seen.
 * @param concurrency the most requests under way at once
 */
export async function secretsNow(
  { cluster, secrets }: SeenSecrets,
  concurrency: number,
  signal: AbortSignal,
): Promise<SecretsNow> {
  const listed = await cluster.listPullSecrets(signal);
  if (listed) return { secrets: listed, whole: true };
  const found = await pMap(secrets, ({ namespace, name }) => cluster.findSecret(namespace, name, signal), {
    concurrency,
  });
  return { secrets: found.filter((secret) => secret !== undefined), whole: false };
}
