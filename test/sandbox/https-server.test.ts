import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { createCertificateAuthority, type ServerIdentity } from "../../src/sandbox/certificate-authority.ts";
import { FaultInjector, readFaults, type FaultOptions } from "../../src/sandbox/faults.ts";
import { listen, type Listener } from "../../src/sandbox/https-server.ts";
import { RequestLog, type RequestPhase } from "../../src/sandbox/request-log.ts";
import type { SandboxRequest, SandboxResponse, Service } from "../../src/sandbox/service.ts";

let identity: ServerIdentity;
let ca: string;
let listener: Listener | undefined;

beforeAll(async () => {
  const authority = await createCertificateAuthority();
  ca = authority.certificate;
  identity = await authority.issue();
});

afterEach(async () => {
  await listener?.close();
});

/** A service that records its requests and answers as it is told. */
class Recorder implements Service {
  readonly name = "recorder";
  readonly requests: SandboxRequest[] = [];
  answer: (request: SandboxRequest) => SandboxResponse | Promise<SandboxResponse> = ({ path }) => ({
    status: 200,
    body: { path },
  });

  handle(request: SandboxRequest): SandboxResponse | Promise<SandboxResponse> {
    this.requests.push(request);
    return this.answer(request);
  }

  errorResponse(_: SandboxRequest, status: number, code = "Error"): SandboxResponse {
    return { status, headers: { "x-shape": "recorder" }, body: { code } };
  }

  isMutating({ method }: SandboxRequest): boolean {
    return method !== "GET";
  }
}

