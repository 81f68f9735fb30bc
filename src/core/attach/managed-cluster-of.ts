import { inOneLine } from "../../domain/in-one-line.ts";
import { isManagedHost, type ManagedCluster } from "../../domain/managed-cluster.ts";
import type { ClusterTarget, ManagedClusterList, ManagedClusters } from "../ports.ts";

/**
 * The managed clusters that have this API server, one for each identity of nodes. Private clusters in separate
 * networks may have API servers of the same name. Then nobody can say from here which one is meant.
 */
export function managedClustersOf(
  apiHost: string,
  { clusters }: Pick<ManagedClusterList, "clusters">,
): readonly ManagedCluster[] {
  const found = clusters.filter(({ apiHosts }) => apiHosts.includes(apiHost.toLowerCase()));
  return found.filter(
    (one, index) =>
      found.findIndex((other) => other.kubeletIdentity?.objectId === one.kubeletIdentity?.objectId) === index,
  );
}

/** The managed cluster that has this API server. Undefined if there is none, or if it is unclear which one it is. */
export function managedClusterOf(
  apiHost: string,
  list: Pick<ManagedClusterList, "clusters">,
): ManagedCluster | undefined {
  const [found, ...others] = managedClustersOf(apiHost, list);
  return others.length === 0 ? found : undefined;
}

/** Why acr-pull cannot say which managed cluster a context leads to. */
export function whyNotSeen(apiHost: string, list: Pick<ManagedClusterList, "clusters">): string {
  const found = managedClustersOf(apiHost, list);
  if (found.length === 0) return "the account signed in does not see the managed cluster";
  const names = found.map(({ name, resourceGroup }) => inOneLine(`${resourceGroup}/${name}`));
  return `several managed clusters have its API server: ${names.join(", ")}`;
}

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
