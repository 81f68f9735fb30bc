import { randomUUID } from "node:crypto";
import { Agent as AgentInTheClear } from "node:http";
import { Agent } from "node:https";
import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  isRestError,
  logPolicy,
  proxyPolicy,
  userAgentPolicy,
  type HttpClient,
  type HttpMethods,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { exchange, ExchangeError, failedExchange } from "../domain/http-exchange.ts";
import type { OnChange } from "../domain/outside-change.ts";
import type { Variables } from "../domain/proxy.ts";
import { withRetries, type FailedAttempt } from "../domain/retry.ts";
import { tellingChange } from "./azure-change.ts";

/** One request to a service of Azure. */
export interface AzureRequest {
  readonly method: HttpMethods;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Whether it may be sent again even if an earlier try may have taken effect. */
  readonly repeatable: boolean;
  /** Whether it changes something: then its answer is still awaited for a moment after the signal aborts. */
  readonly writes?: boolean;
}

/** How all requests to Azure are sent: one pool of connections, one time limit, one rule for retries. */
export interface AzureHttp {
  /** Bounds each wait for a service, with retries; in milliseconds. */
  readonly timeoutMs: number;
  /** Settles when the first request has been sent: until its answer comes, there is time to load what asks next. */
  readonly underWay: Promise<void>;
  /** Azure's clock by its newest answer; undefined before the first. */
  serverTime(): Date | undefined;
  /** Sends a request; every status is an answer. Throws ExchangeError if no whole answer came. */
  send(request: AzureRequest, signal: AbortSignal): Promise<PipelineResponse>;
  /**
   * Options for a client of an SDK, so that its requests are sent the same way.
   * @param onFailure told of each request that was refused or got no whole answer: the SDK that signs in hides why
   */
  clientOptions(
    rules: RequestRules,
    onFailure?: (failure: ExchangeError | PipelineResponse) => void,
  ): SdkClientOptions;
}

/** What must be known of an SDK's requests. */
export interface RequestRules {
  /** Whether one may be sent again even if an earlier try may have taken effect. */
  readonly mayRepeat: (request: PipelineRequest) => boolean;
  /** Whether one changes something: then its answer is still awaited for a moment after the signal aborts. */
  readonly writes: (request: PipelineRequest) => boolean;
}

/** The policy that retries, in every client's pipeline. */
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
  /** Names the proxy. */
  readonly variables: Variables;
  /** Bounds each wait for a service, with retries; in milliseconds. Default: what suits a request. */
  readonly timeoutMs?: number | undefined;
  /** The connections to use without a proxy, and how TLS is verified on them. */
  readonly agent?: Agent;
  /** Sent with each request, so that what Azure logs of a run can be found; a UUID. Default: a new one. */
  readonly operationId?: string | undefined;
  /** Told of each request that asked for a change. */
  readonly onChange?: OnChange | undefined;
}

