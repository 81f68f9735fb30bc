import { graphError } from "./errors.ts";
import type { Route } from "../service.ts";
import type { World } from "../world.ts";

/**
 * How many requests of a tenant may name `keyCredentials` in `$select` within a minute:
 * https://learn.microsoft.com/graph/api/application-list
 */
const mostInWindow = 150;
const windowMs = 60_000;

/** The same routes, but they refuse to show certificates to clients that ask too often. All callers count together. */
export function throttlingCertificateReads(world: World, routes: readonly Route[]): Route[] {
  return routes.map((route) => ({
    ...route,
    handle: (request, parameters) => {
      if (!/\bkeyCredentials\b/i.test(request.query.get("$select") ?? "")) {
        return route.handle(request, parameters);
      }
      const now = Date.now();
      const { since, count } = world.certificateReads;
      world.certificateReads =
        now - since < windowMs ? { since, count: count + 1 } : { since: now, count: 1 };
      if (world.certificateReads.count <= mostInWindow) return route.handle(request, parameters);
      const refusal = graphError(request, 429, "TooManyRequests");
      const seconds = Math.ceil((since + windowMs - now) / 1000);
      return Promise.resolve({
        ...refusal,
        headers: { ...refusal.headers, "Retry-After": String(seconds) },
      });
    },
  }));
}
