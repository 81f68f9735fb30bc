import type { RegistryRecord } from "../world.ts";

/** The resource type of registries, as Resource Manager writes it. */
export const registryType = "Microsoft.ContainerRegistry/registries";

/** A registry's resource id. */
export function registryResourceId(registry: RegistryRecord): string {
  const { subscriptionId, resourceGroup, name } = registry;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${registryType}/${name}`;
}

// Stable 2025-04-01 has no role assignment mode, though it is younger than the first that has:
// https://learn.microsoft.com/rest/api/containerregistry
const versionsWithMode = ["2025-03-01-preview", "2025-11-01"];

/** A registry as Resource Manager shows it to a client of this api-version. */
export function registryResource(registry: RegistryRecord, apiVersion: string): Record<string, unknown> {
  const { network } = registry;
  return {
    type: registryType,
    id: registryResourceId(registry),
    name: registry.name,
    location: registry.location,
    tags: {},
    sku: { name: "Premium", tier: "Premium" },
    properties: {
      loginServer: registry.loginServer,
      creationDate,
      provisioningState: "Succeeded",
      status: null,
      adminUserEnabled: false,
      anonymousPullEnabled: registry.anonymousPull,
      networkRuleSet: {
        defaultAction: registry.firewalled ? "Deny" : network.defaultAction,
        ipRules: network.allowedAddresses.map((value) => ({ action: "Allow", value })),
      },
      policies: {
        quarantinePolicy: { status: "disabled" },
        trustPolicy: { type: "Notary", status: "disabled" },
        retentionPolicy: { days: 7, lastUpdatedTime: creationDate, status: "disabled" },
        exportPolicy: { status: "enabled" },
        azureADAuthenticationAsArmPolicy: { status: "enabled" },
      },
      encryption: { status: "disabled" },
      dataEndpointEnabled: false,
      dataEndpointHostNames: [],
      privateEndpointConnections: privateEndpoints(registry),
      publicNetworkAccess: network.publicAccess ? "Enabled" : "Disabled",
      networkRuleBypassOptions: "AzureServices",
      zoneRedundancy: "Disabled",
      ...(versionsWithMode.includes(apiVersion) ? { roleAssignmentMode: registry.roleAssignmentMode } : {}),
    },
  };
}

/** Its private endpoints, as Resource Manager shows them. */
export function privateEndpoints(registry: RegistryRecord): Array<Record<string, unknown>> {
  return Array.from({ length: registry.network.privateEndpoints }, (_, index) =>
    privateEndpoint(registry, index + 1),
  );
}

function privateEndpoint(registry: RegistryRecord, number: number): Record<string, unknown> {
  const { subscriptionId, resourceGroup, name } = registry;
  const endpoint = `${name}-endpoint-${number}`;
  return {
    id: `${registryResourceId(registry)}/privateEndpointConnections/${endpoint}`,
    name: endpoint,
    type: `${registryType}/privateEndpointConnections`,
    properties: {
      privateEndpoint: {
        id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Network/privateEndpoints/${endpoint}`,
      },
      privateLinkServiceConnectionState: { status: "Approved", description: "", actionsRequired: "None" },
      provisioningState: "Succeeded",
    },
  };
}

/** A registry as the list of a subscription's resources shows it: without properties. */
export function registryListing(registry: RegistryRecord): Record<string, unknown> {
  return {
    id: registryResourceId(registry),
    name: registry.name,
    type: registryType,
    sku: { name: "Premium", tier: "Premium" },
    location: registry.location,
    tags: {},
  };
}

const creationDate = "2026-01-01T00:00:00.0000000Z";
