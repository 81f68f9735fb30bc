import { armRoute, page, refusal, type ArmCall } from "./call.ts";
import { armAnswer, armError } from "./errors.ts";
import {
  groupPattern,
  missingScope,
  registriesAt,
  registriesSegment,
  registryPattern,
  resourceGroups,
  subscriptionPattern,
  type Placed,
} from "./scope.ts";
import {
  privateEndpoints,
  registryListing,
  registryResource,
  registryResourceId,
  registryType,
} from "./registry-resource.ts";
import { managedClusterRoutes } from "./managed-clusters.ts";
import { roleAssignmentRoutes } from "./role-assignments.ts";
import { roleDefinitionRoutes } from "./role-definition-routes.ts";
import { grantsAt, grantsOf, isWithin, permitsAction } from "./role-evaluation.ts";
import { updateRegistry } from "./registry-update.ts";
import { jsonBody, type Route, type SandboxRequest, type SandboxResponse } from "../service.ts";
import { graphAudiences, resourceManagerAudiences } from "../entra/token.ts";
import type { RegistryRecord, SubscriptionRecord, World } from "../world.ts";

export { armError } from "./errors.ts";

/*
 * Azure Resource Manager, as far as acr-pull and az's own recipe use it: the cloud's endpoints, subscriptions,
 * registries, roles.
 */

const readRegistry = `${registryType}/read`;
const readGroup = "Microsoft.Resources/subscriptions/resourceGroups/read";
const readSubscription = "Microsoft.Resources/subscriptions/read";

/** Every route of Resource Manager. The last ones answer for what the sandbox does not have. */
export function resourceManagerRoutes(world: World): Route[] {
  return [
    { method: "GET", pattern: /^\/metadata\/endpoints\/?$/i, handle: () => metadata(world) },
    armRoute(world, "GET", "/tenants", (call) => page(world, call, [tenant(world)])),
    armRoute(world, "GET", "/subscriptions", (call) => listSubscriptions(world, call)),
    armRoute(world, "GET", subscriptionPattern, (call) => getSubscription(world, call)),
    armRoute(world, "GET", `${subscriptionPattern}/resources`, (call) => listResources(world, call)),
    armRoute(world, "GET", `${subscriptionPattern}/resourceGroups`, (call) => listGroups(world, call)),
    armRoute(world, "GET", groupPattern, (call) => getGroup(world, call)),
    armRoute(world, "GET", `${subscriptionPattern}${registriesSegment}`, (call) =>
      listRegistries(world, call),
    ),
    armRoute(world, "GET", `${groupPattern}${registriesSegment}`, (call) => listRegistries(world, call)),
    armRoute(world, "GET", registryPattern, (call) => getRegistry(world, call)),
    armRoute(world, "PATCH", registryPattern, (call) => patchRegistry(world, call)),
    armRoute(world, "GET", `${registryPattern}/(?<kind>privateEndpointConnections|tokens)`, (call) =>
      listParts(world, call),
    ),
    ...managedClusterRoutes(world),
    ...roleAssignmentRoutes(world),
    ...roleDefinitionRoutes(world),
    ...["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"].map((method) =>
      armRoute(world, method, "/(?:subscriptions|providers|tenants)(?:/.*)?", ({ request }) =>
        armError(404, "NotFound", `The sandbox has no such resource: ${request.method} ${request.path}`),
      ),
    ),
  ];
}

/** Whether a request asks Resource Manager for a change. */
export function armIsMutating({ method, path }: SandboxRequest): boolean {
  return (
    /^\/(?:subscriptions|providers|tenants)(?:\/|$)/i.test(path) &&
    ["POST", "PUT", "PATCH", "DELETE"].includes(method)
  );
}

