import { createAzureHttp, type AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { openDirectory, type AzureOptions } from "./directory-services.ts";
import { createManagedClusterClient } from "./managed-cluster-client.ts";
import { createResourceManager } from "./resource-manager.ts";
import { createRegistryResourceClient } from "./registry-resource-client.ts";
import { createRoleClient } from "./role-client.ts";

/**
 * Opens all clients of one cloud, which share one sign-in and one pool of connections. Costs a request only for a cloud
 * that is not Microsoft's own.
 * @throws ActionableError as resolveCloud does
 */
export async function openAzure(
  options: AzureOptions,
  signal: AbortSignal,
  http: AzureHttp = createAzureHttp({ ...options, variables: options.env }),
) {
  // Loading them earlier would delay the first request; loading them after its answer would delay the second.
  http.underWay.then(() => import("./resource-manager-clients.ts")).catch(() => {});
  const scopes = (cloud: Cloud) => [cloud.resourceManagerScope, cloud.graphScope] as const;
  const services = await openDirectory(options, signal, http, scopes);
  const { cloud, credential } = services;
  const resourceManager = createResourceManager(cloud, credential, http);
  return {
    ...services,
    registries: createRegistryResourceClient(cloud, resourceManager, options.env["AZURE_SUBSCRIPTION_ID"]),
    roles: createRoleClient(resourceManager),
    managedClusters: createManagedClusterClient(resourceManager),
  };
}
