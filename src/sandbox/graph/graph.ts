import { applicationRoutes } from "./applications.ts";
import { graphRoute } from "./call.ts";
import { deletedItemRoutes } from "./deleted-items.ts";
import { throttlingCertificateReads } from "./certificate-throttle.ts";
import { directoryRoutes } from "./directory.ts";
import { notImplemented } from "./errors.ts";
import { servicePrincipalRoutes } from "./service-principals.ts";
import type { Route, SandboxRequest } from "../service.ts";
import type { World } from "../world.ts";

export { graphError } from "./errors.ts";

/** Microsoft Graph v1.0, as far as acr-pull and az's commands for service principals use it. */
export function graphRoutes(world: World): Route[] {
  return [
    ...throttlingCertificateReads(world, [...applicationRoutes(world), ...servicePrincipalRoutes(world)]),
    ...deletedItemRoutes(world),
    ...directoryRoutes(world),
    ...["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) =>
      graphRoute(world, method, "(?:/.*)?", ({ request }) => {
        throw notImplemented(`${method} ${request.path}`);
      }),
    ),
  ];
}

/** Whether a request asks Graph for a change. Reading many objects by id is a POST that changes nothing. */
export function graphIsMutating({ method, path }: SandboxRequest): boolean {
  return (
    /^\/v1\.0(?:\/|$)/i.test(path) &&
    ["POST", "PUT", "PATCH", "DELETE"].includes(method) &&
    !/\/(?:microsoft\.graph\.)?getByIds$/i.test(path)
  );
}
