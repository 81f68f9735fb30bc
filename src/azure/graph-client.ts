import {
  Client,
  GraphClientError,
  ResponseType,
  type Context,
  type FetchOptions,
  type GraphRequest,
  type Middleware,
} from "@microsoft/microsoft-graph-client";
import { hasCode } from "../domain/errors.ts";
import { withRetries } from "../domain/retry.ts";
import { perform } from "./azure-errors.ts";
import type { AzureHttp, AzureRequest } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { record, type JsonObject } from "./json-fields.ts";
import { notAnswered, sameKeyValue, ServiceFailure } from "./service-failure.ts";

/** One call to Graph. */
export interface GraphCall {
  readonly method: "get" | "post" | "patch" | "delete";
  /** Path and query. */
  readonly at: GraphRequest;
  readonly body?: object | undefined;
  /** Whether it may be sent again after a lost answer. Default: for `get` and `delete`. */
  readonly repeatable?: boolean;
}

/**
 * Microsoft Graph, signed in. Costs nothing before its first request. `doing` continues `Could not` in an
 * ActionableError.
 */
export interface Graph {
  /** Begins a request to a path below `/v1.0`; the path is already encoded. */
  readonly api: (path: string) => GraphRequest;
  /**
   * For callers that handle a refusal before it becomes an ActionableError.
   * @returns the JSON body; undefined if there is none, which is allowed only in the answer to a write
   * @throws ServiceFailure if Graph refuses; ExchangeError if no complete answer comes; ActionableError if signing in
   *   fails
   */
  send(call: GraphCall, signal: AbortSignal): Promise<JsonObject | undefined>;
  /** Runs one request, or several that belong together, and turns their failures into ActionableErrors. */
  perform<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Sends one call. */
  ask(doing: string, call: GraphCall, signal: AbortSignal): Promise<JsonObject | undefined>;
  /** Every item of a list, page after page, or the first `atMost` of them. */
  list(doing: string, at: GraphRequest, signal: AbortSignal, atMost?: number): Promise<readonly JsonObject[]>;
  /** One object; undefined if there is none with that key. */
  find<T>(
    doing: string,
    at: GraphRequest,
    read: (item: JsonObject) => T,
    signal: AbortSignal,
  ): Promise<T | undefined>;
}

/** Microsoft Graph v1.0 of a cloud, signed in with the credential. */
export function createGraphClient(cloud: Cloud, credential: Credential, http: AzureHttp): Graph {
  const client = Client.initWithMiddleware({
    baseUrl: cloud.graph,
    defaultVersion: "v1.0",
    middleware: new GraphTransport(cloud, credential, http),
  });

  async function sendOnce({ method, at, body, repeatable }: GraphCall, signal: AbortSignal) {
    const call = at
      .header("Accept", "application/json")
      .option("signal", signal)
      .option("repeatable", repeatable ?? (method === "get" || method === "delete"))
      // The answer is parsed here: the SDK would accept part of an answer as the whole.
      .responseType(ResponseType.RAW);
    const { status, headers, text } = await answered(
      method === "get" || method === "delete" ? call[method]() : call[method](body),
    );
    if (status >= 300) throw new ServiceFailure(status, headers, text);
    const parsed = text === "" ? undefined : parse(text);
    // Only an object is an answer. Anything else would look as if there were nothing to read.
    if (method === "get" && (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))) {
      throw notAnswered("the answer is not a JSON object");
    }
    return parsed === undefined ? undefined : record(parsed);
  }

  const send: Graph["send"] = (call, signal) =>
    withRetries(
      () => sendOnce(call, signal),
      // The refusal changed nothing, so it is like a 429.
      (error) => (wasBusy(error) ? { status: 429, idempotent: false } : undefined),
      signal,
    );
  const inDirectory: Graph["perform"] = (doing, signal, work) =>
    perform({ doing, area: "directory" }, signal, work);
  const ask: Graph["ask"] = (doing, call, signal) => inDirectory(doing, signal, () => send(call, signal));

  return {
    api: (path) => client.api(path),
    send,
    perform: inDirectory,
    ask,
    list: (doing, at, signal, atMost = Infinity) =>
      inDirectory(doing, signal, async () => {
        const items: JsonObject[] = [];
        for (let next = at; ;) {
          const { value, "@odata.nextLink": link } = record(await send({ method: "get", at: next }, signal));
          if (!Array.isArray(value)) throw notAnswered("the answer is not a list");
          items.push(...value.map(record));
          if (typeof link !== "string" || link === "" || items.length >= atMost) {
            return items.slice(0, atMost);
          }
          // The address of the next page must be an absolute URL.
          if (!URL.canParse(link)) throw notAnswered("the next page has no address");
          next = client.api(link);
        }
      }),
    async find(doing, at, read, signal) {
      try {
        const found = await ask(doing, { method: "get", at }, signal);
        return found && read(found);
      } catch (error) {
        if (hasCode(error, "directory.not-found")) return undefined;
        throw error;
      }
    },
  };
}

