import { fulfils } from "./abac-condition.ts";
import { matchesAction } from "./action-pattern.ts";
import type { ReplicaView } from "../replication.ts";
import { roleDefinition, type RoleDefinition } from "./role-definitions.ts";
import type { RoleAssignmentRecord, World } from "../world.ts";

/** A role assignment and its role. */
export interface Grant {
  readonly assignment: RoleAssignmentRecord;
  readonly role: RoleDefinition;
}

/** In the sandbox, every management group contains every subscription. */
const managementGroup = /^\/providers\/microsoft\.management\/managementgroups\/[^/]+$/;

/** Whether a scope is the outer one or lies below it. Letter case does not matter. */
export function isWithin(scope: string, outer: string): boolean {
  const inside = scope.toLowerCase();
  if (managementGroup.test(outer.toLowerCase()) && inside.startsWith("/subscriptions/")) return true;
  const around = outer.toLowerCase().replace(/\/$/, "");
  return inside === around || inside.startsWith(`${around}/`);
}

/** A principal's grants at a scope, including inherited ones, as far as one replica knows. */
export function grantsAt(world: World, principalId: string, scope: string, view: ReplicaView): Grant[] {
  return grantsOf(world, principalId, view).filter(({ assignment }) => isWithin(scope, assignment.scope));
}

/** Object ids of a principal and of every group that it is a member of, even through another group. */
export function selfAndGroups(world: World, principalId: string): ReadonlySet<string> {
  const ids = new Set([principalId.toLowerCase()]);
  // The loop visits the ids that it adds, each only once, so it ends even if groups contain each other.
  for (const id of ids) {
    for (const group of world.groups) {
      if (group.members.some((member) => member.toLowerCase() === id)) ids.add(group.id.toLowerCase());
    }
  }
  return ids;
}

/** All grants of a principal, its own and those of its groups, as far as one replica knows. */
export function grantsOf(world: World, principalId: string, view: ReplicaView): Grant[] {
  const holders = selfAndGroups(world, principalId);
  return world.roleAssignments
    .filter((assignment) => view.knows(assignment))
    .filter((assignment) => holders.has(assignment.principalId.toLowerCase()))
    .flatMap((assignment) => {
      const role = roleDefinition(assignment.roleDefinitionId);
      return role ? [{ assignment, role }] : [];
    });
}

/**
 * Whether grants permit an action of the management plane.
 * @param attributes the ones that a condition may name, as in `ConditionRequest`
 */
export function permitsAction(
  grants: readonly Grant[],
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): boolean {
  return grants.some(
    ({ assignment, role }) =>
      covers(role.actions, role.notActions, action) && meets(assignment.condition, action, attributes),
  );
}

/**
 * Whether grants permit an action of the data plane.
 * @param attributes the ones that a condition may name, as in `ConditionRequest`
 */
export function permitsDataAction(
  grants: readonly Grant[],
  action: string,
  attributes: Readonly<Record<string, string>>,
): boolean {
  return grants.some(
    ({ assignment, role }) =>
      covers(role.dataActions, role.notDataActions, action) &&
      meets(assignment.condition, action, attributes),
  );
}

/** Whether a role allows an action, apart from conditions. */
export function covers(allowed: readonly string[], excepted: readonly string[], action: string): boolean {
  return (
    allowed.some((pattern) => matchesAction(pattern, action)) &&
    !excepted.some((pattern) => matchesAction(pattern, action))
  );
}

function meets(
  condition: string | null,
  action: string,
  attributes: Readonly<Record<string, string>>,
): boolean {
  return condition === null || fulfils(condition, { action, attributes });
}
