import type { ActionableError } from "../../domain/errors.ts";
import type { ManagedCluster } from "../../domain/managed-cluster.ts";

/*
 * Managed clusters of AKS, by Azure Resource Manager. What it says of a cluster is believed: a cluster and its identity
 * are made long before somebody asks.
 */

/** The managed clusters that the caller sees. */
export interface ManagedClusterList {
  readonly clusters: readonly ManagedCluster[];
  /** Why each unseen subscription could not be searched: a cluster may be there. */
  readonly unseen: readonly ActionableError[];
  /** The tenant of each subscription that the caller sees, by its id in lower case. */
  readonly tenants: ReadonlyMap<string, string>;
}

/** Finds managed clusters. */
export interface ManagedClusters {
  /** Those of every subscription that the caller sees; in one without the right to list them there are none. */
  listManagedClusters(signal: AbortSignal): Promise<ManagedClusterList>;
}
