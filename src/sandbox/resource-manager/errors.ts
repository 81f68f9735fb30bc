import { v4 as uuid } from "uuid";
import type { SandboxResponse } from "../service.ts";

/*
 * How Resource Manager answers. Shape of errors and headers:
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */

/** Resource Manager's message for a code, if the route has no better one. */
const messages: Readonly<Record<string, string>> = {
  PrincipalNotFound:
    "Principal does not exist in the directory. Check that you have the correct principal ID. If you are creating " +
    "this principal and then immediately assigning a role, this error might be related to a replication delay. In " +
    "this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or " +
    "Group.  See https://aka.ms/docs-principaltype",
  RoleAssignmentExists: "The role assignment already exists.",
  RoleAssignmentUpdateNotPermitted:
    "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
  RoleAssignmentLimitExceeded: "No more role assignments can be created.",
  AuthorizationFailed: "The client does not have authorization to perform action or the scope is invalid.",
  InvalidAuthenticationToken: "The access token is invalid.",
  ScopeLocked: "The scope cannot perform write operation because following scope(s) are locked.",
  TooManyRequests: "The request is being throttled as the limit has been reached for operation type.",
  InternalServerError: "Encountered internal server error. Please try again.",
  ServiceUnavailable: "The service is unavailable. Please try again.",
};

const codes: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "InvalidAuthenticationToken",
  403: "AuthorizationFailed",
  404: "NotFound",
  409: "Conflict",
  429: "TooManyRequests",
  500: "InternalServerError",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
};

/**
 * An error of Resource Manager.
 * @param code default: the usual one for the status
 * @param message default: the usual one for the code
 */
export function armError(
  status: number,
  code?: string,
  message?: string,
  details?: ReadonlyArray<Readonly<Record<string, unknown>>>,
): SandboxResponse {
  const known = code ?? codes[status] ?? "InternalServerError";
  return armAnswer(
    status,
    { error: { code: known, message: message ?? messages[known] ?? known, ...(details ? { details } : {}) } },
    byGateway.has(known) ? { "x-ms-failure-cause": "gateway" } : {},
  );
}

/** Errors of requests that are refused before any provider is asked. */
const byGateway: ReadonlySet<string> = new Set([
  "AuthorizationFailed",
  "InvalidApiVersionParameter",
  "InvalidResourceType",
  "MissingApiVersionParameter",
  "NoRegisteredProviderFound",
]);

/** An answer of Resource Manager, with the headers that every answer carries. */
export function armAnswer(
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): SandboxResponse {
  const id = uuid();
  return {
    status,
    headers: {
      "cache-control": "no-cache",
      "x-ms-request-id": uuid(),
      "x-ms-correlation-request-id": id,
      "x-ms-routing-request-id": `SANDBOX:${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}:${id}`,
      "x-ms-ratelimit-remaining-subscription-reads": "249",
      "x-ms-ratelimit-remaining-subscription-writes": "199",
      "x-ms-ratelimit-remaining-subscription-deletes": "199",
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  };
}
