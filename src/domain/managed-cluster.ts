import { inOneLine } from "./in-one-line.ts";

/** The identity by which the nodes of an AKS cluster pull images. */
export interface KubeletIdentity {
  /** The object id of its service principal in the directory. */
  readonly objectId: string;
  readonly clientId: string;
  /** The id of the user-assigned identity: often in the cluster's own node group, but maybe elsewhere in the tenant. */
  readonly resourceId: string;
}

/**
 * An AKS cluster.
 * Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/list
 */
export interface ManagedCluster {
  /** Resource id, in the case Azure gave. */
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly subscriptionId: string;
  /** The tenant of its subscription, which is also that of its identities. */
  readonly tenantId: string | undefined;
  /** The hosts of its API server, in lower case: the public or the private one, and the one for the portal. */
  readonly apiHosts: readonly string[];
  /** Undefined for a cluster whose nodes sign in as a service principal. */
  readonly kubeletIdentity: KubeletIdentity | undefined;
  /**
   * Whether pods pull as the identities of their service accounts, and not as the nodes':
   * https://aka.ms/aks/identity-binding/acr-image-pull/docs
   */
  readonly pullsByServiceAccount: boolean;
}

/** The identity that its nodes pull images by. Undefined if they pull by none. */
export function pullIdentity({
  kubeletIdentity,
  pullsByServiceAccount,
}: ManagedCluster): KubeletIdentity | undefined {
  return pullsByServiceAccount ? undefined : kubeletIdentity;
}

/**
 * The endings of the names that AKS gives API servers, in each cloud.
 * Source: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
 */
const suffixes = [".azmk8s.io", ".cx.aks.containerservice.azure.us", ".cx.prod.service.azk8s.cn"];

/** Whether the host of an API server has a name that only AKS gives. */
export function isManagedHost(apiHost: string): boolean {
  return suffixes.some((suffix) => apiHost.toLowerCase().endsWith(suffix));
}

/** The managed clusters that a caller sees. */
interface SeenClusters {
  readonly clusters: readonly ManagedCluster[];
}

/**
 * The managed clusters that have this API server, one for each identity of nodes. Private clusters in separate
 * networks may have API servers of the same name. Then nobody can say from here which one is meant.
 */
export function managedClustersOf(apiHost: string, { clusters }: SeenClusters): readonly ManagedCluster[] {
  const found = clusters.filter(({ apiHosts }) => apiHosts.includes(apiHost.toLowerCase()));
  return found.filter(
    (one, index) =>
      found.findIndex((other) => other.kubeletIdentity?.objectId === one.kubeletIdentity?.objectId) === index,
  );
}

/** The managed cluster that has this API server. Undefined if there is none, or if it is unclear which one it is. */
export function managedClusterOf(apiHost: string, list: SeenClusters): ManagedCluster | undefined {
  const [found, ...others] = managedClustersOf(apiHost, list);
  return others.length === 0 ? found : undefined;
}

/** Why acr-pull cannot say which managed cluster a context leads to. */
export function whyNotSeen(apiHost: string, list: SeenClusters): string {
  const found = managedClustersOf(apiHost, list);
  if (found.length === 0) return "the account signed in does not see the managed cluster";
  const names = found.map(({ name, resourceGroup }) => inOneLine(`${resourceGroup}/${name}`));
  return `several managed clusters have its API server: ${names.join(", ")}`;
}
