import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump } from "js-yaml";
import { createCertificateAuthority } from "../certificate-authority.ts";
import { createLoginServer } from "./container-registry.ts";
import { smallImage } from "./image.ts";
import { RegistryProcess } from "./registry-process.ts";
import { registryTokens, tokenIssuer, type RegistryTokens } from "./registry-token.ts";
import type { Service } from "../service.ts";
import type { RegistryRecord, World } from "../world.ts";

/*
 * Debian's docker-registry as the data plane. The login server and its tokens remain the sandbox's. The real registry
 * serves everything below `/v2/`, and checks the tokens by the certificate that they carry.
 * Configuration: https://distribution.github.io/distribution/about/configuration/
 */

/** A running registry process. */
export interface DockerRegistry {
  /** Ends the process and removes what it stored. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a login server and a registry process behind it, and pushes the registry's images to the process.
 * @param serve starts the login server and resolves to its address. That comes first, because the process's
 *   configuration names the address that its tokens come from
 * @throws Error if the program is not installed or does not start
 */
export async function startDockerRegistry(
  world: World,
  registry: RegistryRecord,
  serve: (service: Service) => Promise<string>,
): Promise<DockerRegistry> {
  const authority = await createCertificateAuthority();
  const tokens = registryTokens(world, registry, await authority.issue());
  const folder = await mkdtemp(join(tmpdir(), "acr-pull-registry-"));
  // A Unix socket: no port has to be found, and nobody else can connect.
  const socket = join(folder, "socket");
  const server = new RegistryProcess(socket, folder);
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
  return dump({
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

/** Pushes the small image as every tag that the registry starts with. */
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
        throw new Error(`docker-registry refused ${method} ${path}: ${answer.status} ${String(answer.body)}`);
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