/** Returns the transport's answer, or throws what the transport threw. */
async function answered(call: Promise<unknown>): Promise<GraphAnswer> {
  try {
    return (await call) as GraphAnswer;
  } catch (error) {
    throw error instanceof GraphClientError && error.customError !== undefined ? error.customError : error;
  }
}

/**
 * Whether the directory refused a change because another change of the same object was in progress. Its codes and
 * statuses for that vary. Any other 409 says that something already exists.
 */
function wasBusy(error: unknown): boolean {
  if (!(error instanceof ServiceFailure) || error.status >= 500) return false;
  const { status, codes } = error;
  if (codes.some((code) => /Concurrency/i.test(code))) return true;
  return status === 409 && !codes.some((code) => code === sameKeyValue || code === "ObjectConflict");
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's message would quote the body.
    throw notAnswered("the answer is not JSON");
  }
}

/** The transport's answer. It is not a `Response`, because that would make Node load its `fetch`. */
interface GraphAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly text: string;
}

interface SentOptions extends FetchOptions {
  readonly signal: AbortSignal;
  /** Whether it may be sent again after a lost answer. */
  readonly repeatable: boolean;
}

/**
 * Adds a token to the SDK's requests and sends them the same way as all requests to Azure. The SDK's own middleware
 * repeats a POST after a lost answer, supports no proxy, and ignores an abort while it waits. An error is passed on as
 * `customError`, because the SDK turns any other error into text.
 */
class GraphTransport implements Middleware {
  readonly #home: string;
  readonly #scope: string;
  readonly #credential: Credential;
  readonly #http: AzureHttp;

  constructor(cloud: Cloud, credential: Credential, http: AzureHttp) {
    this.#home = new URL(cloud.graph).origin;
    this.#scope = cloud.graphScope;
    this.#credential = credential;
    this.#http = http;
  }

  async execute(context: Context): Promise<void> {
    try {
      let answer = await this.#send(context, undefined);
      const wanted = answer.status === 401 && claimsIn(answer.headers.get("www-authenticate"));
      if (wanted) answer = await this.#send(context, wanted);
      const { status, headers, bodyAsText } = answer;
      const kept: GraphAnswer = { status, headers, text: bodyAsText ?? "" };
      context.response = kept as unknown as Response;
    } catch (error) {
      const kept = new GraphClientError("not answered");
      kept.customError = error;
      throw kept;
    }
  }

  async #send({ request, options = {} }: Context, claims: string | undefined) {
    const url = typeof request === "string" ? request : request.url;
    // The service says where the next page of a list is, but a token is never sent to another host.
    if (!URL.canParse(url) || new URL(url).origin !== this.#home) {
      throw notAnswered("the next page is on another host");
    }
    // Both options are set above. The SDK passes on whatever it is given.
    const { method, headers, body, signal, repeatable } = options as SentOptions;
    const asked = { abortSignal: signal, ...(claims !== undefined && { claims }) };
    const { token } = await this.#credential.getToken(this.#scope, asked);
    return this.#http.send(
      {
        method: method as AzureRequest["method"],
        url,
        headers: { ...(headers as Record<string, string>), Authorization: `Bearer ${token}` },
        body: typeof body === "string" ? body : undefined,
        repeatable,
        writes: method !== "GET",
      },
      signal,
    );
  }
}

/**
 * The claims that a service demands of a token, if it does not accept the one that it got.
 * Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
function claimsIn(challenge: string | undefined): string | undefined {
  const encoded = /\bclaims="(?<encoded>[\w+/=-]+)"/.exec(challenge ?? "")?.groups?.["encoded"];
  return encoded && Buffer.from(encoded, "base64").toString("utf8");
}
