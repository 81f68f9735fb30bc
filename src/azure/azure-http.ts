import { randomUUID } from "node:crypto";
import { Agent as AgentInTheClear } from "node:http";
import { Agent } from "node:https";
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  isRestError,
  logPolicy,
  userAgentPolicy,
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

/** How all requests to Azure are sent: one pool of connections, one time limit, one rule for retries. */
export interface AzureHttp {
  /** Limits each wait for a service, including retries; in milliseconds. */
  readonly timeoutMs: number;
  /** Settles when the first request has been sent. Until its answer comes, there is time to load the next client. */
  readonly underWay: Promise<void>;
  /** Azure's clock, according to its newest answer; undefined before the first. */
  serverTime(): Date | undefined;
  /** Sends a request; every status is an answer. Throws ExchangeError if no complete answer comes. */
  send(request: AzureRequest, signal: AbortSignal): Promise<PipelineResponse>;
  /**
   * Options for a client of an SDK, so that its requests are sent the same way.
   * @param onFailure called for each request that was refused or got no complete answer: the SDK that signs in hides
   *   the reason
   */
  clientOptions(
    rules: RequestRules,
    onFailure?: (failure: ExchangeError | PipelineResponse) => void,
  ): SdkClientOptions;
}

/** What acr-pull has to know about an SDK's requests. */
export interface RequestRules {
  /** Whether a request may be sent again even if an earlier try may have taken effect. */
  readonly mayRepeat: (request: PipelineRequest) => boolean;
  /** Whether a request changes something. If so, its answer is still awaited for a moment after the signal aborts. */
  readonly writes: (request: PipelineRequest) => boolean;
}

/** The name of the policy that retries, in every client's pipeline. */
export const retryPolicyName = "acrPullRetryPolicy";

/** Options that every client of Azure's SDKs takes. */
export interface SdkClientOptions {
  readonly httpClient: HttpClient;
  readonly retryOptions: { readonly maxRetries: number };
  readonly redirectOptions: { readonly maxRetries: number };
  readonly userAgentOptions: { readonly userAgentPrefix: string };
  readonly additionalPolicies: Array<{ readonly policy: PipelinePolicy; readonly position: "perCall" }>;
}

/** How Azure is reached. */
export interface AzureHttpOptions {
  /** The environment variables, which name the proxy. */
  readonly variables: Variables;
  /** Limits each wait for a service, including retries; in milliseconds. Default: what suits the request. */
  readonly timeoutMs?: number | undefined;
  /** The connections to use without a proxy, and how TLS is verified on them. */
  readonly agent?: Agent;
  /** Sent with each request, so that a run can be found in Azure's logs; a UUID. Default: a new one. */
  readonly operationId?: string | undefined;
}

/** Opens no connection before the first request; connections are kept alive. */
export function createAzureHttp({
  variables,
  timeoutMs = Infinity,
  agent = new Agent({ keepAlive: true }),
  operationId = randomUUID(),
}: AzureHttpOptions): AzureHttp {
  let clockAheadMs: number | undefined;
  const onDate = (date: number) => (clockAheadMs = date - Date.now());
  let onSent = () => {};
  const underWay = new Promise<void>((resolve) => (onSent = resolve));
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
  const clientFor = (writes: RequestRules["writes"]) =>
    createHttpClient(agentFor, timeoutMs, { writes, onDate, onSent, operationId });
  const readingClient = clientFor(() => false);
  const writingClient = clientFor(() => true);
  // A redirect would carry a token or a password to an unchecked host. The SDKs' own retries repeat any method after a
  // lost answer, which would add a second password. Source: exponentialRetryStrategy.ts of
  // https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/core/ts-http-runtime
  const options = {
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: "acr-pull" },
  };
  // No other policy is needed. The usual one for forms, which acr-pull never sends, makes Node load its `fetch`: every
  // command would start 18 ms later.
  const pipelineWith = (repeatable: boolean) => {
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(userAgentPolicy(options.userAgentOptions));
    pipeline.addPolicy(retryPolicy(timeoutMs, () => repeatable));
    // After the retries, so that each try is logged for anybody who sets AZURE_LOG_LEVEL.
    pipeline.addPolicy(logPolicy());
    return pipeline;
  };
  const repeating = pipelineWith(true);
  const sendingOnce = pipelineWith(false);
  return {
    timeoutMs,
    underWay,
    serverTime: () => (clockAheadMs === undefined ? undefined : new Date(Date.now() + clockAheadMs)),
    send: ({ method, url, headers, body, repeatable, writes }, signal) =>
      (repeatable ? repeating : sendingOnce).sendRequest(
        writes ? writingClient : readingClient,
        createPipelineRequest({
          method,
          url,
          headers: createHttpHeaders(headers),
          ...(body === undefined ? {} : { body }),
          abortSignal: signal,
        }),
      ),
    clientOptions: ({ mayRepeat, writes }, onFailure) => ({
      ...options,
      httpClient: clientFor(writes),
      additionalPolicies: [{ policy: retryPolicy(timeoutMs, mayRepeat, onFailure), position: "perCall" }],
    }),
  };
}

