import { graphError } from "./errors.ts";
import type { Route } from "../service.ts";

/**
 * How many requests of a tenant may name `keyCredentials` in `$select` within a minute:
 * https://learn.microsoft.com/graph/api/application-list
 */
const mostInWindow = 150;
const windowMs = 60_000;

/** The same routes, which refuse to show certificates to who has asked for them too often; all callers count together. */
export function throttlingCertificateReads(routes: readonly Route[]): Route[] {
  let begun = 0;
  let asked = 0;
  return routes.map((route) => ({
    ...route,
    handle: (request, parameters) => {
      if (!/\bkeyCredentials\b/i.test(request.query.get("$select") ?? "")) {
        return route.handle(request, parameters);
      }
      const now = Date.now();
      if (now - begun >= windowMs) {
        begun = now;
        asked = 0;
      }
      asked += 1;
      if (asked <= mostInWindow) return route.handle(request, parameters);
      const refusal = graphError(request, 429, "TooManyRequests");
      const seconds = Math.ceil((begun + windowMs - now) / 1000);
      return Promise.resolve({
        ...refusal,
        headers: { ...refusal.headers, "Retry-After": String(seconds) },
      });
    },
  }));
}
