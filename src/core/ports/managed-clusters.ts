import type { ActionableError } from "../../domain/errors.ts";
import type { ManagedCluster } from "../../domain/managed-cluster.ts";

/*
 * AKS clusters, through Azure Resource Manager. Its answers are believed: a cluster and its identity exist long
 * before anybody asks about them.
 */

/** The AKS clusters that the caller sees. */
export interface ManagedClusterList {
  readonly clusters: readonly ManagedCluster[];
  /** Why some subscriptions could not be searched: a cluster may be in one of them. */
  readonly unseen: readonly ActionableError[];
  /** The tenant of each subscription that the caller sees, by the subscription's id in lower case. */
  readonly tenants: ReadonlyMap<string, string>;
}

/** Finds AKS clusters. */
export interface ManagedClusters {
  /**
   * The clusters in every subscription that the caller sees. A subscription whose clusters the caller may not list
   * counts as having none.
   */
  listManagedClusters(signal: AbortSignal): Promise<ManagedClusterList>;
}
