import type { Agent } from "node:http";
import type { ActionableError } from "../domain/errors.ts";
import { exchange, ExchangeError, failedExchange, type HttpAnswer } from "../domain/http-exchange.ts";
import { loginServerName } from "../domain/names.ts";
import { proxyFor, type Variables } from "../domain/proxy.ts";
import { withRetries } from "../domain/retry.ts";
import { serverAgent } from "../domain/server-agent.ts";
import { badLoginServer, exchangeFailed, unexpectedAnswer } from "./registry-errors.ts";

/** A refusal that is worth a retry: 429 or 5xx. */
class PassingRefusal extends Error {
  readonly error: ActionableError;
  readonly answer: HttpAnswer;

  constructor(error: ActionableError, answer: HttpAnswer) {
    super(error.message);
    this.error = error;
    this.answer = answer;
  }
}

/** How to reach registries. */
export interface RegistryOptions {
  /** Used to find proxies. */
  readonly variables: Variables;
  /** Limits each wait for the registry, including retries; in milliseconds. Default: what suits the request. */
  readonly timeoutMs?: number | undefined;
}

/**
 * One verified TLS connection to one registry and nothing else: it follows no redirect and no realm in a challenge.
 * Every request over it may be repeated.
 */
export class RegistryConnection {
  /** Host and port in lower case. */
  readonly loginServer: string;
  readonly #agent: Agent;
  readonly #timeoutMs: number;
  readonly #variables: Variables;

  /** @throws ActionableError `registry.bad-login-server` if it is more than a host and a port */
  constructor(loginServer: string, { variables, timeoutMs = Infinity }: RegistryOptions) {
    this.#variables = variables;
    this.#timeoutMs = timeoutMs;
    this.loginServer = checkedHost(loginServer);
    this.#agent = this.agentFor(new URL(`https://${this.loginServer}`));
  }

  /**
   * Sends a request, and repeats it while the registry is busy or does not answer.
   * @throws ActionableError `registry.unreachable`, `registry.untrusted-certificate`, `registry.throttled`,
   *   `registry.failed`
   */
  async ask(
    method: "GET" | "HEAD",
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const url = new URL(path, `https://${this.loginServer}`);
    const request = {
      method,
      url,
      headers: { ...headers, "User-Agent": "acr-pull" },
      agent: this.#agent,
    };
    try {
      return await withRetries(
        async (limitMs) => {
          const answer = await exchange({ ...request, limitMs }, signal);
          if (answer.status !== 429 && answer.status < 500) return answer;
          throw new PassingRefusal(
            unexpectedAnswer(this.loginServer, `${method} ${url.pathname}`, answer),
            answer,
          );
        },
        (error) => {
          if (error instanceof ExchangeError) return failedExchange(error, true);
          if (!(error instanceof PassingRefusal)) return undefined;
          const { status, headers } = error.answer;
          return { status, retryAfter: headers["retry-after"], date: headers.date, idempotent: true };
        },
        signal,
        this.#timeoutMs,
      );
    } catch (error) {
      if (error instanceof ExchangeError) throw exchangeFailed(this.loginServer, error);
      throw error instanceof PassingRefusal ? error.error : error;
    }
  }

  /** Makes the connection to the registry, or one to its storage. */
  agentFor(url: URL): Agent {
    return serverAgent(url, { maxSockets: 1, proxy: proxyFor(url, this.#variables) });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function checkedHost(loginServer: string): string {
  try {
    return loginServerName(loginServer);
  } catch (error) {
    throw badLoginServer(error instanceof RangeError ? error.message : "cannot be read");
  }
}
