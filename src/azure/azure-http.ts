import { randomUUID } from "node:crypto";
import { Agent as AgentInTheClear } from "node:http";
import { Agent } from "node:https";
import { platform } from "node:os";
import {
  createHttpHeaders,
  createPipelineRequest,
  isRestError,
  logPolicy,
  type HttpClient,
  type HttpMethods,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { exchange, ExchangeError, failedExchange } from "../domain/http-exchange.ts";
import { proxyFor, type Variables } from "../domain/proxy.ts";
import { withRetries, type FailedAttempt } from "../domain/retry.ts";
import { serverAgent } from "../domain/server-agent.ts";

/** One request to a service of Azure. */
export interface AzureRequest {
  readonly method: HttpMethods;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Whether it may be sent again even if an earlier try may have taken effect. */
  readonly repeatable: boolean;
  /** Whether it changes something. If so, its answer is still awaited for a moment after the signal aborts. */
  readonly writes?: boolean;
}

/** How a request for a token failed: Entra refused it, or no complete answer came. */
export type FailedRequest = ExchangeError | PipelineResponse;

/** How all requests to Azure are sent: one pool of connections, one time limit, one rule for retries. */
export interface AzureHttp {
  /** Azure's clock, according to its newest answer; undefined before the first. */
  serverTime(): Date | undefined;
  /** Sends a request; every status is an answer. Throws ExchangeError if no complete answer comes. */
  send(request: AzureRequest, signal: AbortSignal): Promise<PipelineResponse>;
  /** Options for a client of an SDK, so that its requests are sent the same way. A POST is sent once. */
  clientOptions(): SdkClientOptions;
  /**
   * Options for the SDK that signs in. Any of its requests may be repeated: a second token does no harm.
   * @param onFailure called for each request that was refused or got no complete answer: the SDK hides the reason
   */
  signInOptions(onFailure: (failure: FailedRequest) => void): SdkClientOptions;
}

/** The name of the policy that retries, in every client's pipeline. */
export const retryPolicyName = "acrPullRetryPolicy";

/** Options that every client of Azure's SDKs takes. */
interface SdkClientOptions {
  readonly httpClient: HttpClient;
  readonly retryOptions: { readonly maxRetries: number };
  readonly redirectOptions: { readonly maxRetries: number };
  readonly userAgentOptions: { readonly userAgentPrefix: string };
  readonly additionalPolicies: Array<{ readonly policy: PipelinePolicy; readonly position: "perCall" }>;
}

/** How Azure is reached. */
interface AzureHttpOptions {
  /** The environment variables, which name the proxy. */
  readonly variables: Variables;
  /** Limits each wait for a service, including retries; in milliseconds. Default: what suits the request. */
  readonly timeoutMs?: number | undefined;
  /** The connections to use without a proxy, and how TLS is verified on them. */
  readonly agent?: Agent;
  /** Sent with each request, so that a run can be found in Azure's logs; a UUID. Default: a new one. */
  readonly operationId?: string | undefined;
}

// A redirect would carry a token or a password to an unchecked host. The SDKs' own retries repeat any method after a
// lost answer, which would add a second password. Source: exponentialRetryStrategy.ts of
// https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/core/ts-http-runtime
const sdkOptions = {
  retryOptions: { maxRetries: 0 },
  redirectOptions: { maxRetries: 0 },
  userAgentOptions: { userAgentPrefix: "acr-pull" },
};
/** For anybody who sets AZURE_LOG_LEVEL; the SDKs' clients have it too. */
const logging = logPolicy();
const userAgent = `acr-pull Node/${process.versions.node} ${platform()}`;

/** Opens no connection before the first request; connections are kept alive. */
export function createAzureHttp({
  variables,
  timeoutMs = Infinity,
  agent = new Agent({ keepAlive: true }),
  operationId = randomUUID(),
}: AzureHttpOptions): AzureHttp {
  let clockAheadMs: number | undefined;
  const inTheClear = new AgentInTheClear({ keepAlive: true });
  const overTls = new Map([["", agent as AgentInTheClear]]);
  const agentFor = (url: URL): AgentInTheClear => {
    // Only services of managed identities do without TLS. A proxy would see their tokens, or give those of its machine.
    if (url.protocol !== "https:") return inTheClear;
    const proxy = proxyFor(url, variables);
    const known = overTls.get(proxy) ?? serverAgent(url, { proxy });
    overTls.set(proxy, known);
    return known;
  };

  async function sendOnce(request: PipelineRequest, writes: boolean): Promise<PipelineResponse> {
    const url = new URL(request.url);
    if (url.protocol !== "https:" && !request.allowInsecureConnection) {
      throw new TypeError(`not sent without TLS: ${url.origin}`);
    }
    // Bodies are small, and nothing here decompresses them.
    request.headers.delete("accept-encoding");
    // Graph and Entra read one of these headers, Resource Manager the other.
    for (const name of ["client-request-id", "x-ms-client-request-id"]) {
      request.headers.set(name, operationId);
    }
    const answer = await exchange(
      {
        method: request.method,
        url,
        headers: request.headers.toJSON({ preserveCase: true }),
        body: typeof request.body === "string" ? request.body : undefined,
        agent: agentFor(url),
        limitMs: request.timeout > 0 ? Math.min(timeoutMs, request.timeout) : timeoutMs,
        writes,
      },
      signalOf(request),
    );
    // Without TLS the time cannot be trusted.
    const date = url.protocol === "https:" ? Date.parse(answer.headers.date ?? "") : Number.NaN;
    if (!Number.isNaN(date)) clockAheadMs = date - Date.now();
    const headers = createHttpHeaders();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers.set(name, String(value));
    }
    return { request, status: answer.status, headers, bodyAsText: answer.body.toString("utf8") };
  }

  return {
    serverTime: () => (clockAheadMs === undefined ? undefined : new Date(Date.now() + clockAheadMs)),
    send({ method, url, headers, body, repeatable, writes = false }, signal) {
      const request = createPipelineRequest({
        method,
        url,
        headers: createHttpHeaders({ "User-Agent": userAgent, ...headers }),
        ...(body === undefined ? {} : { body }),
        abortSignal: signal,
      });
      const sendLogged = () => logging.sendRequest(request, (one) => sendOnce(one, writes));
      return retrying(request, sendLogged, repeatable, timeoutMs);
    },
    clientOptions: () => ({
      ...sdkOptions,
      httpClient: { sendRequest: (request) => sendOnce(request, request.method !== "GET") },
      additionalPolicies: [retryPolicy(timeoutMs, ({ method }) => method !== "POST")],
    }),
    signInOptions: (onFailure) => ({
      ...sdkOptions,
      httpClient: { sendRequest: (request) => sendOnce(request, false) },
      additionalPolicies: [retryPolicy(timeoutMs, () => true, onFailure)],
    }),
  };
}

