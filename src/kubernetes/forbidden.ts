import type { V1SelfSubjectAccessReview } from "@kubernetes/client-node";
import { exitCode } from "../domain/exit-code.ts";
import { kubectl, subjectOf, type ApiRequest, type Meaning } from "./api-request.ts";
import type { ApiStatus } from "./api-status.ts";

/*
 * What to do about a request that was forbidden.
 */

/**
 * The body that asks the API server whether the caller has a right; without a namespace, a right in all of them.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function accessReview({
  verb,
  resource,
  namespace,
  name,
}: Omit<ApiRequest, "context">): V1SelfSubjectAccessReview {
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        group: "",
        resource,
        verb,
        ...(namespace !== undefined && { namespace }),
        // A request to create has no name yet, so a rule with resourceNames does not cover it.
        ...(name !== undefined && verb !== "create" && { name }),
      },
    },
  };
}

/** What a 403 means. A missing right, a full quota and a policy without a name get the same status and reason. */
export function meaningOfForbidden(status: ApiStatus, request: ApiRequest): Meaning {
  const { context, verb, namespace } = request;
  if (status.anonymous) return signedInAsNobody(context);
  if (impersonated.has(status.kind ?? "")) return mayNotActAsAnother(context);
  if (status.causes.includes("NamespaceTerminating")) {
    return {
      what: `Namespace ${namespace ?? ""} in context ${context} is being deleted.`,
      code: "kubernetes.terminating",
      hint: "Omit it, or wait until it no longer exists and recreate it.",
      exitCode: exitCode.notAllowed,
    };
  }
  return {
    what: `You may not ${verb} ${subjectOf(request)}.`,
    code: "kubernetes.forbidden",
    hint: grantHint(request),
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    exitCode: exitCode.notAllowed,
  };
}

/**
 * What a refusal by a webhook or policy means.
 * @param by which webhook or policy, if that is known
 */
export function refusedInAdmission(request: ApiRequest, by = "an admission policy or webhook"): Meaning {
  return {
    what: `You may not ${request.verb} ${subjectOf(request)}.`,
    code: "kubernetes.forbidden",
    hint: `The user has the right, but ${by} of the cluster denied the request: ask its administrator why.`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    exitCode: exitCode.notAllowed,
  };
}

/**
 * Whether a webhook or policy refused a write that got 400 or 422. A webhook's refusal without a status becomes a 400
 * without a reason; the API server's own 400 has one. A policy's refusal becomes a 422 without the fields that a failed
 * validation names.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go
 */
export function deniedByAdmission({ code, reason, causes }: ApiStatus, { verb }: ApiRequest): boolean {
  if (verb === "get" || verb === "list") return false;
  return code === 400 ? reason === undefined : causes.length === 0;
}

/** Gives no hint to grant a right: what system:anonymous may do, everybody may do. */
function signedInAsNobody(context: string): Meaning {
  return {
    what: `Context ${context} is not signed in to its cluster, which treated the request as system:anonymous.`,
    code: "kubernetes.unauthorized",
    hint: `Its user in the kubeconfig has no credential that the cluster accepts; ${kubectl(context, "config", "view", "--minify")} shows what it has. Ask the cluster's administrator for a token, a client certificate or an exec plugin.`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests",
    exitCode: exitCode.notAllowed,
  };
}

/** The kinds in a refused impersonation. acr-pull itself asks for none of them. */
const impersonated: ReadonlySet<string> = new Set(["users", "groups", "uids", "userextras"]);

function mayNotActAsAnother(context: string): Meaning {
  return {
    what: `The user of context ${context} may not impersonate the one in the kubeconfig.`,
    code: "kubernetes.unauthorized",
    hint: `Remove as, as-groups, as-uid and as-user-extra from the kubeconfig's user, or ask an administrator to grant the verb impersonate; ${kubectl(context, "auth", "whoami")} shows when that has worked.`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation",
    exitCode: exitCode.notAllowed,
  };
}

/** Every verb that acr-pull uses with each resource, so that one grant is enough. */
const verbsNeeded = {
  secrets: "get,create,patch",
  serviceaccounts: "get,patch",
  namespaces: "get,create",
  pods: "get,list",
  events: "list",
  nodes: "list",
} as const;

/**
 * Names the missing verb, and the commands that grant it with all other verbs that will be needed. Each right has a role
 * of its own, because a role that exists cannot be created again.
 */
function grantHint({ context, verb, resource, namespace }: ApiRequest): string {
  const everywhere = namespace === undefined || resource === "namespaces" || resource === "nodes";
  const needed = verbsNeeded[resource];
  const verbs: string = verb === "list" ? "list" : verb === "delete" ? `${needed},delete` : needed;
  const [role, place] = everywhere ? ["clusterrole", []] : ["role", ["--namespace", namespace]];
  const name = ["acr-pull", ...(verb === "list" || verb === "delete" ? [verb] : []), resource].join("-");
  const create = (kind: string, ...rest: readonly string[]) =>
    kubectl(context, "create", kind, name, ...place, ...rest);
  const grant = create(role, `--verb=${verbs}`, `--resource=${resource}`);
  const bind = create(`${role}binding`, `--${role}=${name}`, "--user=USER");
  const onNames = verb === "create" ? "; a rule with resourceNames cannot grant it" : "";
  return `If the verb ${verb} on ${resource} is missing${onNames}, an administrator grants it: ${grant}; and binds it to the user: ${bind}.`;
}