async function start(faults: readonly FaultOptions[] = []) {
  const service = new Recorder();
  const log = new RequestLog();
  listener = await listen(service, { identity, log, faults: new FaultInjector(readFaults(faults, "test")) });
  return { service, log, port: listener.port };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

interface Call {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

function call({
  port,
  path = "/",
  method = "GET",
  body,
  host = "localhost",
  headers = {},
  agent,
  signal,
}: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      servername: "localhost",
      port,
      path,
      method,
      headers,
      ca,
      agent: agent ?? (false as const),
      signal,
    };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("a service on the wire", () => {
  it.each(["localhost", "127.0.0.1", "::1"])("answers at %s", async (host) => {
    const { port } = await start();
    expect(await call({ port, host, path: "/a" })).toMatchObject({ status: 200, text: '{"path":"/a"}' });
  });

  it("hands over the body, the query and the path with doubled slashes collapsed", async () => {
    const { service, port } = await start();
    await call({ port, method: "PUT", path: "//subscriptions///s?x=//y&z=1", body: "hello" });
    const [met] = service.requests;
    expect(met).toMatchObject({ method: "PUT", path: "/subscriptions/s" });
    expect(met?.query.get("x")).toBe("//y");
    expect(met?.body.toString()).toBe("hello");
  });

  it("dates its answers by the time that this process has", async () => {
    const { port } = await start();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2031-02-03T04:05:06Z") });
    try {
      const { headers } = await call({ port });
      expect(headers).toMatchObject({ date: "Mon, 03 Feb 2031 04:05:06 GMT" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("keeps connections open between requests", async () => {
    const { service, port } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
    const ports = new Set<unknown>();
    service.answer = () => ({ status: 204 });
    agent.on("free", (socket: { localPort: number }) => ports.add(socket.localPort));
    for (let count = 0; count < 5; count += 1) await call({ port, agent });
    agent.destroy();
    expect(service.requests).toHaveLength(5);
    expect(ports.size).toBe(1);
  });

  it("sends bytes as they are, text as it is and a stream bit by bit", async () => {
    const { service, port } = await start();
    service.answer = () => ({ status: 200, headers: { "Content-Type": "a/b" }, body: Buffer.from("bytes") });
    expect(await call({ port })).toMatchObject({ text: "bytes", headers: { "content-type": "a/b" } });
    service.answer = () => ({ status: 200, body: "text" });
    expect((await call({ port })).text).toBe("text");
    service.answer = () => ({ status: 200, stream: chunks("one ", "two") });
    expect((await call({ port })).text).toBe("one two");
  });

  it("sends a HEAD no body and a 204 no length", async () => {
    const { service, port } = await start();
    expect(await call({ port, method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    service.answer = () => ({ status: 204 });
    expect((await call({ port })).headers).not.toHaveProperty("content-length");
  });

  it("answers 500 in the service's own shape when the service throws, and keeps what was thrown", async () => {
    const { service, log, port } = await start();
    service.answer = () => {
      throw new RangeError("a bug");
    };
    expect(await call({ port })).toMatchObject({ status: 500, headers: { "x-shape": "recorder" } });
    expect(log.entries[0]).toMatchObject({ handled: false, exception: new RangeError("a bug") });
  });

  it("answers 400 to a path that is no encoding of a text", async () => {
    const { service, port } = await start();
    expect(await call({ port, path: "/%E0%A4%A" })).toMatchObject({ status: 400 });
    expect(service.requests).toHaveLength(0);
  });

  it("answers 413 to a body larger than anybody needs", async () => {
    const { service, port } = await start();
    expect(await call({ port, method: "POST", body: Buffer.alloc(9 * 1024 * 1024) })).toMatchObject({
      status: 413,
    });
    expect(service.requests).toHaveLength(0);
  });

  it.each(["localhost", "localhost:7", "LOCALHOST:7", "127.0.0.1:7", "[::1]:7", "[::1]"])(
    "serves whoever asks for this machine, as %s",
    async (host) => {
      const { port } = await start();
      expect(await call({ port, headers: { host } })).toMatchObject({ status: 200 });
    },
  );

  it.each([
    "evil.example",
    "evil.example:7",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "a@localhost",
  ])(
    "answers 421 to a request for another host (%s), which a page of a browser may have led here, and asks no service",
    async (host) => {
      const { service, log, port } = await start([{ match: "", status: 500 }]);
      const answer = await call({ port, method: "POST", body: "hello", headers: { host } });
      expect(answer).toMatchObject({ status: 421, text: "" });
      expect(service.requests).toEqual([]);
      expect(log.entries).toMatchObject([{ status: 421 }]);
      expect(log.mutating()).toEqual([]);
      expect(await call({ port })).toMatchObject({ status: 500 });
    },
  );

  it("tells the service when the client has gone", async () => {
    const { service, port } = await start();
    const client = new AbortController();
    const gone = new Promise<void>((resolve) => {
      service.answer = async ({ closed }) => {
        closed.addEventListener("abort", () => {
          resolve();
        });
        client.abort();
        await gone;
        return { status: 200 };
      };
    });
    await expect(call({ port, signal: client.signal })).rejects.toThrow("aborted");
    await expect(gone).resolves.toBeUndefined();
  });

  it("says when a port that was asked for is taken", async () => {
    const { service, log, port } = await start();
    await expect(listen(service, { identity, log, faults: new FaultInjector(), port })).rejects.toMatchObject(
      {
        code: "EADDRINUSE",
      },
    );
  });

  it("ends open connections when it is closed", async () => {
    const { service, port } = await start();
    service.answer = ({ closed }) =>
      new Promise((resolve) => {
        closed.addEventListener("abort", () => {
          resolve({ status: 200 });
        });
        void listener?.close();
      });
    await expect(call({ port })).rejects.toThrow("socket hang up");
  });

  it("ends connections that are still at their handshake when it is closed", async () => {
    const { port } = await start();
    const client = connect(port, "127.0.0.1");
    client.on("error", () => undefined);
    await once(client, "connect");
    await listener?.close();
    listener = undefined;
    if (!client.closed) await once(client, "close");
    expect(client.closed).toBe(true);
  });
});

describe("the request log", () => {
  it("tells what was asked, by whom, and what came of it", async () => {
    const { log, port } = await start();
    await call({ port, path: "/a?b=c" });
    await call({ port, method: "POST" });
    expect(log.entries).toMatchObject([
      {
        index: 1,
        service: "recorder",
        method: "GET",
        path: "/a",
        query: "b=c",
        status: 200,
        mutating: false,
      },
      { index: 2, method: "POST", path: "/", query: "", status: 200, mutating: true, handled: true },
    ]);
    expect(log.mutating().map(({ index }) => index)).toEqual([2]);
    for (const { startedAt, endedAt } of log.entries) expect(endedAt).toBeGreaterThanOrEqual(startedAt);
  });

  it("awaits its observers at every phase", async () => {
    const { service, log, port } = await start();
    const seen: unknown[] = [];
    log.observe(async (phase) => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push([phase, service.requests.length]);
    });
    const answered = new Promise<void>((resolve) => {
      log.observe((phase) => {
        if (phase === "answered") resolve();
      });
    });
    await call({ port, method: "PUT", body: "x" });
    await answered;
    expect(seen).toEqual([
      ["arrived", 0],
      ["read", 0],
      ["committed", 1],
      ["answered", 1],
    ]);
  });

  it.each<[RequestPhase, number]>([
    ["arrived", 0],
    ["read", 0],
    ["committed", 1],
  ])("lets an observer end the connection when a request is %s", async (at, handled) => {
    const { service, log, port } = await start();
    const stop = log.observe((phase) => (phase === at ? "drop" : undefined));
    await expect(call({ port, method: "PUT", body: "x" })).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(service.requests).toHaveLength(handled);
    expect(log.entries[0]?.status).toBeUndefined();
    stop();
    expect(await call({ port })).toMatchObject({ status: 200 });
  });
});

describe("an injected fault", () => {
  it("repeats the request in the service's own shape of an error", async () => {
    const echo = { of: "body", in: "code" } as const;
    const { port } = await start([{ match: "/a", status: 422, echo }]);
    const answer = await call({ port, path: "/a", method: "POST", body: "what was sent" });
    expect([answer.status, answer.text]).toEqual([422, '{"code":"what was sent"}']);
  });

  it("repeats the request in what the service answers, where it has no status of its own", async () => {
    const { service, log, port } = await start([{ match: "/a", echo: { of: "body" } }]);
    service.answer = () => ({ status: 201, body: { name: "n" } });
    const answer = await call({ port, path: "/a", method: "POST", body: "what was sent" });
    expect([answer.status, answer.text]).toEqual([201, '{"name":"n You sent: what was sent"}']);
    expect(log.entries[0]).toMatchObject({ handled: true, fault: "echo" });
  });

  it.each([
    ["receive", 0],
    ["commit", 1],
  ] as const)("after %s answers with the service's own error", async (after, handled) => {
    const { service, log, port } = await start([
      { match: "PUT /a\\?b", status: 429, code: "Slow", retryAfter: 7, after },
    ]);
    expect(await call({ port, method: "PUT", path: "/a?b" })).toMatchObject({
      status: 429,
      headers: { "retry-after": "7", "x-shape": "recorder" },
      text: '{"code":"Slow"}',
    });
    expect(service.requests).toHaveLength(handled);
    expect(log.entries[0]).toMatchObject({ handled: handled === 1, status: 429 });
    expect(await call({ port, method: "PUT", path: "/a?b" })).toMatchObject({ status: 200 });
  });

  it.each([
    ["drop", "receive", 0, "socket hang up"],
    ["drop", "commit", 1, "socket hang up"],
    ["reset", "receive", 0, "read ECONNRESET"],
    ["reset", "commit", 1, "read ECONNRESET"],
  ] as const)(
    "of %s after %s ends the connection without an answer",
    async (action, after, handled, message) => {
      const { service, log, port } = await start([{ match: "^POST /a$", action, after }]);
      await expect(call({ port, method: "POST", path: "/a", body: "x" })).rejects.toMatchObject({
        code: "ECONNRESET",
        message,
      });
      expect(service.requests).toHaveLength(handled);
      expect(log.entries[0]).toMatchObject({ handled: handled === 1, status: undefined });
      expect(log.entries[0]?.fault).toBe(after === "commit" ? `${action} after commit` : action);
    },
  );

  it.each([
    ["receive", 0],
    ["commit", 1],
  ] as const)("of hang after %s holds the request until the client goes", async (after, handled) => {
    const { service, log, port } = await start([{ match: "", action: "hang", after }]);
    const client = new AbortController();
    const reached = new Promise<void>((resolve) => {
      log.observe((phase) => {
        if (phase === (after === "commit" ? "committed" : "read")) resolve();
      });
    });
    const answer = call({ port, signal: client.signal });
    await reached;
    client.abort();
    await expect(answer).rejects.toThrow("aborted");
    expect(service.requests).toHaveLength(handled);
    // The next request is answered: the hanging one held nothing up.
    expect(await call({ port })).toMatchObject({ status: 200 });
  });

  it("of delay alone lets the request through", async () => {
    const { service, log, port } = await start([{ match: "", delay: "1ms" }]);
    expect(await call({ port })).toMatchObject({ status: 200 });
    expect(service.requests).toHaveLength(1);
    expect(log.entries[0]?.fault).toBe("delay");
  });
});

async function* chunks(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}
