import { apiVersionRefusal } from "./api-versions.ts";
import { armAnswer, armError } from "./errors.ts";
import type { ReplicaView } from "../replication.ts";
import { covers, grantsAt, permitsAction } from "./role-evaluation.ts";
import type { Route, SandboxRequest, SandboxResponse } from "../service.ts";
import {
  bearerToken,
  multiFactorContext,
  resourceManagerAudiences,
  verifyBearer,
  type Identity,
} from "../entra/token.ts";
import type { World } from "../world.ts";

/** One request to Resource Manager: the caller, who has signed in, and what the replica that answers knows. */
export interface ArmCall {
  readonly request: SandboxRequest;
  readonly parameters: Readonly<Record<string, string>>;
  readonly caller: Identity;
  readonly apiVersion: string;
  readonly view: ReplicaView;
}

/** A route for callers that have signed in and name an api-version. Letter case in paths does not matter. */
export function armRoute(
  world: World,
  method: string,
  path: string,
  handle: (call: ArmCall) => SandboxResponse,
): Route {
  return {
    method,
    pattern: new RegExp(`^${path}/?$`, "i"),
    handle: async (request, parameters) => {
      const caller = await verifyBearer(world, request, resourceManagerAudiences);
      if (!caller) return unauthenticated(world, request);
      if (method !== "GET" && caller.kind === "user" && !caller.multiFactor) {
        return multiFactorDemanded(world, request);
      }
      const apiVersion = request.query.get("api-version");
      if (!apiVersion) {
        return armError(
          400,
          "MissingApiVersionParameter",
          "The api-version query parameter (?api-version=) is required for all requests.",
        );
      }
      const refused = apiVersionRefusal(world, request, apiVersion);
      if (refused) return refused;
      return handle({ request, parameters, caller, apiVersion, view: world.replication.read() });
    },
  };
}

/**
 * The refusal of an action at a scope. Undefined if the caller's roles permit it.
 * @param attributes the ones that conditions of those roles may name, as in `ConditionRequest`
 */
export function refusal(
  world: World,
  { caller, view }: ArmCall,
  action: string,
  scope: string,
  attributes: Readonly<Record<string, string>> = {},
): SandboxResponse | undefined {
  const grants = grantsAt(world, caller.objectId, scope, view);
  if (permitsAction(grants, action, attributes)) return undefined;
  const limited = grants.some(({ role }) => covers(role.actions, role.notActions, action));
  return armError(
    403,
    "AuthorizationFailed",
    `The client '${caller.name}' with object id '${caller.objectId}' does not have authorization${
      limited ? " or an ABAC condition not fulfilled" : ""
    } to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/** One page of a list, with the link to the next page. */
export function page(world: World, { request }: ArmCall, items: readonly unknown[]): SandboxResponse {
  const size = world.pageSize ?? items.length;
  const start = Number(request.query.get("$skiptoken") ?? 0);
  const end = start + size;
  if (end >= items.length) return armAnswer(200, { value: items.slice(start) });
  const query = new URLSearchParams(request.query);
  query.set("$skiptoken", String(end));
  return armAnswer(200, {
    value: items.slice(start, end),
    nextLink: `${world.azureUrl}${request.path}?${query.toString()}`,
  });
}

function unauthenticated(world: World, request: SandboxRequest): SandboxResponse {
  const missing = bearerToken(request) === undefined;
  const code = missing ? "AuthenticationFailed" : "InvalidAuthenticationToken";
  const message = missing
    ? "Authentication failed. The 'Authorization' header is missing."
    : "The access token is invalid.";
  const answer = armError(401, code, message);
  const challenge = `Bearer authorization_uri="${world.azureUrl}/${world.tenantId}", error="invalid_token", error_description="${message}"`;
  return { ...answer, headers: { ...answer.headers, "www-authenticate": challenge } };
}

/**
 * Since October 2025 Resource Manager demands multi-factor authentication for the writes of people. Its challenge is
 * as https://github.com/Azure/azure-cli/pull/31699 shows it, and its sentence as
 * https://learn.microsoft.com/cli/azure/use-azure-cli-successfully-troubleshooting does.
 */
function multiFactorDemanded(world: World, { path }: SandboxRequest): SandboxResponse {
  const message = `Resource '${path.split("/").at(-1)}' was disallowed by policy. Reasons: MFA is required. See error details for policy resource IDs.`;
  const answer = armError(401, "RequestDisallowedByPolicy", message);
  const claims = { access_token: { acrs: { essential: true, values: [multiFactorContext] } } };
  const challenge = Buffer.from(JSON.stringify(claims)).toString("base64");
  const header = `Bearer authorization_uri="${world.azureUrl}/common", error="insufficient_claims", claims="${challenge}"`;
  return { ...answer, headers: { ...answer.headers, "www-authenticate": header } };
}
