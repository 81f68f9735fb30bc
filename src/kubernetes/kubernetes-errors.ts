import { formatDuration } from "../domain/duration.ts";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { ExchangeError, type ExchangeFailure } from "../domain/http-exchange.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { retryAfterMs, serverNow } from "../domain/retry.ts";
import { kubectl, subjectOf, type ApiRequest, type Meaning } from "./api-request.ts";
import { ApiStatusError, type ApiStatus } from "./api-status.ts";
import { deniedByAdmission, meaningOfForbidden, refusedInAdmission } from "./forbidden.ts";

const longestQuote = 500;

/** Turns a failed request into an ActionableError; any other error is returned unchanged. */
export function kubernetesError(error: unknown, asked: ApiRequest): unknown {
  const request = { ...asked, context: inOneLine(asked.context) };
  if (error instanceof ExchangeError) return exchangeFailed(error, request);
  if (!(error instanceof ApiStatusError)) return error;
  const { status, auditId } = error;
  const askedMs = retryAfterMs(error.retryAfter, serverNow(error.date)) ?? 0;
  const wait = status.refusedBy === undefined ? asksToWait(askedMs) : "";
  const details = { ...meaningOf(status, request), status: status.code, requestId: auditId };
  return new ActionableError(`${details.what}${saidBy(error)}${wait}`, details, { cause: error });
}

function saidBy({ status: { message }, isWithheld }: ApiStatusError): string {
  if (isWithheld) return " The API server's message quotes an object, so it is omitted.";
  return message === undefined
    ? ""
    : ` The API server says: ${JSON.stringify(message.slice(0, longestQuote))}.`;
}

function meaningOf(status: ApiStatus, request: ApiRequest): Meaning {
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
      return meaningOfForbidden(status, request);
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
            hint: "Somebody may have just deleted it: run the same command again.",
          };
    case 409:
      return status.reason === "AlreadyExists"
        ? {
            what: `The ${subject} already exists.`,
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
        what: `The cluster rejects the new content of ${subject}.`,
        code: "kubernetes.invalid",
        hint: "Fix what the API server names, or choose another secret with --secret-name.",
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

function busy(request: ApiRequest): Meaning {
  return {
    what: `The API server of context ${request.context} is too busy to ${request.verb} ${subjectOf(request)}.`,
    code: "kubernetes.busy",
    hint: "Run the same command again later.",
    retryable: true,
  };
}

/** Says how long the server asks to wait: longer than this run does, so there was no further try. */
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
        ? "The cluster has a problem: run the same command again later."
        : "Check that the kubeconfig's server is the address of a Kubernetes API.",
    retryable: code >= 500 && code !== 501,
  };
}

function exchangeFailed(error: ExchangeError, { context }: ApiRequest): ActionableError {
  const server = `The API server of context ${context}`;
  const unreachable: Meaning = {
    what: `${server} cannot be reached: ${error.message}.`,
    code: "kubernetes.unreachable",
    hint: `Is the cluster running, and are you on its network? ${kubectl(context, "cluster-info")} must answer.`,
    retryable: true,
  };
  const meanings: Readonly<Record<ExchangeFailure, Meaning>> = {
    "untrusted-certificate": {
      what: `The certificate of the API server of context ${context} is not trusted: ${error.code ?? error.message}.`,
      code: "kubernetes.untrusted-certificate",
      hint: "Put its certificate authority into the kubeconfig (certificate-authority-data), or name it in NODE_EXTRA_CA_CERTS.",
      docs: "https://kubernetes.io/docs/tasks/administer-cluster/certificates/",
    },
    "timed-out": {
      what: `${server} did not answer in time: ${error.message}.`,
      code: "kubernetes.timed-out",
      hint: "Run the same command again.",
      retryable: true,
    },
    "too-large": {
      what: `${server} sent too much: ${error.message}.`,
      code: "kubernetes.failed",
      hint: "Check that the kubeconfig's server is the address of a Kubernetes API.",
    },
    "no-connection": unreachable,
    "broken-connection": unreachable,
  };
  const { what, ...details } = meanings[error.failure];
  return new ActionableError(what, details, { cause: error });
}
