import type { AccessRule } from "../world.ts";
import type { PathRequest, ResourceRequest } from "./request-attributes.ts";
import { forbidden, type StatusError } from "./status.ts";

/*
 * Role-based access control, by the rules of the cluster's users.
 * Wording: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/responsewriters/errors.go
 */

/** Who sends a request, or whom it impersonates. */
export interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
  readonly rules: readonly AccessRule[];
  /** From the headers of an impersonation. Users who act as themselves have none. */
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What signed-in users may read: `system:discovery`. */
const openPaths = /^\/(?:api|apis|openapi)(?:\/|$)/;

/** What anybody may read: `system:public-info-viewer`. */
const publicPaths = /^\/(?:healthz|livez|readyz|version\/?)$/;

const selfReviews = new Set(["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"]);

function holds(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

/** The API groups that rules cover unless they cover everything: the core group, and the one for impersonation. */
const groupsOfRules = ["", "authentication.k8s.io"];

function ruleAllows(rule: AccessRule, request: ResourceRequest): boolean {
  const resource = request.subresource ? `${request.resource}/${request.subresource}` : request.resource;
  return (
    holds(rule.verbs, request.verb) &&
    (groupsOfRules.includes(request.group) || rule.resources.includes("*")) &&
    holds(rule.resources, resource) &&
    (rule.namespaces === undefined || rule.namespaces.includes(request.namespace)) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(request.name))
  );
}

function isSignedIn({ groups }: Caller): boolean {
  return groups.includes("system:authenticated");
}

/** Whether the user is in the group that may do everything, whatever the rules say. */
function isMaster({ groups }: Caller): boolean {
  return groups.includes("system:masters");
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
export function mayDo(user: Caller, request: ResourceRequest | PathRequest): boolean {
  if (isMaster(user)) {
    return true;
  }
  if ("path" in request) {
    const open = publicPaths.test(request.path) || (isSignedIn(user) && openPaths.test(request.path));
    return (open && request.verb === "get") || user.rules.some(isEverything);
  }
  const aboutItself = isSignedIn(user) && request.verb === "create" && selfReviews.has(request.resource);
  return aboutItself || user.rules.some((rule) => ruleAllows(rule, request));
}

const unsniffed = { "x-content-type-options": "nosniff" };

/** The refusal of a request that {@link mayDo} does not allow. */
export function accessDenied(user: Caller, request: ResourceRequest | PathRequest): StatusError {
  if ("path" in request) {
    const detail = `User "${user.name}" cannot ${request.verb} path "${request.path}"`;
    return forbidden({ group: "", resource: "" }, "", detail).withHeaders(unsniffed);
  }
  const resource = request.subresource ? `${request.resource}/${request.subresource}` : request.resource;
  const where = request.namespace ? `in the namespace "${request.namespace}"` : "at the cluster scope";
  return forbidden(
    { group: request.group, resource: request.resource },
    request.name,
    `User "${user.name}" cannot ${request.verb} resource "${resource}" in API group "${request.group}" ${where}`,
  ).withHeaders(unsniffed);
}

/** The rules that apply in one namespace, as a rules review shows them. */
export function rulesIn(user: Caller, namespace: string): AccessRule[] {
  return user.rules.filter((rule) => rule.namespaces === undefined || rule.namespaces.includes(namespace));
}
