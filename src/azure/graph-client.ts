import { Client, GraphClientError, ResponseType, type GraphRequest } from "@microsoft/microsoft-graph-client";
import { readPages } from "../domain/pages.ts";
import { withRetries } from "../domain/retry.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { GraphTransport, Repeatability, type GraphAnswer } from "./graph-transport.ts";
import { record, type JsonObject } from "./json-fields.ts";
import { answerOf, notAnswered, readAnswer, sameKeyValue, ServiceFailure } from "./service-failure.ts";

/** One call of Graph. */
export interface GraphCall {
  readonly method: "get" | "post" | "patch" | "delete";
  /** What it is about. */
  readonly at: GraphRequest;
  readonly body?: object | undefined;
  /** Whether it may be sent again after a lost answer. Default: for `get` and `delete`. */
  readonly repeatable?: boolean;
}

/** Microsoft Graph, signed in. Costs nothing before its first request. */
export interface Graph {
  /** What a call is to be about, below `/v1.0`; what stands in it is encoded. */
  readonly api: (path: string) => GraphRequest;
  /**
   * @returns the JSON body; undefined when there is none, which only a write may be answered with
   * @throws ServiceFailure when Graph refuses; ExchangeError when no whole answer came; ActionableError when signing in
   *   fails
   */
  send(call: GraphCall, signal: AbortSignal): Promise<JsonObject | undefined>;
  /** Every item of a list, page after page, or the first `atMost` of them. */
  list(at: GraphRequest, signal: AbortSignal, atMost?: number): Promise<readonly JsonObject[]>;
}

/** Microsoft Graph, v1.0, of a cloud, signed in as the credential. */
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
      .middlewareOptions([new Repeatability(repeatable ?? (method === "get" || method === "delete"))])
      // Whatever the answer is, read here: the SDK would take a part of it for all.
      .responseType(ResponseType.RAW);
    const { status, headers, text } = await answered(sendBy[method](call, body));
    if (status >= 300) throw new ServiceFailure(readAnswer(status, headers, text));
    const parsed = text === "" ? undefined : parse(text);
    // Without an object a question is not answered; taken for one, it would say that there is nothing.
    if (method === "get" && !isObject(parsed)) throw notAnswered("the answer is no JSON object");
    return parsed === undefined ? undefined : record(parsed);
  }

  const send: Graph["send"] = (call, signal) =>
    withRetries(
      () => sendOnce(call, signal),
      // It did nothing: as good as a 429.
      (error) => (wasBusy(error) ? { status: 429, idempotent: false } : undefined),
      signal,
    );

  return {
    api: (path) => client.api(path),
    send,
    list: (at, signal, atMost = Infinity) =>
      readPages(http.timeoutMs, signal, async (pages) => {
        const items: JsonObject[] = [];
        for (let next = at; ;) {
          const page = await send({ method: "get", at: next }, pages.signal);
          const { value, "@odata.nextLink": link } = page ?? {};
          if (!Array.isArray(value)) throw notAnswered("the answer is no list");
          items.push(...value.map(record));
          if (typeof link !== "string" || link === "" || items.length >= atMost)
            return items.slice(0, atMost);
          // Of a page that is named in any other way nobody knows where it is.
          if (!URL.canParse(link)) throw notAnswered("the answer goes on at no address");
          pages.goOn(link);
          next = client.api(link);
        }
      }),
  };
}

const sendBy: Readonly<
  Record<GraphCall["method"], (call: GraphRequest, body: object | undefined) => Promise<unknown>>
> = {
  get: (call) => call.get(),
  post: (call, body) => call.post(body),
  patch: (call, body) => call.patch(body),
  delete: (call) => call.delete(),
};

/** The transport's answer, or what it threw. */
async function answered(call: Promise<unknown>): Promise<GraphAnswer> {
  try {
    return (await call) as GraphAnswer;
  } catch (error) {
    throw error instanceof GraphClientError && error.customError !== undefined ? error.customError : error;
  }
}

/**
 * Whether the directory refused a change because it was at another one of the same object. Its codes for that vary, as
 * do the statuses of some: what a 409 says otherwise is that something is there already.
 */
function wasBusy(error: unknown): boolean {
  const { status, codes } = answerOf(error) ?? { status: 0, codes: [] };
  if (status < 400 || status >= 500) return false;
  if (codes.some((code) => /Concurrency/i.test(code))) return true;
  return status === 409 && !codes.some((code) => code === sameKeyValue || code === "ObjectConflict");
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's complaint would quote it.
    throw notAnswered("the answer is no JSON");
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
