import type { IdSource } from "./new-id.ts";
import { SandboxOptionsError } from "./option-schema.ts";
import { registryResourceId } from "./resource-manager/registry-resource.ts";
import { roleDefinitions } from "./resource-manager/role-definitions.ts";
import type { GrantSettings } from "./world-options.ts";
import type { World } from "./world.ts";

const yearMs = 365 * 86_400_000;

/**
 * Adds role assignments for a principal at the scopes that the options name, as if they were a year old.
 * @throws SandboxOptionsError if there is no such role or registry
 */
export function assign(
  world: World,
  grant: GrantSettings,
  principal: { readonly id: string; readonly type: string },
  ids: IdSource,
): void {
  const wanted = grant.role.toLowerCase();
  const role = roleDefinitions.find(
    ({ roleName, guid }) => roleName.toLowerCase() === wanted || guid === wanted,
  );
  if (!role) throw new SandboxOptionsError(`no built-in role ${grant.role}`);
  for (const scope of scopesOf(world, grant.scope)) {
    const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
    const name = ids.guid(`role assignment ${scope} ${principal.id} ${role.guid}`);
    world.roleAssignments.push({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      scope,
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.guid}`,
      principalId: principal.id,
      principalType: principal.type,
      condition: grant.condition ?? null,
      conditionVersion: grant.condition === undefined ? null : "2.0",
      description: null,
      createdBy: world.caller.objectId,
      createdAt: Date.now() - yearMs,
    });
  }
}

function scopesOf(world: World, scope: string | undefined): string[] {
  if (scope === undefined) return world.subscriptions.map((one) => `/subscriptions/${one.subscriptionId}`);
  if (scope.startsWith("/")) return [scope.replace(/\/$/, "")];
  const registry = world.registries.find(({ name }) => name === scope);
  if (!registry) throw new SandboxOptionsError(`${scope} is neither a registry nor a resource id`);
  return [registryResourceId(registry)];
}