/** One object, as private clouds answer. The public cloud answers with a list, in another form. */
function metadata(world: World): SandboxResponse {
  return armAnswer(200, {
    name: "sandbox",
    portal: world.azureUrl,
    authentication: {
      loginEndpoint: world.azureUrl,
      audiences: [resourceManagerAudiences[0]],
      tenant: "common",
      identityProvider: "AAD",
    },
    graphAudience: graphAudiences(world)[0],
    graph: world.azureUrl,
    microsoftGraphResourceId: world.azureUrl,
    resourceManager: world.azureUrl,
    gallery: world.azureUrl,
    batch: world.azureUrl,
    sqlManagement: world.azureUrl,
    vmImageAliasDoc: world.azureUrl,
    suffixes: {
      acrLoginServer: "localhost",
      storage: "localhost",
      keyVaultDns: "localhost",
      sqlServerHostname: "localhost",
    },
  });
}

function tenant(world: World): Record<string, unknown> {
  return {
    id: `/tenants/${world.tenantId}`,
    tenantId: world.tenantId,
    countryCode: "DE",
    displayName: "Sandbox",
    domains: ["sandbox.example"],
    tenantCategory: "Home",
    defaultDomain: "sandbox.example",
    tenantType: "AAD",
  };
}

function listSubscriptions(world: World, call: ArmCall): SandboxResponse {
  const visible = world.subscriptions.filter((subscription) => isVisible(world, call, subscription));
  return page(
    world,
    call,
    visible.map((subscription) => subscriptionResource(world, subscription)),
  );
}

function getSubscription(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const missing = missingScope(world, scope);
  if (missing) return missing;
  const subscription = world.subscriptions.find(
    ({ subscriptionId }) => scopeOfSubscription(subscriptionId) === scope.toLowerCase(),
  );
  if (!subscription || !isVisible(world, call, subscription)) {
    return refusal(world, call, readSubscription, scope) ?? armError(404, "SubscriptionNotFound");
  }
  return armAnswer(200, subscriptionResource(world, subscription));
}

/** A subscription is visible to anybody who has a role at, above or below it. */
function isVisible(world: World, { caller, view }: ArmCall, { subscriptionId }: SubscriptionRecord): boolean {
  const scope = scopeOfSubscription(subscriptionId);
  return grantsOf(world, caller.objectId, view).some(
    ({ assignment }) => isWithin(assignment.scope, scope) || isWithin(scope, assignment.scope),
  );
}

function subscriptionResource(world: World, subscription: SubscriptionRecord): Record<string, unknown> {
  const { subscriptionId, displayName, tenantId = world.tenantId } = subscription;
  return {
    id: `/subscriptions/${subscriptionId}`,
    authorizationSource: "RoleBased",
    managedByTenants: tenantId === world.tenantId ? [] : [{ tenantId: world.tenantId }],
    subscriptionId,
    tenantId,
    displayName,
    state: "Enabled",
    subscriptionPolicies: {
      locationPlacementId: "Public_2014-09-01",
      quotaId: "PayAsYouGo_2014-09-01",
      spendingLimit: "Off",
    },
  };
}

function listResources(world: World, call: ArmCall): SandboxResponse {
  const filter = call.request.query.get("$filter") ?? "";
  const wanted = new Map<string, string>();
  for (const part of filter === "" ? [] : filter.split(/\s+and\s+/i)) {
    const [, key, value] = /^\s*(resourceType|name)\s+eq\s+'([^']*)'\s*$/i.exec(part) ?? [];
    if (key === undefined || value === undefined) {
      return armError(
        400,
        "InvalidFilterInQueryString",
        `Invalid $filter '${filter}' specified in the query string.`,
      );
    }
    wanted.set(key.toLowerCase(), value.toLowerCase());
  }
  const missing = missingScope(world, scopeOf(call));
  if (missing) return missing;
  const found = readable(world, call).filter(
    ({ name }) =>
      (wanted.get("resourcetype") ?? registryType.toLowerCase()) === registryType.toLowerCase() &&
      (wanted.get("name") ?? name.toLowerCase()) === name.toLowerCase(),
  );
  return page(world, call, found.map(registryListing));
}

