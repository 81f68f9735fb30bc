import { armRoute, page, refusal, type ArmCall } from "./call.ts";
import { armAnswer, armError } from "./errors.ts";
import { anyScopePattern, missingScope } from "./scope.ts";
import { exists } from "../replication.ts";
import {
  plain,
  readDesired,
  versionOfConditions,
  type DesiredAssignment,
} from "./role-assignment-request.ts";
import { isWithin, selfAndGroups } from "./role-evaluation.ts";
import { jsonBody, type Route, type SandboxResponse } from "../service.ts";
import type { RoleAssignmentRecord, World } from "../world.ts";

const type = "Microsoft.Authorization/roleAssignments";
const segment = "/providers/Microsoft\\.Authorization/roleAssignments";

// https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits
const assignmentsPerSubscription = 4000;

/** Routes of role assignments at subscriptions, resource groups and registries. */
export function roleAssignmentRoutes(world: World): Route[] {
  const one = `${anyScopePattern}${segment}/(?<name>[^/]+)`;
  return [
    armRoute(world, "PUT", one, (call) => putAssignment(world, call)),
    armRoute(world, "GET", one, (call) => getAssignment(world, call)),
    armRoute(world, "DELETE", one, (call) => deleteAssignment(world, call)),
    armRoute(world, "GET", `${anyScopePattern}${segment}`, (call) => listAssignments(world, call)),
  ];
}

function putAssignment(world: World, call: ArmCall): SandboxResponse {
  const { scope = "", name = "" } = call.parameters;
  const stopped =
    refusal(world, call, `${type}/write`, scope, requestAttributes(call)) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const desired = readDesired(call, scope);
  if ("status" in desired) return desired;
  const principalType = directoryType(world, call, desired.principalId);
  if (!principalType) return principalNotFound(world, desired.principalId);
  if (desired.principalType !== undefined && desired.principalType !== principalType) {
    return armError(
      400,
      "UnmatchedPrincipalType",
      `The PrincipalId '${plain(desired.principalId)}' has type '${principalType}', which is different from specified PrincipalType '${desired.principalType}'.`,
    );
  }
  const living = world.roleAssignments.filter(exists);
  const named = living.find((record) => same(record.name, name));
  if (named) return updateAssignment(world, named, call, desired);
  const equal = living.find((record) => isSame(record, scope, desired));
  if (equal) {
    return armError(
      409,
      "RoleAssignmentExists",
      `The role assignment already exists. The ID of the existing role assignment is ${plain(equal.name)}.`,
    );
  }
  const subscription = scope.split("/").slice(0, 3).join("/");
  if (living.filter((record) => isWithin(record.scope, subscription)).length >= assignmentsPerSubscription) {
    return armError(400, "RoleAssignmentLimitExceeded");
  }
  const record: RoleAssignmentRecord = {
    ...desired,
    id: `${scope}/providers/${type}/${name}`,
    name,
    scope,
    principalType,
    createdBy: call.caller.objectId,
    createdAt: Date.now(),
  };
  world.roleAssignments.push(record);
  world.committed(`role assignment ${record.id} made`);
  return written(record, call);
}

/** Replaces condition and description, which is all that can be changed. */
function updateAssignment(
  world: World,
  record: RoleAssignmentRecord,
  call: ArmCall,
  desired: DesiredAssignment,
): SandboxResponse {
  if (!isSame(record, call.parameters["scope"] ?? "", desired))
    return armError(400, "RoleAssignmentUpdateNotPermitted");
  const { condition, conditionVersion, description } = desired;
  if (record.condition === condition && record.description === description) return written(record, call);
  // A new record, so that a lagging replica still knows the old condition.
  const now = Date.now();
  const changed = { ...record, condition, conditionVersion, description, createdAt: now };
  record.removedAt = now;
  world.roleAssignments.push(changed);
  world.committed(`role assignment ${record.id} changed`);
  return written(changed, call);
}

/** Only later reads say who created it. The status is 201 even if the assignment existed before. */
function written(record: RoleAssignmentRecord, { apiVersion }: ArmCall): SandboxResponse {
  const { properties, ...rest } = assignmentResource(record, apiVersion);
  return armAnswer(201, { properties: { ...properties, createdBy: null }, ...rest });
}

