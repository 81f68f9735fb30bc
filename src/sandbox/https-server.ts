import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerIdentity } from "./certificate-authority.ts";
import { withEcho } from "./echo.ts";
import type { Fault, FaultInjector } from "./faults.ts";
import type { RequestEntry, RequestLog } from "./request-log.ts";
import type { SandboxRequest, SandboxResponse, Service } from "./service.ts";

/** Far more than any client sends. A larger body is refused instead of kept. */
const maxBodyBytes = 8 * 1024 * 1024;
/** Longer than any client keeps an idle connection, so none is closed while a request is on its way. */
const keepAliveMs = 120_000;

/** How a service listens. */
export interface ListenOptions {
  /** Absent or 0 for any free port. */
  readonly port?: number | undefined;
  readonly identity: ServerIdentity;
  readonly log: RequestLog;
  readonly faults: FaultInjector;
  /** Added to each answer, in milliseconds. */
  readonly latencyMs?: number | undefined;
  /** Another host name by which clients reach it, in addition to this machine's. */
  readonly hostName?: string | undefined;
}

/** A service that listens. */
export interface Listener {
  readonly port: number;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/**
 * Lets a service listen on one port of this machine's loopback addresses, over TLS. `localhost` may mean either
 * address family, so it listens on both if the machine has both.
 * @throws Error from Node (`EADDRINUSE`, `EACCES`) if a port that was asked for is not available
 */
export async function listen(service: Service, options: ListenOptions): Promise<Listener> {
  const { server, connections } = createService(service, options);
  // Hands its connections to the first server, so that the certificate is read only once.
  const other = createTcpServer({ noDelay: true }, (connection) => server.emit("connection", connection));
  const close = async () => {
    const closed = [server, other].filter(({ listening }) => listening).map((one) => once(one, "close"));
    for (const one of [server, other]) one.close();
    // Node's own list leaves out connections that are still in their TLS handshake.
    for (const connection of connections.values()) connection.destroy();
    await Promise.all(closed);
  };
  await bind(server, "127.0.0.1", options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  try {
    await bind(other, "::1", port);
  } catch (error) {
    // The machine does not have the other address family.
    if (isCode(error, "EADDRNOTAVAIL") || isCode(error, "EAFNOSUPPORT")) return { port, close };
    await close();
    // The port is free in one address family and taken in the other: try another port.
    if (!options.port && isCode(error, "EADDRINUSE")) return listen(service, options);
    throw error;
  }
  return { port, close };
}

function createService(service: Service, options: ListenOptions) {
  const { certificate: cert, key } = options.identity;
  // The TCP connection under each TLS connection, by the client's port: only it can be reset.
  const connections = new Map<string, Socket>();
  const server = createServer({ cert, key, keepAliveTimeout: keepAliveMs }, (incoming, outgoing) => {
    // A client may disconnect at any time. Errors of its socket have no other listener.
    outgoing.on("error", () => undefined);
    const reset = (): void => {
      connections.get(remoteEnd(incoming.socket))?.resetAndDestroy();
    };
    void serve(service, options, incoming, outgoing, reset);
  });
  server.on("connection", (connection: Socket) => {
    const end = remoteEnd(connection);
    connections.set(end, connection);
    connection.once("close", () => {
      if (connections.get(end) === connection) connections.delete(end);
    });
  });
  server.on("tlsClientError", () => undefined);
  return { server, connections };
}

const remoteEnd = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

async function bind(server: TcpServer, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, ipv6Only: host === "::1" }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** The hosts that clients ask for. Any other one means that a web page has led a browser here by DNS rebinding. */
const thisMachine = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/** One request from its first line to the end of its answer. */
async function serve(
  service: Service,
  options: ListenOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  reset: () => void,
): Promise<void> {
  const { log, faults } = options;
  const { pathAsSent, path, query } = splitTarget(incoming.url ?? "/");
  const method = incoming.method ?? "GET";
  const entry = log.open({
    service: service.name,
    method,
    path,
    query,
    userAgent: incoming.headers["user-agent"] ?? "",
    clientRequestId: String(
      incoming.headers["x-ms-client-request-id"] ?? incoming.headers["client-request-id"] ?? "",
    ),
  });
  const gone = new AbortController();
  outgoing.on("close", () => {
    gone.abort();
    log.close(entry);
  });
  const drop = (): void => {
    incoming.socket.destroy();
  };

  try {
    const host = incoming.headers.host ?? "";
    if (!thisMachine.test(host) && host.replace(/:\d+$/, "") !== options.hostName) {
      entry.status = 421;
      return await send(outgoing, { status: entry.status }, new Date());
    }
    if ((await log.reach("arrived", entry)) === "drop") return drop();
    const body = await readBody(incoming);
    const request: SandboxRequest = {
      method,
      path,
      pathAsSent,
      query: new URLSearchParams(query),
      headers: incoming.headers,
      body: body ?? Buffer.alloc(0),
      remoteAddress: incoming.socket.remoteAddress ?? "",
      closed: gone.signal,
    };
    entry.mutating = service.isMutating(request);
    if ((await log.reach("read", entry)) === "drop") return drop();
    await pause(options.latencyMs, gone.signal);

    const fault = faults.strike(query === "" ? `${method} ${path}` : `${method} ${path}?${query}`);
    if (fault?.after === "receive") {
      entry.fault = faultName(fault);
      await pause(fault.delay, gone.signal);
      if (await endWithoutAnswer(fault, { drop, reset, gone: gone.signal })) return;
    }
    let response =
      fault?.after === "receive" && fault.status !== undefined
        ? faultAnswer(service, request, fault, fault.status)
        : body === undefined
          ? service.errorResponse(request, 413, undefined)
          : await handle(service, request, entry);

    if ((await log.reach("committed", entry)) === "drop") return drop();
    if (fault?.after === "commit") {
      entry.fault = faultName(fault);
      await pause(fault.delay, gone.signal);
      if (await endWithoutAnswer(fault, { drop, reset, gone: gone.signal })) return;
      if (fault.status !== undefined) response = faultAnswer(service, request, fault, fault.status);
    }
    if (fault?.echo) {
      entry.fault = faultName(fault);
      response = withEcho(response, request, fault.echo);
    }
    entry.status = response.status;
    await send(outgoing, response, new Date(Date.now() + (service.clockAheadMs?.() ?? 0)));
    await log.reach("answered", entry);
  } catch (error) {
    // The client disconnected while it was being read or answered, or a stream of the service failed.
    if (!gone.signal.aborted) entry.exception = error;
    drop();
  }
}

/** The path and query of a request's target. Doubled slashes, which some SDKs send, become one. */
function splitTarget(target: string): { pathAsSent: string; path: string; query: string } {
  const mark = target.indexOf("?");
  const pathAsSent = mark < 0 ? target : target.slice(0, mark);
  const path = pathAsSent.replace(/\/{2,}/g, "/");
  return { pathAsSent, path, query: mark < 0 ? "" : target.slice(mark + 1) };
}

/** The whole body. Undefined if it is too large. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
  }
  return size <= maxBodyBytes ? Buffer.concat(chunks) : undefined;
}

async function handle(
  service: Service,
  request: SandboxRequest,
  entry: RequestEntry,
): Promise<SandboxResponse> {
  if (!isDecodable(request.path)) return service.errorResponse(request, 400, undefined);
  try {
    const response = await service.handle(request);
    entry.handled = true;
    return response;
  } catch (error) {
    entry.exception = error;
    return service.errorResponse(request, 500, undefined);
  }
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function faultAnswer(
  service: Service,
  request: SandboxRequest,
  fault: Fault,
  status: number,
): SandboxResponse {
  const response = service.errorResponse(request, status, fault.code);
  if (fault.retryAfter === undefined) return response;
  return { ...response, headers: { ...response.headers, "retry-after": String(fault.retryAfter) } };
}

/** Carries out the action of a fault, if it has one. */
async function endWithoutAnswer(
  fault: Fault,
  { drop, reset, gone }: { drop: () => void; reset: () => void; gone: AbortSignal },
): Promise<boolean> {
  if (fault.action === undefined) return false;
  if (fault.action === "drop") drop();
  else if (fault.action === "reset") reset();
  else {
    await new Promise<void>((resolve) => {
      if (gone.aborted) resolve();
      gone.addEventListener("abort", () => {
        resolve();
      });
    });
  }
  return true;
}

/** The log's name for a fault: `429`, `drop`, `500 after commit`, `delay`, `echo`. */
function faultName({ action, status, echo, after }: Fault): string {
  const what = action ?? (status === undefined ? (echo ? "echo" : "delay") : String(status));
  return after === "commit" ? `${what} after commit` : what;
}

async function pause(milliseconds: number | undefined, gone: AbortSignal): Promise<void> {
  if (!milliseconds) return;
  // If the client disconnects meanwhile, the request still has its effect: a real service would not notice either.
  await sleep(milliseconds, undefined, { signal: gone }).catch(() => undefined);
}

async function send(outgoing: ServerResponse, response: SandboxResponse, now: Date): Promise<void> {
  const headers = new Headers(response.headers);
  // Node's own date header would not follow a test that changes the time.
  if (!headers.has("date")) headers.set("date", now.toUTCString());
  if (response.stream) {
    outgoing.writeHead(response.status, [...headers.entries()].flat());
    outgoing.flushHeaders();
    for await (const chunk of response.stream) {
      if (outgoing.destroyed) return;
      outgoing.write(chunk);
    }
    await finish(outgoing, undefined);
    return;
  }
  const body = encodeBody(response.body, headers);
  // A 204 and a 304 have no body, and so no length (RFC 9110, 8.6).
  if (response.status !== 204 && response.status !== 304) {
    if (!headers.has("content-length")) headers.set("content-length", String(body?.length ?? 0));
  }
  const warnings = (response.warnings ?? []).flatMap((value) => ["warning", value]);
  outgoing.writeHead(response.status, [...headers.entries()].flat().concat(warnings));
  await finish(outgoing, body);
}

function encodeBody(body: unknown, headers: Headers): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (typeof body === "string") return Buffer.from(body);
  if (!headers.has("content-type")) headers.set("content-type", "application/json; charset=utf-8");
  return Buffer.from(JSON.stringify(body));
}

function finish(outgoing: ServerResponse, body: Buffer | undefined): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once("close", resolve);
    outgoing.end(body, resolve);
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
