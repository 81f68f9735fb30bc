import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { registryError } from "./answers.ts";
import type { SandboxRequest, SandboxResponse } from "../service.ts";

const program = "docker-registry";
/** How long it may take to start, in milliseconds. It usually takes a tenth of a second. */
const startTimeoutMs = 15_000;
const stopTimeoutMs = 2000;

type ProcessRequest = Pick<SandboxRequest, "method" | "path" | "headers" | "body"> & {
  readonly query?: URLSearchParams;
};

/** The process of one registry, and requests to it. */
export class RegistryProcess {
  readonly #socket: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #said = "";

  /**
   * @param socket path of the Unix socket that it listens on
   * @param folder removed with it if this process ends without {@link stop}
   */
  constructor(socket: string, folder: string) {
    this.#socket = socket;
    this.#folder = folder;
  }

  /**
   * Starts it and waits until it answers.
   * @param configuration path of its configuration
   * @throws Error if it is not installed, ends or does not answer in time
   */
  async start(configuration: string): Promise<void> {
    // In a process group of its own, because Ctrl-C at the terminal is meant for the command in the sandbox.
    const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
    const child = spawn(program, ["serve", configuration], { stdio, detached: true });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#said = `${this.#said}${chunk.toString()}`.slice(-2000);
      });
    }
    const failed = new Promise<never>((_resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        reject(error.code === "ENOENT" ? new Error(`${program} is not installed`) : error);
      });
      child.once("exit", (code) => {
        reject(new Error(`${program} ended with ${code}: ${this.#said.trim()}`));
      });
    });
    if (child.pid !== undefined) {
      const guard = endWithThisProcess(child.pid, this.#folder);
      child.once("exit", () => guard.kill());
    }
    const waiting = new AbortController();
    await Promise.race([failed, this.#untilReady(waiting.signal)]).finally(() => waiting.abort());
  }

  /** Ends it, by force if it does not end when asked. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill();
    const forced = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
    await ended;
    clearTimeout(forced);
  }

  /** The process's own answer; 503 while it does not answer. */
  async answer(request: SandboxRequest): Promise<SandboxResponse> {
    return this.send(request).catch(() => registryError(503, "UNAVAILABLE", "service unavailable"));
  }

  /** @throws Error from Node if the process does not answer */
  send({ method, path, query, headers, body }: ProcessRequest): Promise<SandboxResponse> {
    const search = query?.size ? `?${query.toString()}` : "";
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          socketPath: this.#socket,
          method,
          path: `${path}${search}`,
          headers: { host: "localhost", ...withoutHop(headers), "content-length": body.length },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            resolve({
              status: incoming.statusCode ?? 502,
              headers: withoutHop(incoming.headers),
              body: Buffer.concat(chunks),
            });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  async #untilReady(givenUp: AbortSignal): Promise<void> {
    const end = Date.now() + startTimeoutMs;
    while (!givenUp.aborted) {
      const ready = await this.send({ method: "GET", path: "/v2/", headers: {}, body: Buffer.alloc(0) }).then(
        () => true,
        () => false,
      );
      if (ready) return;
      if (Date.now() > end) throw new Error(`${program} does not answer: ${this.#said.trim()}`);
      await sleep(20);
    }
  }
}

/**
 * However this process ends, even by SIGKILL, the operating system closes its end of the pipe. The guard then ends
 * the registry's process and removes its folder.
 */
function endWithThisProcess(pid: number, folder: string): ChildProcess {
  const script = 'read -r _; kill "$1"; rm -rf "$2"';
  const stdio: StdioOptions = ["pipe", "ignore", "ignore"];
  return spawn("sh", ["-c", script, "sh", String(pid), folder], { stdio, detached: true });
}

/** The headers without those that concern one connection only. */
function withoutHop(headers: IncomingHttpHeaders): Record<string, string> {
  const hop = ["connection", "keep-alive", "transfer-encoding", "upgrade", "expect"];
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hop.includes(name) ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}
