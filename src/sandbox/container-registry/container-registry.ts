import { ImageStore } from "./image-store.ts";
import { challenge, firewallRefusal, registryError } from "./answers.ts";
import { refusesAddress } from "./network-rules.ts";
import { contentRoutes } from "./registry-api.ts";
import { signInRoutes } from "./sign-in.ts";
import { registryTokens, type RegistryTokens } from "./registry-token.ts";
import { dispatch, type SandboxRequest, type SandboxResponse, type Service } from "../service.ts";
import type { RegistryRecord, World } from "../world.ts";

/** Answers a request for content, such as one below `/v2/`. Undefined if it does not serve the path. */
export type DataPlane = (request: SandboxRequest) => SandboxResponse | Promise<SandboxResponse> | undefined;

/** The login server of an Azure container registry, with content of its own. */
export function createContainerRegistry(world: World, registry: RegistryRecord): Service {
  const tokens = registryTokens(world, registry);
  const routes = contentRoutes(world, registry, tokens, new ImageStore(registry));
  return createLoginServer(world, registry, tokens, (request) => dispatch(routes, request));
}

/** The login server of a registry: firewall and token endpoints in front of a data plane. */
export function createLoginServer(
  world: World,
  registry: RegistryRecord,
  tokens: RegistryTokens,
  dataPlane: DataPlane,
): Service {
  const signIn = signInRoutes(world, registry, tokens);
  return {
    name: `registry ${registry.name}`,
    clockAheadMs: () => world.clockAheadMs,
    handle: (request) => {
      if (refusesAddress(registry, request.remoteAddress)) return firewallRefusal(request.remoteAddress);
      return dispatch(signIn, request) ?? dataPlane(request) ?? registryError(404);
    },
    errorResponse: (_request, status, code) =>
      status === 401 && code === undefined ? challenge(registry) : registryError(status, code),
    // Only requests to Graph, Resource Manager and Kubernetes count as changes.
    isMutating: () => false,
  };
}
