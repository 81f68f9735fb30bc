import { MalformedConditionError, parseCondition } from "./abac-condition.ts";
import { armRoute, page, refusal, type ArmCall } from "./arm-call.ts";
import { armAnswer, armError } from "./arm-errors.ts";
import { anyScopePattern, missingScope } from "./arm-scope.ts";
import { exists } from "./replication.ts";
import { roleDefinition } from "./role-definitions.ts";
import { isWithin } from "./role-evaluation.ts";
import { jsonBody, type Route, type SandboxResponse } from "./service.ts";
import type { RoleAssignmentRecord, World } from "./world.ts";

const type = "Microsoft.Authorization/roleAssignments";
const segment = "/providers/Microsoft\\.Authorization/roleAssignments";
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

// https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits
const assignmentsPerSubscription = 4000;
// https://learn.microsoft.com/azure/role-based-access-control/conditions-format
const longestCondition = 8192;

/** Role assignments at subscriptions, resource groups and registries. */
export function roleAssignmentRoutes(world: World): Route[] {
  const one = `${anyScopePattern}${segment}/(?<name>[^/]+)`;
  return [
    armRoute(world, "PUT", one, (call) => putAssignment(world, call)),
    armRoute(world, "GET", one, (call) => getAssignment(world, call)),
    armRoute(world, "DELETE", one, (call) => deleteAssignment(world, call)),
    armRoute(world, "GET", `${anyScopePattern}${segment}`, (call) => listAssignments(world, call)),
  ];
}

/** What a request to assign a role asks for, once it is well formed. */
interface Desired {
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string | undefined;
  readonly condition: string | null;
  readonly conditionVersion: string | null;
  readonly description: string | null;
}

function putAssignment(world: World, call: ArmCall): SandboxResponse {
  const { scope = "", name = "" } = call.parameters;
  const stopped = refusal(world, call, `${type}/write`, scope) ?? missingScope(world, scope);
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
  if (named) return updateAssignment(world, named, scope, desired);
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
  return armAnswer(201, assignmentResource(record));
}

/** Replaces condition and description, which is all that can be changed. */
function updateAssignment(
  world: World,
  record: RoleAssignmentRecord,
  scope: string,
  desired: Desired,
): SandboxResponse {
  if (!isSame(record, scope, desired)) return armError(400, "RoleAssignmentUpdateNotPermitted");
  const { condition, conditionVersion, description } = desired;
  if (record.condition === condition && record.description === description) {
    return armAnswer(200, assignmentResource(record));
  }
  // A record of its own, so that a replica that lags still knows the old condition.
  const now = Date.now();
  const changed = { ...record, condition, conditionVersion, description, createdAt: now };
  record.removedAt = now;
  world.roleAssignments.push(changed);
  world.committed(`role assignment ${record.id} changed`);
  return armAnswer(200, assignmentResource(changed));
}

