import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** JSON if the body is JSON, else its text. */
  readonly body: unknown;
}

/** How one request is answered: with a status and JSON, or by a function. */
export type Answer =
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | ((response: ServerResponse) => void);

/** Cuts the connection without an answer. */
export const reset: Answer = (response) => response.destroy();

/** A server that gives the answers that a test scripts, one per request, and {@link otherwise} after those. */
export class ScriptedServer {
  readonly requests: Arrived[] = [];
  otherwise: Answer = { status: 501 };
  /** How many connections were opened to it. */
  connections = 0;
  #answers: Answer[] = [];
  readonly #scheme: "http" | "https";
  readonly #server: ReturnType<typeof createServer>;
  #port = 0;

  /** @param identity PEM; with it the server speaks TLS */
  constructor(identity?: { readonly certificate: string; readonly key: string }) {
    const listener: RequestListener = (request, response) => void this.#answer(request, response);
    this.#scheme = identity ? "https" : "http";
    this.#server = identity
      ? createTlsServer({ cert: identity.certificate, key: identity.key }, listener)
      : createServer(listener);
    this.#server.on(identity ? "secureConnection" : "connection", () => (this.connections += 1));
  }

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** Also known while the server stops: a request may still arrive then. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** Forgets the earlier requests, and sets the answers that follow. */
  script(...answers: Answer[]): void {
    this.requests.length = 0;
    this.#answers = answers;
    this.otherwise = { status: 501 };
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
      body: text === "" ? undefined : /^[{[]/.test(text) ? JSON.parse(text) : text,
    });
    const answer = this.#answers.shift() ?? this.otherwise;
    if (typeof answer === "function") return answer(response);
    response.writeHead(answer.status, { "Content-Type": "application/json", ...answer.headers });
    response.end(answer.json === undefined ? undefined : JSON.stringify(answer.json));
  }
}
