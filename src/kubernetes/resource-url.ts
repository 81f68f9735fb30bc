import { urlPart } from "../domain/url-part.ts";
import type { ApiRequest } from "./kubernetes-errors.ts";

/** Parameters of a request; one that is undefined is not sent. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * Where a resource of the core API is; what is yet to be created has no place of its own. The server of a context may have a path of its own, as behind a proxy that
 * serves many clusters.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */
export function resourceUrl(
  server: string,
  {
    verb,
    resource,
    namespace,
    name,
  }: Omit<ApiRequest, "context" | "resource"> & { readonly resource: string },
  query: Query = {},
): URL {
  const path = [
    "api/v1",
    ...(namespace === undefined ? [] : ["namespaces", urlPart(namespace)]),
    resource,
    ...(name === undefined || verb === "create" ? [] : [urlPart(name)]),
  ];
  return apiUrl(server, path.join("/"), query);
}

/** A path of the API, below the server's own. */
export function apiUrl(server: string, path: string, query: Query = {}): URL {
  const url = new URL(server);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  url.search = "";
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}