function getAssignment(world: World, call: ArmCall): SandboxResponse {
  const { scope = "", name = "" } = call.parameters;
  const stopped = refusal(world, call, `${type}/read`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const record = world.roleAssignments.find(
    (candidate) => call.view.knows(candidate) && same(candidate.name, name) && same(candidate.scope, scope),
  );
  return record
    ? armAnswer(200, assignmentResource(record))
    : armError(404, "RoleAssignmentNotFound", `The role assignment '${plain(name)}' is not found.`);
}

function deleteAssignment(world: World, call: ArmCall): SandboxResponse {
  const { scope = "", name = "" } = call.parameters;
  const stopped = refusal(world, call, `${type}/delete`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const record = world.roleAssignments.find(
    (candidate) => exists(candidate) && same(candidate.name, name) && same(candidate.scope, scope),
  );
  if (!record) return armAnswer(204);
  record.removedAt = Date.now();
  world.committed(`role assignment ${record.id} removed`);
  return armAnswer(200, assignmentResource(record));
}

function listAssignments(world: World, call: ArmCall): SandboxResponse {
  const { scope = "" } = call.parameters;
  const stopped = refusal(world, call, `${type}/read`, scope) ?? missingScope(world, scope);
  if (stopped) return stopped;
  const wanted = readFilter(call.request.query.get("$filter") ?? "");
  if (!wanted) return armError(400, "UnsupportedQuery", "The filter is not supported.");
  const found = world.roleAssignments.filter(
    (record) =>
      call.view.knows(record) &&
      (isWithin(scope, record.scope) || (!wanted.atScope && isWithin(record.scope, scope))) &&
      (wanted.principalId === undefined || same(record.principalId, wanted.principalId)),
  );
  return page(world, call, found.map(assignmentResource));
}

/** The filters that Resource Manager knows here; groups have no members in the sandbox. */
function readFilter(
  filter: string,
): { readonly atScope: boolean; readonly principalId?: string } | undefined {
  if (filter.trim() === "") return { atScope: false };
  const form =
    /^\s*(?:(?<at>atScope\(\))(?:\s+and\s+assignedTo\('(?<within>[^']+)'\))?|principalId\s+eq\s+'(?<principal>[^']+)'|assignedTo\('(?<assigned>[^']+)'\))\s*$/i;
  const groups = form.exec(filter)?.groups;
  if (!groups) return undefined;
  const principalId = groups["within"] ?? groups["principal"] ?? groups["assigned"];
  return { atScope: groups["at"] !== undefined, ...(principalId === undefined ? {} : { principalId }) };
}

function readDesired(call: ArmCall, scope: string): Desired | SandboxResponse {
  const name = call.parameters["name"] ?? "";
  if (!guid.test(name)) {
    return armError(400, "InvalidRoleAssignmentId", `The role assignment ID '${name}' is not valid.`);
  }
  const properties = jsonBody(call.request)?.["properties"];
  if (typeof properties !== "object" || properties === null) {
    return armError(400, "InvalidRequestContent", "The request content was invalid: properties are missing.");
  }
  const text = (key: string) => {
    const value = (properties as Record<string, unknown>)[key];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const principalId = text("principalId") ?? "";
  if (!guid.test(principalId)) {
    return armError(400, "InvalidPrincipalId", "A valid principal ID must be provided for role assignment.");
  }
  const roleDefinitionId = text("roleDefinitionId") ?? "";
  const roleForm =
    /^(?:\/subscriptions\/[^/]+)?\/providers\/Microsoft\.Authorization\/roleDefinitions\/[^/]+$/i;
  if (!roleForm.test(roleDefinitionId) || !guid.test(roleDefinitionId.split("/").at(-1) ?? "")) {
    return armError(
      400,
      "InvalidRoleDefinitionId",
      `The role definition ID '${roleDefinitionId}' is not valid.`,
    );
  }
  if (!roleDefinition(roleDefinitionId)) {
    return armError(
      400,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${plain(roleDefinitionId.split("/").at(-1) ?? "")}' does not exist.`,
    );
  }
  const condition = text("condition") ?? null;
  const conditionVersion = text("conditionVersion") ?? null;
  if (condition !== null && !isValid(condition, conditionVersion)) {
    return armError(400, "InvalidCondition", "The given role assignment condition is invalid.");
  }
  return {
    roleDefinitionId: /^\/subscriptions\//i.test(roleDefinitionId)
      ? roleDefinitionId
      : `${scope.split("/").slice(0, 3).join("/")}${roleDefinitionId}`,
    principalId,
    principalType: text("principalType"),
    condition,
    conditionVersion: condition === null ? null : conditionVersion,
    description: text("description") ?? null,
  };
}

/** Another version than 2.0 is refused with the same words, see MicrosoftDocs/azure-docs#119449. */
function isValid(condition: string, version: string | null): boolean {
  if (version !== "2.0" || condition.length > longestCondition) return false;
  try {
    parseCondition(condition);
    return true;
  } catch (error) {
    if (error instanceof MalformedConditionError) return false;
    throw error;
  }
}

/** What the principal is, as far as the replica that answers knows: even a stated type does not help it. */
function directoryType(world: World, { view }: ArmCall, principalId: string): string | undefined {
  if (world.servicePrincipals.some((record) => same(record.id, principalId) && view.knows(record))) {
    return "ServicePrincipal";
  }
  return world.users.some(({ id }) => same(id, principalId)) ? "User" : undefined;
}

function principalNotFound(world: World, principalId: string): SandboxResponse {
  return armError(
    400,
    "PrincipalNotFound",
    `Principal ${plain(principalId)} does not exist in the directory ${world.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  );
}

function isSame(record: RoleAssignmentRecord, scope: string, desired: Desired): boolean {
  const roleOf = (id: string) => id.split("/").at(-1) ?? "";
  return (
    same(record.scope, scope) &&
    same(record.principalId, desired.principalId) &&
    same(roleOf(record.roleDefinitionId), roleOf(desired.roleDefinitionId))
  );
}

function assignmentResource(record: RoleAssignmentRecord): Record<string, unknown> {
  const time = new Date(record.createdAt).toISOString();
  const { roleDefinitionId, principalId, principalType, scope } = record;
  const { condition, conditionVersion, description, createdBy } = record;
  return {
    properties: {
      roleDefinitionId,
      principalId,
      principalType,
      scope,
      condition,
      conditionVersion,
      createdOn: time,
      updatedOn: time,
      createdBy,
      updatedBy: createdBy,
      delegatedManagedIdentityResourceId: null,
      description,
    },
    id: record.id,
    type,
    name: record.name,
  };
}

/** Ids as these errors write them: 32 digits, no dashes. */
function plain(id: string): string {
  return id.replaceAll("-", "");
}

function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