/** @param mayRepeat whether a request may be sent again even if an earlier try may have taken effect */
function retryPolicy(
  timeoutMs: number,
  mayRepeat: (request: PipelineRequest) => boolean,
  onFailure?: (failure: FailedRequest) => void,
): SdkClientOptions["additionalPolicies"][number] {
  return {
    position: "perCall",
    policy: {
      name: retryPolicyName,
      sendRequest: (request, next) =>
        retrying(request, () => next(request), mayRepeat(request), timeoutMs, onFailure),
    },
  };
}

/** Carries a refusal through the retries. */
class UnsuccessfulAnswer extends Error {
  readonly response: PipelineResponse;

  constructor(response: PipelineResponse) {
    super(`HTTP ${response.status}`);
    this.response = response;
  }
}

/** Sends a request until it is answered for good. Its last answer is returned, whatever its status. */
async function retrying(
  request: PipelineRequest,
  send: () => Promise<PipelineResponse>,
  idempotent: boolean,
  timeoutMs: number,
  onFailure?: (failure: FailedRequest) => void,
): Promise<PipelineResponse> {
  const attempt = async (leftMs: number) => {
    request.timeout = leftMs;
    const response = await send();
    if (response.status >= 400) throw new UnsuccessfulAnswer(response);
    return response;
  };
  const classify = (error: unknown): FailedAttempt | undefined => {
    // Some SDKs make an error of an answer themselves.
    const response = error instanceof UnsuccessfulAnswer || isRestError(error) ? error.response : undefined;
    const failure = error instanceof ExchangeError ? error : response;
    if (failure) onFailure?.(failure);
    if (error instanceof ExchangeError) return failedExchange(error, idempotent);
    if (!response) return undefined;
    const { status, headers } = response;
    return { status, retryAfter: headers.get("retry-after"), date: headers.get("date"), idempotent };
  };
  try {
    return await withRetries(attempt, classify, signalOf(request), timeoutMs);
  } catch (error) {
    if (error instanceof UnsuccessfulAnswer) return error.response;
    throw error;
  }
}

function signalOf(request: PipelineRequest): AbortSignal {
  // The type allows look-alikes from browsers without AbortSignal. Those here are always Node's.
  return (request.abortSignal as AbortSignal | undefined) ?? new AbortController().signal;
}
