import { entraError, entraRoutes } from "./entra/entra.ts";
import { graphError, graphIsMutating, graphRoutes } from "./graph/graph.ts";
import { armError, armIsMutating, resourceManagerRoutes } from "./resource-manager/resource-manager.ts";
import { jobTokenRoutes } from "./job/job-tokens.ts";
import { dispatch, type SandboxRequest, type Service } from "./service.ts";
import type { World } from "./world.ts";

/**
 * Azure's control plane on one port: Entra, Microsoft Graph and Resource Manager. They are told apart by path, as the
 * real ones are by host.
 */
export function createAzureService(world: World): Service {
  const routes = [
    ...resourceManagerRoutes(world),
    ...graphRoutes(world),
    ...jobTokenRoutes(world),
    ...entraRoutes(world),
  ];
  return {
    name: "azure",
    clockAheadMs: () => world.clockAheadMs,
    handle: (request) =>
      dispatch(routes, request) ?? armError(404, "NotFound", `The sandbox does not serve ${request.path}.`),
    errorResponse(request, status, code) {
      if (isGraph(request)) return graphError(request, status, code);
      return isSignIn(request) ? entraError(status, code) : armError(status, code);
    },
    isMutating: (request) => (isGraph(request) ? graphIsMutating(request) : armIsMutating(request)),
  };
}

function isGraph({ path }: SandboxRequest): boolean {
  return /^\/(?:v1\.0|beta)(?:\/|$)/.test(path);
}

function isSignIn({ path }: SandboxRequest): boolean {
  return /^\/[^/]+\/(?:oauth2|v2\.0|discovery)\//.test(path);
}
