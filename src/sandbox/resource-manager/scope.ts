import { armError } from "./errors.ts";
import { registryResourceId } from "./registry-resource.ts";
import { isWithin } from "./role-evaluation.ts";
import type { SandboxResponse } from "../service.ts";
import type { RegistryRecord, World } from "../world.ts";

/*
 * The scopes that the sandbox's Resource Manager has: subscriptions, resource groups and registries. Patterns are
 * pieces of route patterns; their named groups are `subscription`, `group` and `name`.
 */

export const subscriptionPattern = "/subscriptions/(?<subscription>[^/]+)";
export const groupPattern = `${subscriptionPattern}/resourceGroups/(?<group>[^/]+)`;
export const registriesSegment = "/providers/Microsoft\\.ContainerRegistry/registries";
export const registryPattern = `${groupPattern}${registriesSegment}/(?<name>[^/]+)`;

/** Any scope that a role can be assigned at, as the named group `scope`. */
export const anyScopePattern = `(?<scope>/subscriptions/[^/]+(?:/resourceGroups/[^/]+(?:${registriesSegment}/[^/]+)?)?)`;

/** The refusal of a scope that does not exist. Undefined if it exists. */
export function missingScope(world: World, scope: string): SandboxResponse | undefined {
  const { subscription = "", group, name } = scopeParts(scope);
  if (!world.subscriptions.some(({ subscriptionId }) => same(subscriptionId, subscription))) {
    return armError(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
  }
  if (group === undefined) return undefined;
  const there = registriesAt(world, `/subscriptions/${subscription}/resourceGroups/${group}`);
  if (!resourceGroups(world, subscription).some(({ resourceGroup }) => same(resourceGroup, group))) {
    return armError(404, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
  }
  if (name === undefined || there.some((registry) => same(registry.name, name))) return undefined;
  return armError(
    404,
    "ResourceNotFound",
    `The Resource 'Microsoft.ContainerRegistry/registries/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

/** The registries at a scope or below it. */
export function registriesAt(world: World, scope: string): RegistryRecord[] {
  return world.registries.filter((registry) => isWithin(registryResourceId(registry), scope));
}

/** Where a resource is. */
export type Placed = Pick<RegistryRecord, "subscriptionId" | "resourceGroup" | "location">;

/** The resource groups of a subscription, each represented by a resource in it: there are no empty groups. */
export function resourceGroups(world: World, subscriptionId: string): Placed[] {
  const found = new Map<string, Placed>();
  for (const one of [...world.registries, ...world.managedClusters]) {
    const key = one.resourceGroup.toLowerCase();
    if (same(one.subscriptionId, subscriptionId) && !found.has(key)) found.set(key, one);
  }
  return [...found.values()];
}

function scopeParts(scope: string): Readonly<Record<string, string | undefined>> {
  const whole = new RegExp(
    `^${subscriptionPattern}(?:/resourceGroups/(?<group>[^/]+)(?:${registriesSegment}/(?<name>[^/]+))?)?/?$`,
    "i",
  );
  return whole.exec(scope)?.groups ?? {};
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
