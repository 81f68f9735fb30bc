import { v4 as uuid } from "uuid";
import type { SandboxResponse } from "../service.ts";
import type { RegistryRecord } from "../world.ts";

/*
 * How an Azure container registry answers. Error codes:
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */

/** The registry's message to anybody who may not do what they asked. */
export const authenticationRequired =
  "authentication required, visit https://aka.ms/acr/authorization for more information.";

/** Headers of every answer. */
function commonHeaders(): Record<string, string> {
  return {
    server: "openresty",
    "docker-distribution-api-version": "registry/2.0",
    "x-ms-correlation-request-id": uuid(),
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "access-control-expose-headers":
      "Docker-Content-Digest, WWW-Authenticate, Link, X-Ms-Correlation-Request-Id",
  };
}

/** An answer with the headers that every answer carries. */
export function registryAnswer(
  status: number,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): SandboxResponse {
  return { status, headers: { ...commonHeaders(), ...headers }, ...(body === undefined ? {} : { body }) };
}

const codes: Readonly<Record<number, string>> = {
  400: "UNSUPPORTED",
  401: "UNAUTHORIZED",
  403: "DENIED",
  404: "NOT_FOUND",
  405: "UNSUPPORTED",
  429: "TOOMANYREQUESTS",
};

/**
 * An error of the registry.
 * @param code default: the usual one for the status
 */
export function registryError(
  status: number,
  code?: string,
  message?: string,
  detail: unknown = null,
  headers: Readonly<Record<string, string>> = {},
): SandboxResponse {
  const known = code ?? codes[status] ?? "UNKNOWN";
  const said = message ?? (status === 401 ? authenticationRequired : known.toLowerCase());
  const body = `${JSON.stringify({ errors: [{ code: known, message: said, detail }] })}\n`;
  return registryAnswer(status, body, { "content-type": "application/json; charset=utf-8", ...headers });
}

/** The rights that a token needs for a request, as a challenge names them. */
export interface Scope {
  readonly type: "repository" | "registry";
  readonly name: string;
  readonly actions: readonly string[];
}

/** A scope as text. */
export function formatScope({ type, name, actions }: Scope): string {
  return `${type}:${name}:${actions.join(",")}`;
}

/**
 * Sends the client to the token endpoint.
 * @param reason `invalid_token` or `insufficient_scope`, if the client sent a token
 */
export function challenge(
  registry: RegistryRecord,
  scope?: Scope,
  reason?: string,
  message: string = authenticationRequired,
): SandboxResponse {
  // No spaces: az also splits the parameters at spaces.
  const parameters = [
    `realm="https://${registry.loginServer}/oauth2/token"`,
    `service="${registry.loginServer}"`,
    ...(scope ? [`scope="${formatScope(scope)}"`] : []),
    ...(reason === undefined ? [] : [`error="${reason}"`]),
  ];
  const detail = scope?.actions.map((action) => ({ Type: scope.type, Name: scope.name, Action: action }));
  return registryError(401, "UNAUTHORIZED", message, detail ?? null, {
    "www-authenticate": `Bearer ${parameters.join(",")}`,
  });
}

/** The answer to a client that the registry's network rules keep out. */
export function firewallRefusal(remoteAddress: string): SandboxResponse {
  const address = remoteAddress.replace(/^::ffff:/, "");
  // As text, because the quotes are escaped on the wire.
  const body = `{"errors":[{"code":"DENIED","message":"client with IP \\u0027${address}\\u0027 is not allowed access. Refer https://aka.ms/acr/firewall to grant access."}]}\n`;
  return registryAnswer(403, body, { "content-type": "application/json; charset=utf-8" });
}
