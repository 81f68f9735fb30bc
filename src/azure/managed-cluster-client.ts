import pMap from "p-map";
import type { ManagedClusterList, ManagedClusters } from "../core/ports.ts";
import type { ActionableError } from "../domain/errors.ts";
import type { KubeletIdentity, ManagedCluster } from "../domain/managed-cluster.ts";
import { azureError, perform } from "./azure-errors.ts";
import { record, text } from "./json-fields.ts";
import { subscriptionsAtOnce, type ResourceManager, type Subscription } from "./resource-manager.ts";
import { isMissing, isRefusal, ServiceFailure } from "./service-failure.ts";

/** Lists managed clusters of AKS, through Azure Resource Manager. */
export function createManagedClusterClient(resourceManager: ResourceManager): ManagedClusters {
  /** The clusters of one subscription, or why they could not be listed. */
  async function listIn(
    { id, tenantId }: Subscription,
    signal: AbortSignal,
  ): Promise<Pick<ManagedClusterList, "clusters" | "unseen">> {
    const task = { doing: `list the managed clusters of subscription ${id}`, area: "registries" } as const;
    return perform(task, signal, async () => {
      try {
        const path = `/subscriptions/${id}/providers/Microsoft.ContainerService/managedClusters`;
        const listed = await resourceManager.ask("managedClusters", signal, (clients) => clients.list(path));
        return { clusters: listed.flatMap((one) => managedCluster(one, tenantId) ?? []), unseen: [] };
      } catch (error) {
        if (!(error instanceof ServiceFailure) || error.status === 401) throw error;
        // The caller has no right there, nobody ever used AKS in it, or it is being deleted.
        if (isRefusal(error, 403) || isMissing(error)) return { clusters: [], unseen: [] };
        return { clusters: [], unseen: [azureError(error, task) as ActionableError] };
      }
    });
  }

  return {
    async listManagedClusters(signal) {
      const task = { doing: "list the subscriptions", area: "registries" } as const;
      const subscriptions = await perform(task, signal, () => resourceManager.subscriptions(signal));
      const lists = await pMap(subscriptions, (one) => listIn(one, signal), {
        concurrency: subscriptionsAtOnce,
        signal,
      });
      return {
        clusters: lists.flatMap(({ clusters }) => clusters),
        unseen: lists.flatMap(({ unseen }) => unseen),
        tenants: new Map(
          subscriptions.flatMap(({ id, tenantId }) =>
            tenantId === undefined ? [] : [[id.toLowerCase(), tenantId.toLowerCase()]],
          ),
        ),
      };
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
