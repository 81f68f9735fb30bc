import { formatDuration } from "../domain/duration.ts";
import { ActionableError, type ErrorDetails } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { retryAfterMs, serverNow } from "../domain/retry.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { ApiStatusError, type ApiStatus } from "./api-status.ts";
import { PauseTooLongError } from "./request-pace.ts";

/** What was asked of which cluster, to name in a message. */
export interface ApiRequest {
  readonly context: string;
  readonly verb: "get" | "list" | "create" | "patch" | "delete";
  readonly resource: "namespaces" | "secrets" | "serviceaccounts" | "pods" | "events" | "nodes";
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

const longestQuote = 500;

/** Why a 403 that no `Status` explains was given, as far as the cluster tells when asked. */
export type ForbiddenCause = "quota" | "admission" | "rights";

/** Turns whatever a request threw into an ActionableError; what is none of its failures is returned as it is. */
export function kubernetesError(
  error: unknown,
  asked: ApiRequest,
  cause: ForbiddenCause = "rights",
): unknown {
  const request = { ...asked, context: inOneLine(asked.context) };
  if (error instanceof ExchangeError) return exchangeFailed(error, request);
  if (error instanceof PauseTooLongError) {
    const details = busy(request);
    return new ActionableError(`${details.what}${asksToWait(error.pauseMs)}`, details, { cause: error });
  }
  if (!(error instanceof ApiStatusError)) return error;
  const { status, auditId } = error;
  const askedMs = retryAfterMs(error.retryAfter, serverNow(error.date)) ?? 0;
  const wait = status.refusedBy === undefined ? asksToWait(askedMs) : "";
  const details = { ...meaningOf(status, request, cause), status: status.code, requestId: auditId };
  return new ActionableError(`${details.what}${saidBy(error)}${wait}`, details, { cause: error });
}

function saidBy({ status: { message }, isWithheld }: ApiStatusError): string {
  if (isWithheld) return " What the API server says quotes an object, and is left out.";
  return message === undefined
    ? ""
    : ` The API server says: ${JSON.stringify(message.slice(0, longestQuote))}.`;
}

type Meaning = ErrorDetails & { readonly what: string };

/** By status and reason, and by text only where that is the API server's own beside somebody else's code. */
function meaningOf(status: ApiStatus, request: ApiRequest, cause: ForbiddenCause): Meaning {
  const { context, verb, namespace } = request;
  const subject = subjectOf(request);
  if (status.refusedBy !== undefined) return refusedInAdmission(request, status.refusedBy);
  switch (status.code) {
    case 401:
      return {
        what: `Context ${context} is not signed in to its cluster.`,
        code: "kubernetes.unauthorized",
        hint: `Sign in again; ${kubectl(context, "auth", "whoami")} shows when that has worked.`,
        exitCode: exitCode.notAllowed,
      };
    case 400:
      return deniedByAdmission(status, request) ? refusedInAdmission(request) : failed(status, request);
    case 403:
      if (status.anonymous) return signedInAsNobody(context);
      if (impersonated.has(status.kind ?? "")) return mayNotActAsAnother(context);
      return forbidden(status, request, cause);
    case 404:
      return status.kind === "namespaces" && namespace !== undefined
        ? {
            what: `There is no namespace ${namespace} in context ${context}.`,
            code: "kubernetes.namespace-not-found",
            hint: `Create it (${kubectl(context, "create", "namespace", namespace)}), or run again with --create-namespace.`,
            exitCode: exitCode.usage,
          }
        : {
            what: `There is no ${subject}.`,
            code: "kubernetes.not-found",
            hint: "Somebody may have deleted it just now: run the same command again.",
          };
    case 409:
      return status.reason === "AlreadyExists"
        ? {
            what: `There already is a ${subject}.`,
            code: "kubernetes.already-exists",
            hint: "Run the same command again.",
            retryable: true,
          }
        : {
            what: `Somebody else changed ${subject} at the same moment.`,
            code: "kubernetes.conflict",
            hint: "Run the same command again.",
            retryable: true,
          };
    case 422:
      if (deniedByAdmission(status, request)) return refusedInAdmission(request);
      return {
        what: `The cluster does not accept ${subject} as it would become.`,
        code: "kubernetes.invalid",
        hint: "Mend what the API server names, or choose another secret with --secret-name.",
        exitCode: exitCode.usage,
      };
    case 429:
      return busy(request);
    case 408:
    case 504:
      return {
        what: `The API server of context ${context} took too long to ${verb} ${subject}.`,
        code: "kubernetes.timed-out",
        hint: "Run the same command again later.",
        retryable: true,
      };
    default:
      return failed(status, request);
  }
}

/** To grant rights to nobody would be to grant them to everybody. */
function signedInAsNobody(context: string): Meaning {
  return {
    what: `Context ${context} is not signed in to its cluster, which took the request for system:anonymous.`,
    code: "kubernetes.unauthorized",
    hint: `Its user in the kubeconfig brings no credential that the cluster reads; ${kubectl(context, "config", "view", "--minify")} shows what it brings. It needs a token, a client certificate or an exec plugin, as whoever runs the cluster hands out.`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests",
    exitCode: exitCode.notAllowed,
  };
}

/** What a refusal is about where the caller may not act as another; nothing of the kind is ever asked for here. */
const impersonated: ReadonlySet<string> = new Set(["users", "groups", "uids", "userextras"]);

function mayNotActAsAnother(context: string): Meaning {
  return {
    what: `The user of context ${context} may not act as the one whom the kubeconfig names.`,
    code: "kubernetes.unauthorized",
    hint: `Take as, as-groups, as-uid and as-user-extra out of the kubeconfig's user, or have an administrator grant the verb impersonate; ${kubectl(context, "auth", "whoami")} shows when that has worked.`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation",
    exitCode: exitCode.notAllowed,
  };
}

function busy(request: ApiRequest): Meaning {
  return {
    what: `The API server of context ${request.context} is too busy to ${request.verb} ${subjectOf(request)}.`,
    code: "kubernetes.busy",
    hint: "Run the same command again later, with a smaller --concurrency.",
    retryable: true,
  };
}

/** A wait that was asked for and not waited for is the reason why there was no further try. */
function asksToWait(milliseconds: number): string {
  if (milliseconds <= 0) return "";
  return ` It asks to wait ${formatDuration(Math.ceil(milliseconds / 1000) * 1000)}.`;
}

function failed({ code }: ApiStatus, request: ApiRequest): Meaning {
  return {
    what: `The API server of context ${request.context} answered ${code} when asked to ${request.verb} ${subjectOf(request)}.`,
    code: "kubernetes.failed",
    hint:
      code >= 500
        ? "The cluster is in trouble; run the same command again later."
        : "Check that the kubeconfig's server is the address of a Kubernetes API.",
    retryable: code >= 500 && code !== 501,
  };
}

/**
 * Whether a webhook or policy refused a write. A webhook that names no status is given 400 and no reason, where
 * the API server's own 400 has one; a policy is given 422 without the fields that a failed validation names.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go
 */
function deniedByAdmission({ code, reason, causes }: ApiStatus, { verb }: ApiRequest): boolean {
  if (verb === "get" || verb === "list") return false;
  return code === 400 ? reason === undefined : causes.length === 0;
}

function forbidden(status: ApiStatus, request: ApiRequest, cause: ForbiddenCause): Meaning {
  const { context, verb, resource, namespace } = request;
  if (status.causes.includes("NamespaceTerminating")) {
    return {
      what: `Namespace ${namespace ?? ""} in context ${context} is being deleted.`,
      code: "kubernetes.terminating",
      hint: "Leave it out, or wait until it is gone and create it anew.",
      exitCode: exitCode.notAllowed,
    };
  }
  if (cause === "quota") {
    return {
      what: `Namespace ${namespace ?? ""} in context ${context} may hold no more ${resource}.`,
      code: "kubernetes.quota",
      hint: `Raise its quota (${kubectl(context, "describe", "resourcequota", "--namespace", namespace ?? "")}), or delete what it holds in vain.`,
      exitCode: exitCode.notAllowed,
    };
  }
  if (cause === "admission") return refusedInAdmission(request);
  return {
    what: `You may not ${verb} ${subjectOf(request)}.`,
    code: "kubernetes.forbidden",
    hint: grantHint(request),
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    exitCode: exitCode.notAllowed,
  };
}

/** @param by what refused, where that is known */
function refusedInAdmission(request: ApiRequest, by = "an admission policy or webhook"): Meaning {
  return {
    what: `You may not ${request.verb} ${subjectOf(request)}.`,
    code: "kubernetes.forbidden",
    hint: `The user has the right, but ${by} of the cluster refused; its administrator knows why.`,
    docs: "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    exitCode: exitCode.notAllowed,
  };
}

/** What acr-pull does with each kind, so that one grant is enough. */
const verbsNeeded = {
  secrets: "get,create,patch",
  serviceaccounts: "get,patch",
  namespaces: "get,create",
  pods: "get,list",
  events: "list",
  nodes: "list",
} as const;

/** The missing verb, and a command that grants it with the others that will be needed. */
function grantHint({ context, verb, resource, namespace }: ApiRequest): string {
  const everywhere = namespace === undefined || resource === "namespaces" || resource === "nodes";
  const needed = verbsNeeded[resource];
  const verbs: string = verb === "list" ? "list" : verb === "delete" ? `${needed},delete` : needed;
  const create = everywhere
    ? kubectl(context, "create", "clusterrole", "acr-pull", `--verb=${verbs}`, `--resource=${resource}`)
    : kubectl(
        context,
        "create",
        "role",
        "acr-pull",
        "--namespace",
        namespace,
        `--verb=${verbs}`,
        `--resource=${resource}`,
      );
  const binding = everywhere ? "clusterrolebinding" : "rolebinding";
  const onNames = verb === "create" ? "; a rule with resourceNames cannot grant it" : "";
  return `The verb ${verb} on ${resource} is missing${onNames}. An administrator grants it with ${create} and binds it to the user with kubectl create ${binding}.`;
}

function exchangeFailed(error: ExchangeError, { context }: ApiRequest): ActionableError {
  const cause = { cause: error };
  if (error.failure === "untrusted-certificate") {
    return new ActionableError(
      `The certificate of the API server of context ${context} is not trusted: ${error.code ?? error.message}.`,
      {
        code: "kubernetes.untrusted-certificate",
        hint: "Put its certificate authority into the kubeconfig (certificate-authority-data), or name it in NODE_EXTRA_CA_CERTS.",
        docs: "https://kubernetes.io/docs/tasks/administer-cluster/certificates/",
      },
      cause,
    );
  }
  if (error.failure === "timed-out") {
    return new ActionableError(
      `The API server of context ${context} did not answer in time: ${error.message}.`,
      { code: "kubernetes.timed-out", hint: "Run the same command again.", retryable: true },
      cause,
    );
  }
  if (error.failure === "too-large") {
    return new ActionableError(
      `The API server of context ${context} sent too much: ${error.message}.`,
      {
        code: "kubernetes.failed",
        hint: "Check that the kubeconfig's server is the address of a Kubernetes API.",
      },
      cause,
    );
  }
  return new ActionableError(
    `The API server of context ${context} cannot be reached: ${error.message}.`,
    {
      code: "kubernetes.unreachable",
      hint: `Is the cluster running, and are you on its network? ${kubectl(context, "cluster-info")} must answer.`,
      retryable: true,
    },
    cause,
  );
}

function subjectOf({ context, verb, resource, namespace, name }: ApiRequest): string {
  const kinds = {
    secrets: "secret",
    serviceaccounts: "service account",
    namespaces: "namespace",
    pods: "pod",
    events: "event",
    nodes: "node",
  } as const;
  if (verb === "list" || name === undefined) {
    return namespace === undefined
      ? `${resource} of context ${context}`
      : `${resource} in namespace ${namespace} of context ${context}`;
  }
  const place = namespace === undefined || resource === "namespaces" ? "" : `${namespace}/`;
  return `${kinds[resource]} ${place}${name} in context ${context}`;
}

/** A kubectl command for this context that can be pasted. */
function kubectl(context: string, ...args: string[]): string {
  return ["kubectl", "--context", context, ...args].map(shellQuote).join(" ");
}
