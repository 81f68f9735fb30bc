import { GraphClientError, type Context, type Middleware } from "@microsoft/microsoft-graph-client";
import type { AzureHttp, AzureRequest } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { notAnswered } from "./service-failure.ts";

/** Whether a request may be sent again after a lost answer, as it goes with it through the SDK. */
export class Repeatability {
  readonly repeatable: boolean;

  constructor(repeatable: boolean) {
    this.repeatable = repeatable;
  }
}

/** What the transport answers: Node's own `Response` would have Node load its `fetch`. */
export interface GraphAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly text: string;
}

/**
 * Sends what the SDK hands down by the way that all requests to Azure take, signed in. The SDK's own middleware sends a
 * POST again after a lost answer, knows no proxy, and does not hear of an abort while it waits. What is thrown arrives
 * as `customError`, for of any other error the SDK makes a text.
 */
export class GraphTransport implements Middleware {
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

  async #send({ request, options, middlewareControl }: Context, claims: string | undefined) {
    const url = typeof request === "string" ? request : request.url;
    // The next page of a list is where the service says; a token goes nowhere but home.
    if (!URL.canParse(url) || new URL(url).origin !== this.#home) {
      throw notAnswered("the answer goes on at another host");
    }
    const { method, headers, body } = options ?? {};
    const signal = options?.signal ?? new AbortController().signal;
    const asked = { abortSignal: signal, ...(claims !== undefined && { claims }) };
    const { token } = await this.#credential.getToken(this.#scope, asked);
    const rule = middlewareControl?.getMiddlewareOptions(Repeatability) as Repeatability | undefined;
    return this.#http.send(
      {
        method: method as AzureRequest["method"],
        url,
        headers: { ...(headers as Record<string, string>), Authorization: `Bearer ${token}` },
        body: typeof body === "string" ? body : undefined,
        repeatable: rule?.repeatable === true,
        writes: method !== "GET",
      },
      signal,
    );
  }
}

/**
 * What a service demands of a token, where it says that the one it was shown is not good enough.
 * Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
function claimsIn(challenge: string | undefined): string | undefined {
  const encoded = /\bclaims="(?<encoded>[\w+/=-]+)"/.exec(challenge ?? "")?.groups?.["encoded"];
  return encoded && Buffer.from(encoded, "base64").toString("utf8");
}