/** Callbacks for what happens to a request, and the id that it carries. */
interface RequestCallbacks {
  readonly onSent: () => void;
  /** @param date of an answer, according to the service's clock, in milliseconds */
  readonly onDate: (date: number) => void;
  readonly operationId: string;
}

const requestIdHeaders = ["client-request-id", "x-ms-client-request-id"];

/** Sends requests for the pipelines. */
function createHttpClient(
  agentFor: (url: URL) => AgentInTheClear,
  limitMs: number,
  { writes, onDate, onSent, operationId }: Pick<RequestRules, "writes"> & RequestCallbacks,
): HttpClient {
  const sendRequest: HttpClient["sendRequest"] = async (request) => {
    const url = new URL(request.url);
    if (url.protocol !== "https:" && !request.allowInsecureConnection) {
      throw new TypeError(`not sent without TLS: ${url.origin}`);
    }
    // Bodies are small, and nothing here decompresses them.
    request.headers.delete("accept-encoding");
    // Graph and Entra read one of these headers, Resource Manager the other.
    for (const name of requestIdHeaders) request.headers.set(name, operationId);
    const answer = await exchange(
      {
        method: request.method,
        url,
        headers: request.headers.toJSON({ preserveCase: true }),
        body: typeof request.body === "string" ? request.body : undefined,
        agent: agentFor(url),
        limitMs: request.timeout > 0 ? Math.min(limitMs, request.timeout) : limitMs,
        writes: writes(request),
        onSent,
      },
      signalOf(request),
    );
    // Without TLS the time cannot be trusted.
    const date = url.protocol === "https:" ? Date.parse(answer.headers.date ?? "") : Number.NaN;
    if (!Number.isNaN(date)) onDate(date);
    const headers = createHttpHeaders();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers.set(name, String(value));
    }
    return { request, status: answer.status, headers, bodyAsText: answer.body.toString("utf8") };
  };
  return { sendRequest };
}

/** Carries a refusal through the retries. */
class UnsuccessfulAnswer extends Error {
  readonly response: PipelineResponse;

  constructor(response: PipelineResponse) {
    super(`HTTP ${response.status}`);
    this.response = response;
  }
}

function retryPolicy(
  timeoutMs: number,
  mayRepeat: RequestRules["mayRepeat"],
  onFailure?: (failure: ExchangeError | PipelineResponse) => void,
): PipelinePolicy {
  return {
    name: retryPolicyName,
    async sendRequest(request, next) {
      const idempotent = mayRepeat(request);
      const attempt = async (leftMs: number) => {
        request.timeout = leftMs;
        const response = await next(request);
        if (response.status >= 400) throw new UnsuccessfulAnswer(response);
        return response;
      };
      const classify = (error: unknown): FailedAttempt | undefined => {
        if (error instanceof ExchangeError) {
          onFailure?.(error);
          return failedExchange(error, idempotent);
        }
        const response = answerOf(error);
        if (response) onFailure?.(response);
        if (!response) return undefined;
        const { status, headers } = response;
        return { status, retryAfter: retryAfterOf(response), date: headers.get("date"), idempotent };
      };
      try {
        return await withRetries(attempt, classify, signalOf(request), timeoutMs);
      } catch (error) {
        if (error instanceof UnsuccessfulAnswer) return error.response;
        throw error;
      }
    },
  };
}

/** The answer in a failed attempt's error. Some SDKs make that error themselves. */
function answerOf(error: unknown): PipelineResponse | undefined {
  if (error instanceof UnsuccessfulAnswer) return error.response;
  return isRestError(error) ? error.response : undefined;
}

/** Azure sends seconds or a date, or milliseconds in headers of its own. */
function retryAfterOf({ headers }: PipelineResponse): string | undefined {
  const milliseconds = Number(headers.get("retry-after-ms") ?? headers.get("x-ms-retry-after-ms") ?? NaN);
  return Number.isNaN(milliseconds) ? headers.get("retry-after") : String(milliseconds / 1000);
}

function signalOf(request: PipelineRequest): AbortSignal {
  // The type allows look-alikes from browsers without AbortSignal. Those here are always Node's.
  return (request.abortSignal as AbortSignal | undefined) ?? new AbortController().signal;
}
