import {
  AuthenticationHandler,
  Client,
  GraphClientError,
  ResponseType,
  type AuthenticationProvider,
  type Context,
  type Middleware,
} from "@microsoft/microsoft-graph-client";
import { ExchangeError } from "../domain/http-exchange.ts";
import { withRetries } from "../domain/retry.ts";
import type { AzureHttp, AzureRequest } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { isAnswer, readAnswer, ServiceFailure } from "./service-failure.ts";

/** One request to Microsoft Graph. */
export interface GraphRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/v1.0`, encoded, query included; or a whole URL that Graph gave as `@odata.nextLink`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Whether it may be sent again after a lost answer. Default: for GET and DELETE. */
  readonly repeatable?: boolean;
}

/** What Graph answered, when it did not refuse. */
export interface GraphAnswer {
  readonly status: number;
  /** The JSON body; undefined when there is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Microsoft Graph, v1.0. */
export interface GraphClient {
  /**
   * @throws ServiceFailure when Graph refuses; ExchangeError when no whole answer came; ActionableError when signing
   *   in fails
   */
  send(request: GraphRequest, signal: AbortSignal): Promise<GraphAnswer>;
  /** Every item of a list, page after page, or the first `atMost` of them. */
  list(
    path: string,
    signal: AbortSignal,
    atMost?: number,
  ): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>>;
}

/** Opens Graph of a cloud, signed in as the credential. */
export function createGraphClient(cloud: Cloud, credential: Credential, http: AzureHttp): GraphClient {
  // Two chains, for whether a request may be repeated is known here and not to what sends it.
  const repeating = sdkClient(cloud, credential, http, true);
  const sendingOnce = sdkClient(cloud, credential, http, false);

  async function sendNow(request: GraphRequest, signal: AbortSignal): Promise<GraphAnswer> {
    const { method, path, headers = {}, body } = request;
    const repeatable = request.repeatable ?? (method === "GET" || method === "DELETE");
    // The SDK asks for the token as well, but with no signal to give up by.
    await credential.getToken(cloud.graphScope, { abortSignal: signal });
    const call = (repeatable ? repeating : sendingOnce)
      .api(path)
      .headers({ ...headers })
      .option("signal", signal)
      .responseType(ResponseType.RAW);
    const response = (await sendBy[method](call, body)) as Response;
    const text = await response.text();
    if (response.status >= 300) throw new ServiceFailure(readAnswer(response.status, response.headers, text));
    return { status: response.status, body: text === "" ? undefined : parse(text) };
  }

  /** Unpacks what the SDK would otherwise hide in an error of its own. */
  async function send(request: GraphRequest, signal: AbortSignal): Promise<GraphAnswer> {
    const attempt = async () => {
      try {
        return await sendNow(request, signal);
      } catch (error) {
        throw error instanceof GraphClientError && error.customError !== undefined
          ? error.customError
          : error;
      }
    };
    // The directory was busy with another change of the object and did nothing: as good as a 429.
    return withRetries(
      attempt,
      (error) =>
        isAnswer(error, 409, "Directory_ConcurrencyViolation")
          ? { status: 429, idempotent: false }
          : undefined,
      signal,
    );
  }

  async function list(path: string, signal: AbortSignal, atMost = Infinity) {
    const items: Array<Readonly<Record<string, unknown>>> = [];
    let next: string | undefined = path;
    while (next !== undefined && items.length < atMost) {
      const { body }: GraphAnswer = await send({ method: "GET", path: next }, signal);
      const page = body?.["value"];
      if (Array.isArray(page)) items.push(...(page as typeof items));
      const link = body?.["@odata.nextLink"];
      next = typeof link === "string" ? link : undefined;
    }
    return items.slice(0, atMost);
  }

  return { send, list };
}

function parse(text: string): GraphAnswer["body"] {
  try {
    return JSON.parse(text) as GraphAnswer["body"];
  } catch (error) {
    throw new ExchangeError("broken-connection", undefined, "the answer is no JSON", error);
  }
}

type SdkCall = ReturnType<Client["api"]>;

const sendBy: Readonly<Record<GraphRequest["method"], (call: SdkCall, body: unknown) => Promise<unknown>>> = {
  GET: (call) => call.get(),
  POST: (call, body) => call.post(body ?? {}),
  PATCH: (call, body) => call.patch(body),
  DELETE: (call) => call.delete(),
};

function sdkClient(cloud: Cloud, credential: Credential, http: AzureHttp, repeatable: boolean): Client {
  const provider: AuthenticationProvider = {
    getAccessToken: async () => (await credential.getToken(cloud.graphScope)).token,
  };
  const authentication = new AuthenticationHandler(provider);
  const transport = new Transport(http, repeatable);
  const errors = new ErrorKeeper(authentication);
  authentication.setNext(transport);
  return Client.initWithMiddleware({
    baseUrl: cloud.graph,
    defaultVersion: "v1.0",
    middleware: errors,
    // Compared without port; to a host not named here the SDK sends no token, and says nothing.
    customHosts: new Set([new URL(cloud.graph).hostname]),
  });
}

/** Keeps an error whole: the SDK makes a text of any but its own kind. */
class ErrorKeeper implements Middleware {
  readonly #next: Middleware;

  constructor(next: Middleware) {
    this.#next = next;
  }

  async execute(context: Context): Promise<void> {
    try {
      await this.#next.execute(context);
    } catch (error) {
      const kept = new GraphClientError("see customError");
      kept.customError = error;
      throw kept;
    }
  }
}

/** The end of the chain: sends by the way all requests to Azure take. */
class Transport implements Middleware {
  readonly #http: AzureHttp;
  readonly #repeatable: boolean;

  constructor(http: AzureHttp, repeatable: boolean) {
    this.#http = http;
    this.#repeatable = repeatable;
  }

  async execute(context: Context): Promise<void> {
    const { method, headers, body, signal } = context.options ?? {};
    const url = typeof context.request === "string" ? context.request : context.request.url;
    const answer = await this.#http.send(
      {
        method: method as AzureRequest["method"],
        url,
        headers: headers as Record<string, string>,
        body: typeof body === "string" ? body : undefined,
        repeatable: this.#repeatable,
      },
      signal ?? new AbortController().signal,
    );
    const text = answer.bodyAsText ?? "";
    context.response = new Response(text === "" ? null : text, {
      status: answer.status,
      headers: answer.headers.toJSON(),
    });
  }
}
