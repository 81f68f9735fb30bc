import type { AccessRule, ClusterUserRecord } from "../world.ts";
import type { PathRequest, ResourceRequest } from "./request-attributes.ts";
import { forbidden, type StatusError } from "./status.ts";

/*
 * Role-based access by the rules of the cluster's users.
 * Wording: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/responsewriters/errors.go
 */

/** Every user may read these, as `system:discovery` and `system:public-info-viewer` allow. */
const openPaths = [/^\/api(?:\/v1)?\/?$/, /^\/apis(?:\/[^/]+){0,2}\/?$/, /^\/openapi(?:\/|$)/];

/** Those that are answered to anybody, token or not. */
export const publicPaths: readonly RegExp[] = [/^\/(?:healthz|livez|readyz)(?:\/|$)/, /^\/version\/?$/];

const selfReviews = new Set(["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"]);

function holds(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function ruleAllows(rule: AccessRule, request: ResourceRequest): boolean {
  const resource = request.subresource ? `${request.resource}/${request.subresource}` : request.resource;
  return (
    holds(rule.verbs, request.verb) &&
    holds(rule.resources, resource) &&
    (rule.namespaces === undefined || rule.namespaces.includes(request.namespace)) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(request.name))
  );
}

function isEverything(rule: AccessRule): boolean {
  return (
    rule.verbs.includes("*") &&
    rule.resources.includes("*") &&
    rule.namespaces === undefined &&
    rule.resourceNames === undefined
  );
}

/** Whether the user may do this. */
export function mayDo(user: ClusterUserRecord, request: ResourceRequest | PathRequest): boolean {
  if ("path" in request) {
    const open = [...openPaths, ...publicPaths].some((path) => path.test(request.path));
    return (open && request.verb === "get") || user.rules.some(isEverything);
  }
  const aboutItself = request.verb === "create" && selfReviews.has(request.resource);
  return aboutItself || user.rules.some((rule) => ruleAllows(rule, request));
}

/** The refusal of a request that {@link mayDo} does not allow. */
export function accessDenied(user: ClusterUserRecord, request: ResourceRequest | PathRequest): StatusError {
  if ("path" in request) {
    const detail = `User "${user.name}" cannot ${request.verb} path "${request.path}"`;
    return forbidden({ group: "", resource: "" }, "", detail);
  }
  const resource = request.subresource ? `${request.resource}/${request.subresource}` : request.resource;
  const where = request.namespace ? `in the namespace "${request.namespace}"` : "at the cluster scope";
  return forbidden(
    { group: request.group, resource: request.resource },
    request.name,
    `User "${user.name}" cannot ${request.verb} resource "${resource}" in API group "${request.group}" ${where}`,
  );
}

/** The rules that hold in one namespace, as a rules review shows them. */
export function rulesIn(user: ClusterUserRecord, namespace: string): AccessRule[] {
  return user.rules.filter((rule) => rule.namespaces === undefined || rule.namespaces.includes(namespace));
}
