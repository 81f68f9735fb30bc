import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { createCertificateAuthority } from "../certificate-authority.ts";
import { createLoginServer } from "./container-registry.ts";
import { smallImage } from "./image.ts";
import { registryError } from "./answers.ts";
import { registryTokens, tokenIssuer, type RegistryTokens } from "./registry-token.ts";
import type { SandboxRequest, SandboxResponse, Service } from "../service.ts";
import type { RegistryRecord, World } from "../world.ts";

/*
 * Debian's docker-registry as the data plane: the login server and its tokens stay the sandbox's, everything below
 * `/v2/` is the real one's, which checks the tokens by the certificate they carry.
 * Configuration: https://distribution.github.io/distribution/about/configuration/
 */

const program = "docker-registry";
/** How long it may take to come up, in milliseconds; it takes a tenth of a second. */
const startTimeoutMs = 15_000;
const stopTimeoutMs = 2000;

/** A registry process that runs. */
export interface DockerRegistry {
  /** Ends the process and removes what it stored. */
  readonly close: () => Promise<void>;
}

/**
 * Lets a login server listen, starts a registry process behind it, and fills that with the registry's images.
 * @param serve puts the login server on the wire and resolves to its address; the process is told where its tokens
 *   come from, so that has to come first
 * @throws Error when the program is not installed or does not come up
 */
export async function startDockerRegistry(
  world: World,
  registry: RegistryRecord,
  serve: (service: Service) => Promise<string>,
): Promise<DockerRegistry> {
  const authority = await createCertificateAuthority();
  const tokens = registryTokens(world, registry, await authority.issue());
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-registry-"));
  // A socket in the file system: there is no port to find, and nobody else reaches it.
  const socket = join(folder, "socket");
  const server = new RegistryProcess(socket);
  const close = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    registry.loginServer = await serve(
      createLoginServer(world, registry, tokens, (request) =>
        request.path.startsWith("/v2") ? server.answer(request) : undefined,
      ),
    );
    const certificates = join(folder, "tokens.pem");
    const configuration = join(folder, "config.yml");
    await writeFile(certificates, authority.certificate);
    await writeFile(
      configuration,
      configurationOf(registry, { certificates, socket, data: join(folder, "data") }),
    );
    await server.start(configuration);
    await seed(server, registry, tokens);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configurationOf(
  { loginServer }: RegistryRecord,
  paths: { readonly certificates: string; readonly socket: string; readonly data: string },
): string {
  return stringify({
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: paths.data }, delete: { enabled: true } },
    http: { net: "unix", addr: paths.socket, relativeurls: true },
    auth: {
      token: {
        realm: `https://${loginServer}/oauth2/token`,
        service: loginServer,
        issuer: tokenIssuer,
        rootcertbundle: paths.certificates,
      },
    },
  });
}

type ProcessRequest = Pick<SandboxRequest, "method" | "path" | "headers" | "body"> & {
  readonly query?: URLSearchParams;
};

/** The process, and requests to it. */
class RegistryProcess {
  readonly #socket: string;
  #child: ChildProcess | undefined;
  #said = "";

  constructor(socket: string) {
    this.#socket = socket;
  }

  async start(configuration: string): Promise<void> {
    const child = spawn(program, ["serve", configuration], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
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
    // Whoever ends this process without closing should not leave that one behind.
    const kill = () => child.kill();
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    await Promise.race([failed, this.#untilReady()]);
    failed.catch(() => undefined);
  }

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

  /** @throws Error of Node when the process does not answer */
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

  async #untilReady(): Promise<void> {
    const end = Date.now() + startTimeoutMs;
    for (;;) {
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

/** Pushes the small image to every tag that the registry begins with. */
async function seed(
  server: RegistryProcess,
  registry: RegistryRecord,
  tokens: RegistryTokens,
): Promise<void> {
  const { manifest, config, layers } = smallImage();
  for (const { repository, tag } of registry.images) {
    const access = [{ type: "repository", name: repository, actions: ["pull", "push"] }] as const;
    const authorization = `Bearer ${await tokens.access("sandbox", access)}`;
    const push = async (method: string, path: string, query: URLSearchParams, type: string, body: Buffer) => {
      const headers = { authorization, "content-type": type };
      const answer = await server.send({ method, path, query, headers, body });
      if (answer.status >= 300) {
        throw new Error(`${program} refused ${method} ${path}: ${answer.status} ${String(answer.body)}`);
      }
      return answer;
    };
    const type = "application/octet-stream";
    for (const { digest, bytes } of [config, ...layers]) {
      const begun = await push(
        "POST",
        `/v2/${repository}/blobs/uploads/`,
        new URLSearchParams(),
        type,
        Buffer.alloc(0),
      );
      const upload = new URL(begun.headers?.["location"] ?? "", "http://localhost");
      upload.searchParams.set("digest", digest);
      await push("PUT", upload.pathname, upload.searchParams, type, bytes);
    }
    const path = `/v2/${repository}/manifests/${tag}`;
    await push("PUT", path, new URLSearchParams(), manifest.mediaType, manifest.bytes);
  }
}

/** Headers but for those that concern one connection only. */
function withoutHop(headers: IncomingHttpHeaders): Record<string, string> {
  const hop = ["connection", "keep-alive", "transfer-encoding", "upgrade", "expect"];
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hop.includes(name) ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}
