import { armRoute, page, refusal, type ArmCall } from "./call.ts";
import { armAnswer, armError } from "./errors.ts";
import { grantsAt, isWithin, permitsAction } from "./role-evaluation.ts";
import { groupPattern, missingScope, subscriptionPattern } from "./scope.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { World } from "../world.ts";

/** A managed cluster of AKS, as Resource Manager knows it. */
export interface ManagedClusterRecord {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
  readonly location: string;
  readonly tenantId: string;
  /** Of its control plane's identity. */
  readonly principalId: string;
  readonly isPrivate: boolean;
  readonly fqdn: string;
  readonly privateFqdn: string | undefined;
  readonly portalFqdn: string;
  /** Client id of the service principal that its nodes sign in as. Undefined if they have an identity. */
  readonly servicePrincipal: string | undefined;
  /** Its pods pull as the identities of their service accounts, and not as the nodes'. */
  serviceAccountPull: boolean;
  kubeletIdentity:
    { readonly resourceId: string; readonly clientId: string; readonly objectId: string } | undefined;
}

const type = "Microsoft.ContainerService/managedClusters";
const segment = "/providers/Microsoft\\.ContainerService/managedClusters";
const read = `${type}/read`;

/** Routes that list and read managed clusters of AKS. */
export function managedClusterRoutes(world: World): Route[] {
  return [
    armRoute(world, "GET", `${subscriptionPattern}${segment}`, (call) => listClusters(world, call)),
    armRoute(world, "GET", `${groupPattern}${segment}`, (call) => listClusters(world, call)),
    armRoute(world, "GET", `${groupPattern}${segment}/(?<cluster>[^/]+)`, (call) => getCluster(world, call)),
  ];
}

/** Lists silently leave out what the caller may not read. */
function listClusters(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const readable = world.managedClusters
    .filter((cluster) => isWithin(managedClusterId(cluster), scope))
    .filter((cluster) =>
      permitsAction(grantsAt(world, call.caller.objectId, managedClusterId(cluster), call.view), read),
    );
  return (
    missingScope(world, scope) ??
    page(
      world,
      call,
      readable.map((cluster) => clusterResource(cluster, call.apiVersion)),
    )
  );
}

function getCluster(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const id = `${scope}/providers/${type}/${call.parameters["cluster"] ?? ""}`;
  const stopped = refusal(world, call, read, id) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const found = world.managedClusters.find((one) => managedClusterId(one).toLowerCase() === id.toLowerCase());
  return found ? armAnswer(200, clusterResource(found, call.apiVersion)) : armError(404, "ResourceNotFound");
}

function scopeOf({ parameters: { subscription = "", group } }: ArmCall): string {
  return `/subscriptions/${subscription}${group === undefined ? "" : `/resourceGroups/${group}`}`;
}

/** Its resource id as AKS writes it: with `resourcegroups` in lower case, unlike every other provider. */
function managedClusterId({ subscriptionId, resourceGroup, name }: ManagedClusterRecord): string {
  return `/subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/providers/${type}/${name}`;
}

/** Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/list and published answers */
function clusterResource(cluster: ManagedClusterRecord, apiVersion: string): Record<string, unknown> {
  const { name, location, kubeletIdentity, servicePrincipal, tenantId, isPrivate } = cluster;
  // Only previews have it: https://github.com/Azure/azure-rest-api-specs/pull/40533
  const showsPulls = apiVersion.endsWith("-preview") && apiVersion >= "2026-01-02-preview";
  return {
    id: managedClusterId(cluster),
    location,
    name,
    // The provider writes its own type in a different letter case from everybody else.
    type: "Microsoft.ContainerService/ManagedClusters",
    sku: { name: "Base", tier: "Free" },
    ...(servicePrincipal === undefined && {
      identity: { type: "SystemAssigned", principalId: cluster.principalId, tenantId },
    }),
    properties: {
      provisioningState: "Succeeded",
      powerState: { code: "Running" },
      kubernetesVersion: "1.33.6",
      currentKubernetesVersion: "1.33.6",
      dnsPrefix: `${name}-dns`,
      ...(cluster.fqdn !== undefined && { fqdn: cluster.fqdn }),
      ...(cluster.privateFqdn !== undefined && { privateFQDN: cluster.privateFqdn }),
      azurePortalFQDN: cluster.portalFqdn,
      agentPoolProfiles: [
        {
          name: "agentpool",
          count: 1,
          vmSize: "Standard_D2s_v3",
          osType: "Linux",
          osSKU: "Ubuntu",
          mode: "System",
          type: "VirtualMachineScaleSets",
          provisioningState: "Succeeded",
          powerState: { code: "Running" },
          orchestratorVersion: "1.33.6",
        },
      ],
      servicePrincipalProfile: { clientId: servicePrincipal ?? "msi" },
      nodeResourceGroup: nodeGroupOf(cluster),
      enableRBAC: true,
      maxAgentPools: 100,
      ...(isPrivate && { apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: "system" } }),
      ...(kubeletIdentity && { identityProfile: { kubeletidentity: kubeletIdentity } }),
      disableLocalAccounts: false,
      securityProfile: {
        ...(showsPulls &&
          cluster.serviceAccountPull && { serviceAccountImagePullProfile: { enabled: true } }),
      },
      oidcIssuerProfile: { enabled: false },
    },
  };
}

/** The group that AKS creates for the nodes of a cluster. */
export function nodeGroupOf({
  resourceGroup,
  name,
  location,
}: Pick<ManagedClusterRecord, "resourceGroup" | "name" | "location">): string {
  return `MC_${resourceGroup}_${name}_${location}`;
}
