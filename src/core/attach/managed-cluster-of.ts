import { isManagedHost, type ManagedCluster } from "../../domain/managed-cluster.ts";
import type { ClusterTarget, ManagedClusterList, ManagedClusters } from "../ports.ts";

/** The managed cluster that has this API server. */
export function managedClusterOf(
  apiHost: string,
  { clusters }: Pick<ManagedClusterList, "clusters">,
): ManagedCluster | undefined {
  return clusters.find(({ apiHosts }) => apiHosts.includes(apiHost.toLowerCase()));
}

/** A context whose API server has a name that only AKS gives. */
export interface ManagedContext {
  readonly context: string;
  /** Undefined: not seen among the managed clusters, or nobody has answered yet. */
  readonly cluster: ManagedCluster | undefined;
}

/** A look at managed clusters beside another one. */
export interface ManagedWatch {
  /** What is known by now. */
  soFar(): readonly ManagedContext[];
  /** Gives the look up. */
  close(): void;
}

/**
 * Begins to look which managed clusters the contexts lead to, where the names of their API servers suggest that they do.
 * Nobody waits for it, and a failure is nobody's trouble.
 */
export function watchManagedClusters(
  targets: ReadonlyArray<Pick<ClusterTarget, "cluster">>,
  managedClusters: ManagedClusters,
  signal: AbortSignal,
): ManagedWatch {
  const managed = targets.map(({ cluster }) => cluster).filter(({ apiHost }) => isManagedHost(apiHost));
  const stop = new AbortController();
  let known: Pick<ManagedClusterList, "clusters"> = { clusters: [] };
  if (managed.length > 0) {
    managedClusters.listManagedClusters(AbortSignal.any([signal, stop.signal])).then(
      (list) => (known = list),
      () => {},
    );
  }
  return {
    soFar: () =>
      managed.map(({ context, apiHost }) => ({ context, cluster: managedClusterOf(apiHost, known) })),
    close: () => stop.abort(),
  };
}
