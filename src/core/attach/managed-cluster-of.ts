import { isManagedHost, managedClusterOf, type ManagedCluster } from "../../domain/managed-cluster.ts";
import type { ClusterTarget, ManagedClusterList, ManagedClusters } from "../ports.ts";

/** A context whose API server has a name that only AKS gives. */
export interface ManagedContext {
  readonly context: string;
  /** Undefined if it is not among the managed clusters, or if the list has not arrived yet. */
  readonly cluster: ManagedCluster | undefined;
}

/** A background look at managed clusters. */
export interface ManagedWatch {
  /** The contexts, with what is known so far. */
  soFar(): readonly ManagedContext[];
  /** Stops the look. */
  close(): void;
}

/**
 * Starts to look up the managed clusters behind the contexts whose API servers have a name that AKS gives. Nobody
 * waits for the answer, and a failure is ignored.
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
