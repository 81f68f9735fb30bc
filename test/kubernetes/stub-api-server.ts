import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { createCluster, type ClusterClient } from "../../src/kubernetes/cluster-client.ts";
import { readEntries } from "../../src/kubernetes/kubeconfig-file.ts";
import { Kubeconfig } from "../../src/kubernetes/kubeconfig.ts";

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** How the stub answers one request: with a status and JSON, or as it likes. */
export type Answer =
  | { readonly status: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | ((response: ServerResponse) => void);

/** An API server that says what a test tells it to, one answer a request, and no more. */
export class StubApiServer {
  readonly requests: Arrived[] = [];
  connections = 0;
  #answers: Answer[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<void> {
    this.#server.on("connection", () => (this.connections += 1));
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Forgets what was, and says what comes. */
  script(...answers: Answer[]): void {
    this.requests.length = 0;
    this.#answers = answers;
  }

  /** A cluster client that talks to it. */
  cluster(user: Record<string, unknown> = { token: "t0k3n" }): ClusterClient {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: "stub", server: this.url, skipTLSVerify: false }],
      users: [{ name: "stub", ...user }],
      contexts: [{ name: "stub", cluster: "stub", user: "stub" }],
      currentContext: "stub",
    });
    return createCluster(new Kubeconfig(readEntries(config)), "stub", { allowInsecureTls: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const url = new URL(request.url ?? "", this.url);
    this.requests.push({
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    });
    const answer =
      this.#answers.shift() ?? status(501, "NotImplemented", "the test said nothing of this request");
    if (typeof answer === "function") return answer(response);
    response.writeHead(answer.status, { "Content-Type": "application/json", ...answer.headers });
    response.end(JSON.stringify(answer.json));
  }
}

/** A success. */
export function ok(json: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, json, headers };
}

/** A refusal as the API server words it. */
export function status(
  code: number,
  reason: string,
  message = reason,
  details: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Answer {
  const json = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    details,
    code,
  };
  return { status: code, json, headers };
}

/** The connection is cut without an answer. */
export const reset: Answer = (response) => response.destroy();
