import { ExchangeError } from "../domain/http-exchange.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Credential } from "./credential.ts";
import { record, type JsonObject } from "./json-fields.ts";
import { readAnswer, ServiceFailure } from "./service-failure.ts";

/** One request to a service. */
export interface JsonRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the service's address, encoded, query included; or a whole URL that it gave as the next page of a list. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | undefined;
  /** Whether it may be sent again after a lost answer. Default: for GET, PUT and DELETE. */
  readonly repeatable?: boolean;
}

/** What a service answered, when it did not refuse. */
export interface JsonAnswer {
  readonly status: number;
  /** The JSON body; undefined when there is none, which only a write may be answered with. */
  readonly body: JsonObject | undefined;
}

/** A service of Azure that speaks JSON to whoever is signed in. */
export interface JsonService {
  /**
   * @throws ServiceFailure when the service refuses; ExchangeError when no whole answer came; ActionableError when
   *   signing in fails
   */
  send(request: JsonRequest, signal: AbortSignal): Promise<JsonAnswer>;
  /** Every item of a list, page after page, or the first `atMost` of them. */
  list(path: string, signal: AbortSignal, atMost?: number): Promise<readonly JsonObject[]>;
}

/** Where a service is, and how it is spoken to. */
export interface JsonServiceOptions {
  /** https, without a closing slash. */
  readonly url: string;
  /** Of the tokens that it takes. */
  readonly scope: string;
  /** The field of a page that names the next one. */
  readonly nextLink: string;
}

const mayBeSentTwice: ReadonlySet<JsonRequest["method"]> = new Set(["GET", "PUT", "DELETE"]);

/** A service, signed in as the credential. Costs nothing before its first request. */
export function createJsonService(
  { url, scope, nextLink }: JsonServiceOptions,
  credential: Credential,
  http: AzureHttp,
): JsonService {
  const home = new URL(url).origin;

  async function sendWith(request: JsonRequest, claims: string | undefined, signal: AbortSignal) {
    const { method, path, headers, body, repeatable = mayBeSentTwice.has(method) } = request;
    const target = path.startsWith("/") ? `${url}${path}` : path;
    // The next page of a list is where the service says; a token goes nowhere but home.
    if (!URL.canParse(target) || new URL(target).origin !== home) {
      throw new ExchangeError("broken-connection", undefined, "the answer goes on at another host");
    }
    const options = { abortSignal: signal, ...(claims !== undefined && { claims }) };
    const { token } = await credential.getToken(scope, options);
    return http.send(
      {
        method,
        url: target,
        headers: {
          Accept: "application/json",
          Authorization: `Bearer ${token}`,
          ...(body && { "Content-Type": "application/json" }),
          ...headers,
        },
        body: body && JSON.stringify(body),
        repeatable,
      },
      signal,
    );
  }

  async function send(request: JsonRequest, signal: AbortSignal): Promise<JsonAnswer> {
    let answer = await sendWith(request, undefined, signal);
    const wanted = answer.status === 401 && claimsIn(answer.headers.get("www-authenticate"));
    if (wanted) answer = await sendWith(request, wanted, signal);
    const { status, headers, bodyAsText } = answer;
    if (status >= 300) throw new ServiceFailure(readAnswer(status, headers, bodyAsText ?? undefined));
    const body = bodyAsText ? parse(bodyAsText) : undefined;
    // Without an object a question is not answered; taken for one, it would say that there is nothing.
    if (request.method === "GET" && !isObject(body)) throw notAnswered("the answer is no JSON object");
    return { status, body: body === undefined ? undefined : record(body) };
  }

  async function list(path: string, signal: AbortSignal, atMost = Infinity) {
    const items: JsonObject[] = [];
    let next: string | undefined = path;
    while (next !== undefined && items.length < atMost) {
      const { body }: JsonAnswer = await send({ method: "GET", path: next }, signal);
      const page = body?.["value"];
      if (!Array.isArray(page)) throw notAnswered("the answer is no list");
      items.push(...page.map(record));
      const link = body?.[nextLink];
      next = typeof link === "string" && link !== "" ? wholeUrl(link) : undefined;
    }
    return items.slice(0, atMost);
  }

  return { send, list };
}

/** Of a page that is named in any other way nobody knows where it is. @throws ExchangeError */
function wholeUrl(link: string): string {
  if (!URL.canParse(link)) throw notAnswered("the answer goes on at no address");
  return link;
}

/**
 * What a service demands of a token, where it says that the one it was shown is not good enough.
 * Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
function claimsIn(challenge: string | undefined): string | undefined {
  const encoded = /\bclaims="(?<encoded>[\w+/=-]+)"/.exec(challenge ?? "")?.groups?.["encoded"];
  return encoded && Buffer.from(encoded, "base64").toString("utf8");
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

/** Something between us and the service answered in its place, or cut its answer off. */
function notAnswered(what: string): ExchangeError {
  return new ExchangeError("broken-connection", undefined, what);
}
