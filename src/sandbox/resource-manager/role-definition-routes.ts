import { armRoute, page, refusal, type ArmCall } from "./call.ts";
import { armAnswer, armError } from "./errors.ts";
import { anyScopePattern, missingScope } from "./scope.ts";
import { roleDefinition, roleDefinitions, type RoleDefinition } from "./role-definitions.ts";
import { grantsAt } from "./role-evaluation.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { World } from "../world.ts";

const authorization = "Microsoft.Authorization";
const provider = "/providers/Microsoft\\.Authorization";

/** Routes of role definitions at any scope, and of the caller's permissions at a scope. */
export function roleDefinitionRoutes(world: World): Route[] {
  const list = `${provider}/roleDefinitions`;
  const one = `${list}/(?<guid>[^/]+)`;
  return [
    armRoute(world, "GET", `${anyScopePattern}${list}`, (call) => listRoles(world, call)),
    armRoute(world, "GET", `${anyScopePattern}${one}`, (call) => getRole(world, call)),
    armRoute(world, "GET", list, (call) => listRoles(world, call)),
    armRoute(world, "GET", one, (call) => getRole(world, call)),
    armRoute(world, "GET", `${anyScopePattern}${provider}/permissions`, (call) =>
      listPermissions(world, call),
    ),
  ];
}

function listRoles(world: World, call: ArmCall): SandboxResponse {
  const { scope } = call.parameters;
  const stopped = cannotRead(world, call, "roleDefinitions");
  if (stopped) return stopped;
  const filter = call.request.query.get("$filter") ?? "";
  const wanted =
    /^\s*(?:roleName\s+eq\s+'(?<name>[^']*)'|type\s+eq\s+'BuiltInRole'|atScopeAndBelow\(\))?\s*$/i.exec(
      filter,
    );
  if (!wanted) return armError(400, "UnsupportedQuery", "The filter is not supported.");
  const name = wanted.groups?.["name"]?.toLowerCase();
  const found = roleDefinitions.filter((role) => name === undefined || role.roleName.toLowerCase() === name);
  return page(
    world,
    call,
    found.map((role) => roleResource(role, scope)),
  );
}

function getRole(world: World, call: ArmCall): SandboxResponse {
  const { scope, guid = "" } = call.parameters;
  const stopped = cannotRead(world, call, "roleDefinitions");
  if (stopped) return stopped;
  const role = roleDefinition(guid);
  return role
    ? armAnswer(200, roleResource(role, scope))
    : armError(
        404,
        "RoleDefinitionDoesNotExist",
        `The specified role definition with ID '${guid.replaceAll("-", "")}' does not exist.`,
      );
}

function listPermissions(world: World, call: ArmCall): SandboxResponse {
  const { scope = "" } = call.parameters;
  const stopped = cannotRead(world, call, "permissions");
  if (stopped) return stopped;
  return page(
    world,
    call,
    grantsAt(world, call.caller.objectId, scope, call.view).map(({ role }) => permissionsOf(role)),
  );
}

/** Anybody may read built-in roles without a scope. */
function cannotRead(world: World, call: ArmCall, what: string): SandboxResponse | undefined {
  const { scope } = call.parameters;
  if (scope === undefined) return undefined;
  return refusal(world, call, `${authorization}/${what}/read`, scope) ?? missingScope(world, scope);
}

/** At a subscription and below it, the id begins with the subscription. */
function roleResource(role: RoleDefinition, scope: string | undefined): Record<string, unknown> {
  const subscription = scope === undefined ? "" : scope.split("/").slice(0, 3).join("/");
  return {
    properties: {
      roleName: role.roleName,
      type: "BuiltInRole",
      description: role.description,
      assignableScopes: ["/"],
      permissions: [permissionsOf(role)],
      createdOn: "2015-02-02T21:55:09.8806423Z",
      updatedOn: "2021-11-11T20:13:58.3061479Z",
      createdBy: null,
      updatedBy: null,
    },
    id: `${subscription}/providers/${authorization}/roleDefinitions/${role.guid}`,
    type: `${authorization}/roleDefinitions`,
    name: role.guid,
  };
}

function permissionsOf(role: RoleDefinition): Record<string, unknown> {
  const { actions, notActions, dataActions, notDataActions } = role;
  return { actions, notActions, dataActions, notDataActions };
}