function listRegistries(world: World, call: ArmCall): SandboxResponse {
  return (
    missingScope(world, scopeOf(call)) ??
    page(
      world,
      call,
      readable(world, call).map((registry) => registryResource(registry, call.apiVersion)),
    )
  );
}

function getRegistry(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const stopped = refusal(world, call, readRegistry, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const [registry] = registriesAt(world, scope);
  return registry
    ? armAnswer(200, registryResource(registry, call.apiVersion))
    : armError(404, "ResourceNotFound");
}

function patchRegistry(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const stopped = refusal(world, call, `${registryType}/write`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const [registry] = registriesAt(world, scope);
  if (!registry) return armError(404, "ResourceNotFound");
  const refused = updateRegistry(registry, jsonBody(call.request));
  if (refused) return refused;
  world.committed(`registry ${registry.name} changed`);
  return armAnswer(200, registryResource(registry, call.apiVersion));
}

/** Its private endpoints, or its tokens, of which the sandbox has none. */
function listParts(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const kind = call.parameters["kind"]?.toLowerCase() === "tokens" ? "tokens" : "privateEndpointConnections";
  const stopped = refusal(world, call, `${registryType}/${kind}/read`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const [registry] = registriesAt(world, scope);
  if (!registry) return armError(404, "ResourceNotFound");
  return page(world, call, kind === "tokens" ? [] : privateEndpoints(registry));
}

/** Lists silently leave out what the caller may not read. */
function readable(world: World, call: ArmCall): RegistryRecord[] {
  return registriesAt(world, scopeOf(call)).filter((registry) =>
    permitsAction(
      grantsAt(world, call.caller.objectId, registryResourceId(registry), call.view),
      readRegistry,
    ),
  );
}

function listGroups(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const missing = missingScope(world, scope);
  if (missing) return missing;
  const filter = call.request.query.get("$filter");
  // No group has tags.
  if (filter !== null && /^\s*tagName\s+eq\s/i.test(filter)) return page(world, call, []);
  if (filter !== null) return armError(501, "NotImplemented", "The sandbox has no such filter of groups.");
  const found = resourceGroups(world, call.parameters["subscription"] ?? "").filter((registry) =>
    permitsAction(
      grantsAt(world, call.caller.objectId, `${scope}/resourceGroups/${registry.resourceGroup}`, call.view),
      readGroup,
    ),
  );
  return page(world, call, found.map(groupResource));
}

function getGroup(world: World, call: ArmCall): SandboxResponse {
  const scope = scopeOf(call);
  const stopped = refusal(world, call, readGroup, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const group = resourceGroups(world, scope.split("/")[2] ?? "").find((one) =>
    isWithin(`/subscriptions/${one.subscriptionId}/resourceGroups/${one.resourceGroup}`, scope),
  );
  return group ? armAnswer(200, groupResource(group)) : armError(404, "ResourceGroupNotFound");
}

/** The resource group that contains a resource. */
function groupResource({ subscriptionId, resourceGroup, location }: Placed): Record<string, unknown> {
  return {
    id: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`,
    name: resourceGroup,
    type: "Microsoft.Resources/resourceGroups",
    location,
    tags: {},
    properties: { provisioningState: "Succeeded" },
  };
}

/** The scope that the path names, in the letter case in which it was sent. */
function scopeOf({ parameters }: ArmCall): string {
  const { subscription = "", group, name } = parameters;
  return [
    `/subscriptions/${subscription}`,
    ...(group === undefined ? [] : [`/resourceGroups/${group}`]),
    ...(name === undefined ? [] : [`/providers/${registryType}/${name}`]),
  ].join("");
}

function scopeOfSubscription(subscriptionId: string): string {
  return `/subscriptions/${subscriptionId}`.toLowerCase();
}