/** Makes no connection before the first request; connections are kept alive. */
export function createAzureHttp({
  variables,
  timeoutMs = Infinity,
  agent = new Agent({ keepAlive: true }),
  operationId = randomUUID(),
  onChange,
}: AzureHttpOptions): AzureHttp {
  let clockAheadMs: number | undefined;
  const onDate = (date: number) => (clockAheadMs = date - Date.now());
  let onSent = () => {};
  const underWay = new Promise<void>((resolve) => (onSent = resolve));
  // The metadata service of virtual machines speaks no TLS.
  const ways = {
    overTls: agent,
    inTheClear: new AgentInTheClear({ keepAlive: true }),
    proxy: proxyNamedIn(variables),
  };
  const clientFor = (writes: RequestRules["writes"]) =>
    createHttpClient(ways, timeoutMs, { writes, onDate, onSent, onChange, operationId });
  const readingClient = clientFor(() => false);
  const writingClient = clientFor(() => true);
  // A redirect would carry a token or a password to a host that nobody checked. The SDKs' own retries repeat any
  // method after a lost answer, which makes a second password. Source: exponentialRetryStrategy.ts of
  // https://github.com/Azure/azure-sdk-for-js/tree/main/sdk/core/ts-http-runtime
  const options = {
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: "acr-pull" },
  };
  // Only these of the usual policies are needed. The one for forms, which we never send, makes Node load its `fetch`:
  // every command would begin 18 ms later.
  const pipelineWith = (repeatable: boolean) => {
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(userAgentPolicy(options.userAgentOptions));
    pipeline.addPolicy(retryPolicy(timeoutMs, () => repeatable));
    // After the retries, so that each try is logged for whoever sets AZURE_LOG_LEVEL.
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

/** Hears of what happens to a request. */
interface Hearing {
  readonly onSent: () => void;
  /** @param date of an answer, by the service's clock, in milliseconds */
  readonly onDate: (date: number) => void;
  readonly onChange: OnChange | undefined;
  readonly operationId: string;
}

/** The connections that requests take. */
interface Ways {
  readonly overTls: Agent;
  readonly inTheClear: AgentInTheClear;
  /** Sends a request through a proxy. */
  readonly proxy: PipelinePolicy | undefined;
}

/** The proxy that the variables name, read as Azure's SDKs read those of the process. */
function proxyNamedIn(variables: Variables): PipelinePolicy | undefined {
  const read = (name: string) => variables[name] || variables[name.toLowerCase()] || "";
  const url = read("HTTPS_PROXY") || read("ALL_PROXY") || read("HTTP_PROXY");
  if (url === "") return undefined;
  const { protocol, hostname, port, username, password } = new URL(url);
  const usual = protocol === "https:" ? 443 : 80;
  const spared = read("NO_PROXY").split(",");
  return proxyPolicy(
    { host: `${protocol}//${hostname}`, port: Number(port) || usual, username, password },
    { customNoProxyList: spared.map((host) => host.trim()).filter((host) => host !== "") },
  );
}

const requestIdHeaders = ["client-request-id", "x-ms-client-request-id"];

/** Sends requests for the pipelines. */
function createHttpClient(
  ways: Ways,
  limitMs: number,
  { writes, onDate, onSent, onChange, operationId }: Pick<RequestRules, "writes"> & Hearing,
): HttpClient {
  const send: HttpClient["sendRequest"] = async (request) => {
    const url = new URL(request.url);
    if (url.protocol !== "https:" && !request.allowInsecureConnection) {
      throw new TypeError(`not sent without TLS: ${url.origin}`);
    }
    // Bodies are small, and nothing here decompresses them.
    request.headers.delete("accept-encoding");
    // Graph and Entra know it by one of these names, Resource Manager by the other.
    for (const name of requestIdHeaders) request.headers.set(name, operationId);
    const answer = await exchange(
      {
        method: request.method,
        url,
        headers: request.headers.toJSON({ preserveCase: true }),
        body: typeof request.body === "string" ? request.body : undefined,
        agent:
          (request.agent as Agent | undefined) ??
          (url.protocol === "https:" ? ways.overTls : ways.inTheClear),
        limitMs: request.timeout > 0 ? Math.min(limitMs, request.timeout) : limitMs,
        writes: writes(request),
        onSent,
      },
      signalOf(request),
    );
    // Without TLS nobody vouches for the time.
    const date = url.protocol === "https:" ? Date.parse(answer.headers.date ?? "") : Number.NaN;
    if (!Number.isNaN(date)) onDate(date);
    const headers = createHttpHeaders();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers.set(name, String(value));
    }
    return { request, status: answer.status, headers, bodyAsText: answer.body.toString("utf8") };
  };
  return {
    sendRequest(request) {
      // An SDK has chosen a proxy by the variables of the process.
      delete request.agent;
      const sent = ways.proxy ? ways.proxy.sendRequest(request, send) : send(request);
      return onChange && writes(request) ? tellingChange(request, sent, onChange) : sent;
    },
  };
}

/** An answer that may be better after a retry. */
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

/** The answer in a failed attempt's error; some SDKs have made the error themselves. */
function answerOf(error: unknown): PipelineResponse | undefined {
  if (error instanceof UnsuccessfulAnswer) return error.response;
  return isRestError(error) ? error.response : undefined;
}

/** Azure sends seconds, a date, or milliseconds in headers of its own. */
function retryAfterOf({ headers }: PipelineResponse): string | undefined {
  const milliseconds = Number(headers.get("retry-after-ms") ?? headers.get("x-ms-retry-after-ms") ?? NaN);
  return Number.isNaN(milliseconds) ? headers.get("retry-after") : String(milliseconds / 1000);
}

function signalOf(request: PipelineRequest): AbortSignal {
  // The type allows look-alikes from browsers without AbortSignal; ours are always Node's.
  return (request.abortSignal as AbortSignal | undefined) ?? new AbortController().signal;
}
