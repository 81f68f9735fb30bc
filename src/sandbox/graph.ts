import { applicationRoutes } from "./graph-applications.ts";
import { graphRoute } from "./graph-call.ts";
import { deletedItemRoutes } from "./graph-deleted-items.ts";
import { directoryRoutes } from "./graph-directory.ts";
import { notImplemented } from "./graph-errors.ts";
import { servicePrincipalRoutes } from "./graph-service-principals.ts";
import type { Route, SandboxRequest } from "./service.ts";
import type { World } from "./world.ts";

export { graphError } from "./graph-errors.ts";

/** Microsoft Graph v1.0, as far as acr-pull and az's own commands for service principals ask it. */
export function graphRoutes(world: World): Route[] {
  return [
    ...applicationRoutes(world),
    ...servicePrincipalRoutes(world),
    ...deletedItemRoutes(world),
    ...directoryRoutes(world),
    ...["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) =>
      graphRoute(world, method, "(?:/.*)?", ({ request }) => {
        throw notImplemented(`${method} ${request.path}`);
      }),
    ),
  ];
}

/** Whether a request asks Graph for a change; reading many objects by id is a POST that changes nothing. */
export function graphIsMutating({ method, path }: SandboxRequest): boolean {
  return (
    /^\/v1\.0(?:\/|$)/i.test(path) &&
    ["POST", "PUT", "PATCH", "DELETE"].includes(method) &&
    !/\/(?:microsoft\.graph\.)?getByIds$/i.test(path)
  );
}