function getAssignment(world: World, call: ArmCall): SandboxResponse {
  const { scope = "", name = "" } = call.parameters;
  const stopped = refusal(world, call, `${type}/read`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const record = world.roleAssignments.find(
    (candidate) => call.view.knows(candidate) && same(candidate.name, name) && same(candidate.scope, scope),
  );
  return record
    ? armAnswer(200, assignmentResource(record, call.apiVersion))
    : armError(404, "RoleAssignmentNotFound", `The role assignment '${plain(name)}' is not found.`);
}

function deleteAssignment(world: World, call: ArmCall): SandboxResponse {
  const { scope = "", name = "" } = call.parameters;
  const record = world.roleAssignments.find(
    (candidate) => exists(candidate) && same(candidate.name, name) && same(candidate.scope, scope),
  );
  const attributes = record ? delegationAttributes("resource", record) : {};
  const stopped = refusal(world, call, `${type}/delete`, scope, attributes) ?? missingScope(world, scope);
  if (stopped) return stopped;
  if (!record) return armAnswer(204);
  record.removedAt = Date.now();
  world.committed(`role assignment ${record.id} removed`);
  return armAnswer(200, assignmentResource(record, call.apiVersion));
}

function listAssignments(world: World, call: ArmCall): SandboxResponse {
  const { scope = "" } = call.parameters;
  const stopped = refusal(world, call, `${type}/read`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const wanted = readFilter(call.request.query.get("$filter") ?? "");
  if (!wanted) return armError(400, "UnsupportedQuery", "The filter is not supported.");
  const holders =
    wanted.assignedTo === undefined
      ? wanted.principalId && new Set([wanted.principalId.toLowerCase()])
      : selfAndGroups(world, wanted.assignedTo);
  const found = world.roleAssignments.filter(
    (record) =>
      call.view.knows(record) &&
      (isWithin(scope, record.scope) || (!wanted.atScope && isWithin(record.scope, scope))) &&
      (!holders || holders.has(record.principalId.toLowerCase())),
  );
  return page(
    world,
    call,
    found.map((record) => assignmentResource(record, call.apiVersion)),
  );
}

/** The filter of a list of role assignments. */
interface AssignmentFilter {
  /** Leaves out assignments below the scope. */
  readonly atScope: boolean;
  /** The principal that holds them itself. */
  readonly principalId?: string;
  /** The principal that holds them itself or through a group. */
  readonly assignedTo?: string;
}

/**
 * Parses the filters that Resource Manager knows. Undefined for any other.
 * https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
 */
function readFilter(filter: string): AssignmentFilter | undefined {
  if (filter.trim() === "") return { atScope: false };
  const form =
    /^\s*(?:(?<at>atScope\(\))(?:\s+and\s+assignedTo\('(?<within>[^']+)'\))?|principalId\s+eq\s+'(?<principal>[^']+)'|assignedTo\('(?<assigned>[^']+)'\))\s*$/i;
  const groups = form.exec(filter)?.groups;
  if (!groups) return undefined;
  const principalId = groups["principal"];
  const assignedTo = groups["within"] ?? groups["assigned"];
  return {
    atScope: groups["at"] !== undefined,
    ...(principalId === undefined ? {} : { principalId }),
    ...(assignedTo === undefined ? {} : { assignedTo }),
  };
}

/** The principal's type, as far as the replica that answers knows. A type in the request does not help it. */
function directoryType(world: World, { view }: ArmCall, principalId: string): string | undefined {
  if (world.servicePrincipals.some((record) => same(record.id, principalId) && view.knows(record))) {
    return "ServicePrincipal";
  }
  if (world.groups.some(({ id }) => same(id, principalId))) return "Group";
  return world.users.some(({ id }) => same(id, principalId)) ? "User" : undefined;
}

function principalNotFound(world: World, principalId: string): SandboxResponse {
  return armError(
    400,
    "PrincipalNotFound",
    `Principal ${plain(principalId)} does not exist in the directory ${world.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  );
}

/** The attributes of a requested assignment that a condition on assigning roles may name. */
function requestAttributes({ request }: ArmCall): Record<string, string> {
  const properties = jsonBody(request)?.["properties"];
  return typeof properties === "object" && properties !== null
    ? delegationAttributes("request", properties)
    : {};
}

/** https://learn.microsoft.com/azure/role-based-access-control/conditions-authorization-actions-attributes */
function delegationAttributes(
  source: "request" | "resource",
  assignment: { roleDefinitionId?: unknown; principalId?: unknown; principalType?: unknown },
): Record<string, string> {
  const { roleDefinitionId, principalId, principalType } = assignment;
  const known = {
    roledefinitionid: typeof roleDefinitionId === "string" ? roleDefinitionId.split("/").at(-1) : undefined,
    principalid: principalId,
    principaltype: principalType,
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([key, value]) =>
      typeof value === "string" ? [[`${source}[${type}:${key}]`.toLowerCase(), value]] : [],
    ),
  );
}

function isSame(record: RoleAssignmentRecord, scope: string, desired: DesiredAssignment): boolean {
  const roleOf = (id: string) => id.split("/").at(-1) ?? "";
  return (
    same(record.scope, scope) &&
    same(record.principalId, desired.principalId) &&
    same(roleOf(record.roleDefinitionId), roleOf(desired.roleDefinitionId))
  );
}

/** An older api-version leaves out the properties that came with a later one. */
function assignmentResource(record: RoleAssignmentRecord, apiVersion: string) {
  const time = preciseTime(record.createdAt);
  const { roleDefinitionId, principalId, principalType, scope } = record;
  const { condition, conditionVersion, description, createdBy } = record;
  const knowsConditions = apiVersion >= versionOfConditions;
  return {
    properties: {
      roleDefinitionId,
      principalId,
      ...(apiVersion >= "2018-09-01-preview" ? { principalType } : {}),
      scope,
      ...(knowsConditions ? { condition, conditionVersion } : {}),
      createdOn: time,
      updatedOn: time,
      createdBy,
      updatedBy: createdBy,
      ...(knowsConditions ? { delegatedManagedIdentityResourceId: null, description } : {}),
    },
    id: record.id,
    type,
    name: record.name,
  };
}

/** A moment with seven decimals of a second, as Azure writes it. */
function preciseTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "0000Z");
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
