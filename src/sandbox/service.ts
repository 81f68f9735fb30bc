import type { IncomingHttpHeaders } from "node:http";

/** One request as a service sees it, with its whole body. */
export interface SandboxRequest {
  readonly method: string;
  /** As on the wire, without query, doubled slashes collapsed. */
  readonly path: string;
  /** With its doubled slashes, if it has any. */
  readonly pathAsSent?: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly remoteAddress: string;
  /** Aborted when the client disconnects, for answers that stream (watch). */
  readonly closed: AbortSignal;
}

/** An answer; a body that is neither text nor bytes is sent as JSON. */
export interface SandboxResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of `Warning` headers. Each is sent as a header of its own. */
  readonly warnings?: readonly string[];
  readonly body?: unknown;
  /** Chunks sent one by one instead of a body; the connection stays open until it ends. */
  readonly stream?: AsyncIterable<string | Buffer>;
}

/** A service listening on one port: the Azure control plane, one registry or one cluster. */
export interface Service {
  /** For the request log: `azure`, `registry myregistry`, `cluster sandbox`. */
  readonly name: string;
  /** How far its clock is ahead of this machine's, in milliseconds. Default: not at all. */
  readonly clockAheadMs?: () => number;
  /** Answers a request. Every error is an answer in the service's own shape. A throw is a bug and answers 500. */
  handle(request: SandboxRequest): SandboxResponse | Promise<SandboxResponse>;
  /** The service's own shape of an error, for injected faults (throttling, outages, replica lag). */
  errorResponse(request: SandboxRequest, status: number, code: string | undefined): SandboxResponse;
  /** Whether a request asks for a change, as the product counts mutating requests. */
  isMutating(request: SandboxRequest): boolean;
}

/** A route of a service: the pattern is matched against the path; named groups arrive decoded. */
export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  handle(
    request: SandboxRequest,
    parameters: Readonly<Record<string, string>>,
  ): SandboxResponse | Promise<SandboxResponse>;
}

/** The answer of the first route that matches. Undefined if none does. */
export function dispatch(
  routes: readonly Route[],
  request: SandboxRequest,
): SandboxResponse | Promise<SandboxResponse> | undefined {
  for (const route of routes) {
    const match = route.method === request.method ? route.pattern.exec(request.path) : null;
    if (match) {
      const groups = Object.entries(match.groups ?? {}).map(([name, value]) => [
        name,
        decodeURIComponent(value ?? ""),
      ]);
      return route.handle(request, Object.fromEntries(groups) as Record<string, string>);
    }
  }
  return undefined;
}

/** A JSON body. Undefined if it is empty or not a JSON object. */
export function jsonBody(request: SandboxRequest): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A form body. */
export function formBody(request: SandboxRequest): URLSearchParams {
  return new URLSearchParams(request.body.toString("utf8"));
}
