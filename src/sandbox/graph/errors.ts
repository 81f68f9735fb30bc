import { v4 as uuid } from "uuid";
import type { SandboxRequest, SandboxResponse } from "../service.ts";

/** One of the causes that an error of Graph may list. */
export interface GraphErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
}

/** A request that Graph refuses; thrown by a route's work, answered by the route. */
export class GraphRefusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly GraphErrorDetail[] | undefined;

  constructor(status: number, code: string, message: string, details?: readonly GraphErrorDetail[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** Graph's message for a code, if the route has no better one. */
const messages: Readonly<Record<string, string>> = {
  Authorization_RequestDenied: "Insufficient privileges to complete the operation.",
  Directory_ConcurrencyViolation: "A conflicting change was made to this object. Please try again.",
  Directory_QuotaExceeded:
    "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to increase the quota limit or delete objects to reduce the used quota.",
  InvalidAuthenticationToken: "Access token is empty.",
  TooManyRequests: "Too many requests. Please try again later.",
  Request_ResourceNotFound:
    "Resource does not exist or one of its queried reference-property objects are not present.",
};

/**
 * An error in Graph's shape.
 * @param code default: the usual one for the status
 * @param message default: Graph's message for the code
 */
export function graphError(
  request: SandboxRequest,
  status: number,
  code: string = usualCode(status),
  message?: string,
  details?: readonly GraphErrorDetail[],
): SandboxResponse {
  const headers = graphHeaders(request);
  return {
    status,
    headers: { ...headers, "Content-Type": "application/json" },
    body: {
      error: {
        code,
        message: message ?? messages[code] ?? "An error occurred while processing this request.",
        ...(details ? { details } : {}),
        innerError: {
          date: new Date().toISOString().slice(0, 19),
          "request-id": headers["request-id"],
          "client-request-id": headers["client-request-id"],
        },
      },
    },
  };
}

/** Headers on every answer of Graph: https://learn.microsoft.com/graph/best-practices-concept */
export function graphHeaders(request: SandboxRequest): Record<string, string> {
  const sent = request.headers["client-request-id"];
  const id = uuid();
  return {
    "Cache-Control": "no-cache",
    "request-id": id,
    "client-request-id": typeof sent === "string" ? sent : id,
    "x-ms-ags-diagnostic": JSON.stringify({
      ServerInfo: { DataCenter: "Sandbox", Slice: "E", Ring: "1", ScaleUnit: "000", RoleInstance: "SANDBOX" },
    }),
    // How much of the tenant's quota a request costs: a list of applications costs twice as much as anything else.
    "x-ms-resource-unit": request.method === "GET" && /\/applications$/i.test(request.path) ? "2" : "1",
  };
}

/** The refusal for an object that does not exist, or not yet. */
export function notFound(what: string): GraphRefusal {
  return new GraphRefusal(
    404,
    "Request_ResourceNotFound",
    `Resource '${what}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** The refusal of an invalid request. */
export function badRequest(message: string, details?: readonly GraphErrorDetail[]): GraphRefusal {
  return new GraphRefusal(400, "Request_BadRequest", message, details);
}

/** The refusal for missing rights. */
export function denied(message = "Insufficient privileges to complete the operation."): GraphRefusal {
  return new GraphRefusal(403, "Authorization_RequestDenied", message);
}

/** The refusal of a request that real Graph serves and the sandbox does not. It says so instead of pretending. */
export function notImplemented(what: string): GraphRefusal {
  return new GraphRefusal(501, "NotImplemented", `The sandbox cannot do this: ${what}`);
}

function usualCode(status: number): string {
  const codes: Readonly<Record<number, string>> = {
    400: "Request_BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Directory_ConcurrencyViolation",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceNotAvailable",
    504: "GatewayTimeout",
  };
  return codes[status] ?? "UnknownError";
}
