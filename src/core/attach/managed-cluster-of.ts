import { inOneLine } from "../../domain/in-one-line.ts";
import { isManagedHost, type ManagedCluster } from "../../domain/managed-cluster.ts";
import type { ClusterTarget, ManagedClusterList, ManagedClusters } from "../ports.ts";

/**
 * The managed clusters that have this API server, one for each identity of nodes. Private clusters in networks of their
 * own may have one by the same name, and then nobody can tell from here which of them is meant.
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

/** The managed cluster that has this API server; undefined where there is none, or it is not known which. */
export function managedClusterOf(
  apiHost: string,
  list: Pick<ManagedClusterList, "clusters">,
): ManagedCluster | undefined {
  const [found, ...others] = managedClustersOf(apiHost, list);
  return others.length === 0 ? found : undefined;
}

/** Why it cannot be told which managed cluster a context leads to. */
export function whyNotSeen(apiHost: string, list: Pick<ManagedClusterList, "clusters">): string {
  const found = managedClustersOf(apiHost, list);
  if (found.length === 0) return "the account signed in does not see the managed cluster";
  const names = found.map(({ name, resourceGroup }) => inOneLine(`${resourceGroup}/${name}`));
  return `several managed clusters have its API server: ${names.join(", ")}`;
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
