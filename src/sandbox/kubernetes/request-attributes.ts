import type { SandboxRequest } from "../service.ts";

/*
 * What a request asks for, read only from its method and URL, before anything is known about the resource.
 * Authorization decides on this.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/request/requestinfo.go
 */

/** A request on a resource. */
export interface ResourceRequest {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for cluster-wide requests; the namespace itself for requests on one namespace. */
  readonly namespace: string;
  /** Empty for requests on a collection. */
  readonly name: string;
}

/** A request on a resource, as its URL names it. */
export interface AddressedRequest extends ResourceRequest {
  /** Whether the URL ends in the resource itself, whatever name a field selector gives. */
  readonly isCollection: boolean;
  /** Whether the URL names a namespace before the resource. */
  readonly isInNamespace: boolean;
}

/** A request on any other path. */
export interface PathRequest {
  readonly verb: string;
  readonly path: string;
}

const namespaceSubresources = new Set(["status", "finalize"]);

/** What the request asks for; a path outside the resources is a {@link PathRequest}. */
export function requestAttributes(request: SandboxRequest): AddressedRequest | PathRequest {
  const path = decoded(request.pathAsSent ?? request.path);
  const asPath = { verb: request.method.toLowerCase(), path };
  const segments = path.replaceAll(/^\/+|\/+$/g, "").split("/");
  const core = segments[0] === "api";
  if (!core && segments[0] !== "apis") {
    return asPath;
  }
  const [group, version, ...rest] = core ? ["", ...segments.slice(1)] : segments.slice(1);
  const inNamespace =
    rest[0] === "namespaces" && rest.length > 2 && !namespaceSubresources.has(rest[2] ?? "");
  const [resource, pathName = "", subresource = ""] = inNamespace ? rest.slice(2) : rest;
  if (group === undefined || version === undefined || resource === undefined) {
    return asPath;
  }
  const ofNamespace = rest[0] === "namespaces" ? (rest[1] ?? "") : "";
  const name = pathName || selectedName(request);
  return {
    verb: verbOf(request, pathName !== ""),
    group,
    version,
    resource,
    subresource,
    namespace: ofNamespace,
    name,
    isCollection: pathName === "",
    isInNamespace: inNamespace,
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** A list that can hold only one name counts as a request on that name. */
function selectedName(request: SandboxRequest): string {
  const selector = request.method === "POST" ? null : request.query.get("fieldSelector");
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(selector ?? "")?.[1] ?? "";
}

/** Whether a query parameter is true, as the API server reads booleans. */
export function isQueryTrue(request: SandboxRequest, parameter: string): boolean {
  const value = request.query.get(parameter);
  return value !== null && !["", "0", "false"].includes(value.toLowerCase());
}

function verbOf(request: SandboxRequest, named: boolean): string {
  switch (request.method) {
    case "GET":
    case "HEAD":
      if (named) {
        return "get";
      }
      return isQueryTrue(request, "watch") ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return named ? "delete" : "deletecollection";
    default:
      return request.method.toLowerCase();
  }
}
