import type { IdSource } from "./new-id.ts";
import { SandboxOptionsError } from "./option-schema.ts";
import { assign } from "./new-role-assignment.ts";
import { nodeGroupOf, type ManagedClusterRecord } from "./resource-manager/managed-clusters.ts";
import type { ManagedClusterSettings } from "./world-options.ts";
import type { ServicePrincipalRecord, World } from "./world.ts";

type Principals = (id: string, appId: string, displayName: string) => ServicePrincipalRecord;

/**
 * Adds a managed cluster of AKS with the principal of its nodes' identity. Its Kubernetes cluster gets the host name
 * that AKS would give it.
 * @throws SandboxOptionsError if the options name a subscription or context that does not exist
 */
export function addManagedCluster(
  world: World,
  settings: ManagedClusterSettings,
  ids: IdSource,
  newPrincipal: Principals,
): void {
  const { name, context, resourceGroup, location, nodes, isPrivate } = settings;
  const key = `managed cluster ${name}`;
  const [first] = world.subscriptions;
  const subscription = world.subscriptions.find(
    ({ subscriptionId }) => subscriptionId === (settings.subscriptionId ?? first?.subscriptionId),
  );
  if (!subscription) throw new SandboxOptionsError(`${key}: no subscription ${settings.subscriptionId}`);
  const { subscriptionId, tenantId = world.tenantId } = subscription;
  const isGuest = tenantId !== world.tenantId;
  const unique = `${name}-dns-${ids.guid(`${key} name`).slice(0, 8)}`;
  const place = { subscriptionId, resourceGroup, name, location };
  const domain = `${location}.azmk8s.io`;
  const record: ManagedClusterRecord = {
    ...place,
    tenantId,
    principalId: ids.guid(`${key} principal`),
    isPrivate,
    serviceAccountPull: settings.serviceAccountPull,
    fqdn: `${unique}.hcp.${domain}`,
    privateFqdn: isPrivate ? `${unique}.${ids.guid(`${key} zone`)}.privatelink.${domain}` : undefined,
    portalFqdn: `${unique}.portal.hcp.${domain}`,
    ...(nodes === "service-principal"
      ? { servicePrincipal: ids.guid(`${key} service principal`), kubeletIdentity: undefined }
      : { servicePrincipal: undefined, kubeletIdentity: kubeletIdentity(world, settings, place, ids) }),
  };
  world.managedClusters.push(record);
  const { kubeletIdentity: identity } = record;
  // An identity in another tenant is in that tenant's directory, and not in this one.
  if (identity && !isGuest && !world.servicePrincipals.some(({ id }) => id === identity.objectId)) {
    const displayName = identity.resourceId.split("/").at(-1) ?? "";
    world.servicePrincipals.push({
      ...newPrincipal(identity.objectId, identity.clientId, displayName),
      servicePrincipalType: "ManagedIdentity",
      appOwnerOrganizationId: null,
    });
    for (const role of settings.roles)
      assign(world, role, { id: identity.objectId, type: "ServicePrincipal" }, ids);
  }
  if (context === undefined) return;
  const cluster = world.clusters.find((one) => one.context === context);
  if (!cluster) throw new SandboxOptionsError(`${key}: no cluster of the context ${context}`);
  cluster.hostName = record.privateFqdn ?? record.fqdn;
}

/** The identity that AKS creates in the nodes' group, or a user's own from elsewhere, which clusters may share. */
function kubeletIdentity(
  { managedClusters }: World,
  { kubeletIdentity: shared, name }: ManagedClusterSettings,
  place: Parameters<typeof nodeGroupOf>[0] & { readonly subscriptionId: string },
  ids: IdSource,
): ManagedClusterRecord["kubeletIdentity"] {
  const group = shared === undefined ? nodeGroupOf(place) : "identities";
  const identity = shared ?? `${name}-agentpool`;
  const resourceId = `/subscriptions/${place.subscriptionId}/resourcegroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${identity}`;
  const known = managedClusters.find((one) => one.kubeletIdentity?.resourceId === resourceId);
  return (
    known?.kubeletIdentity ?? {
      resourceId,
      clientId: ids.guid(`identity ${identity} client`),
      objectId: ids.guid(`identity ${identity} object`),
    }
  );
}
