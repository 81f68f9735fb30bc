/** The identity that the nodes of a managed cluster pull images by. */
export interface KubeletIdentity {
  /** Of its service principal in the directory. */
  readonly objectId: string;
  readonly clientId: string;
  /** Of the user-assigned identity: often in the cluster's own node group, but it may be anywhere in the tenant. */
  readonly resourceId: string;
}

/**
 * A managed cluster of AKS.
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
  /** The hosts of its API server, in lower case: one for all, or one within its network, and one for the portal. */
  readonly apiHosts: readonly string[];
  /** Undefined for a cluster whose nodes sign in as a service principal. */
  readonly kubeletIdentity: KubeletIdentity | undefined;
}

/**
 * What the names of AKS's API servers end in, in each cloud.
 * Source: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
 */
const suffixes = [".azmk8s.io", ".cx.aks.containerservice.azure.us", ".cx.prod.service.azk8s.cn"];

/** Whether the host of an API server has a name that only AKS gives. */
export function isManagedHost(apiHost: string): boolean {
  return suffixes.some((suffix) => apiHost.toLowerCase().endsWith(suffix));
}
