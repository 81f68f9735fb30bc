import type { ManagedClusters } from "../core/ports.ts";
import type { KubeletIdentity, ManagedCluster } from "../domain/managed-cluster.ts";
import { record, text } from "./json-fields.ts";
import { searchEach, type ResourceManager } from "./resource-manager.ts";

/** Lists managed clusters of AKS, through Azure Resource Manager. */
export function createManagedClusterClient(resourceManager: ResourceManager): ManagedClusters {
  return {
    async listManagedClusters(signal) {
      const subscriptions = await resourceManager.subscriptions(signal);
      const { items: clusters, unseen } = await searchEach(
        "list the managed clusters",
        subscriptions,
        signal,
        async ({ id, tenantId }) => {
          const path = `/subscriptions/${id}/providers/Microsoft.ContainerService/managedClusters`;
          const listed = await resourceManager.ask("managedClusters", signal, (clients) =>
            clients.list(path),
          );
          return listed.flatMap((one) => managedCluster(one, tenantId) ?? []);
        },
      );
      const tenants = subscriptions.flatMap(({ id, tenantId }) =>
        tenantId === undefined ? [] : [[id.toLowerCase(), tenantId.toLowerCase()] as const],
      );
      return { clusters, unseen, tenants: new Map(tenants) };
    },
  };
}

/** Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/list */
function managedCluster(listed: unknown, tenantId: string | undefined): ManagedCluster | undefined {
  const { id, name, properties } = record(listed);
  const clusterId = text(id);
  if (clusterId === undefined) return undefined;
  const { fqdn, privateFQDN, azurePortalFQDN, identityProfile, securityProfile } = record(properties);
  const [, , subscriptionId = "", , resourceGroup = ""] = clusterId.split("/");
  return {
    id: clusterId,
    name: text(name) ?? clusterId.split("/").at(-1) ?? "",
    resourceGroup,
    subscriptionId,
    tenantId: tenantId?.toLowerCase(),
    apiHosts: [fqdn, privateFQDN, azurePortalFQDN].flatMap((host) => text(host)?.toLowerCase() ?? []),
    kubeletIdentity: kubeletIdentity(record(identityProfile)["kubeletidentity"]),
    pullsByServiceAccount:
      record(record(securityProfile)["serviceAccountImagePullProfile"])["enabled"] === true,
  };
}

/** Undefined without an object id, as in a cluster that is being created: such an identity can be granted nothing. */
function kubeletIdentity(listed: unknown): KubeletIdentity | undefined {
  const { objectId, clientId, resourceId } = record(listed);
  const id = text(objectId);
  if (id === undefined) return undefined;
  return { objectId: id.toLowerCase(), clientId: text(clientId) ?? "", resourceId: text(resourceId) ?? "" };
}
