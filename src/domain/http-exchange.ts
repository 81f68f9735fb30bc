import { request as requestInTheClear } from "node:http";
import type {
  Agent,
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
} from "node:http";
import { request as requestOverTls, type RequestOptions } from "node:https";
import { withOwnSignal } from "./own-signal.ts";
import type { FailedAttempt } from "./retry.ts";
import { learnFromRequest, withoutEchoes } from "./secrets-in-transit.ts";

/** If there is no connection within this time, the host does not answer, and a quick retry will not change that. */
const connectLimitMs = 10_000;
const exchangeLimitMs = 30_000;
/** Longer than most writes take, and short enough for somebody who presses Ctrl-C. */
const writePatienceMs = 3_000;
/** Far larger than any answer that acr-pull reads. A server that sends more is broken or malicious. */
const largestBodyBytes = 8 * 1024 * 1024;

/** One request. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | undefined;
  /** Which connections to use, and how TLS is verified on them. */
  readonly agent: Agent;
  /** The longest wait for the whole answer, in milliseconds, if it is less than 30 s. */
  readonly limitMs?: number | undefined;
  /** Whether it changes something. If so, its answer is still awaited for a moment after the signal aborts. */
  readonly writes?: boolean;
}

/** A whole answer, whatever its status. A redirect is an answer like any other; it is never followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why no whole answer came. */
export type ExchangeFailure =
  /** The name has no address, or there was no connection in time: the request was not sent. */
  | "no-connection"
  /** Refused, reset or cut off: the request may have taken effect. */
  | "broken-connection"
  | "untrusted-certificate"
  | "timed-out"
  | "too-large";

/** A request that got no whole answer. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly failure: ExchangeFailure;
  /** The system's or OpenSSL's name of the fault, such as `ECONNREFUSED`. */
  readonly code: string | undefined;

  constructor(failure: ExchangeFailure, code: string | undefined, message: string, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
    this.code = code;
  }
}

/**
 * Sends one request and reads its whole answer, within bounds: 10 s to connect, 30 s in all unless the request allows
 * less, 8 MiB of body. A write in progress when the signal aborts gets 3 s more, so that a stopped run can say
 * whether it was done. Anything that repeats a secret that was sent or received is removed from a refusal.
 * @throws ExchangeError if no whole answer came; the signal's reason when it aborts
 */
export async function exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  learnFromRequest(request.headers, request.body);
  const ask = async (bounds: AbortController): Promise<HttpAnswer> => {
    const limitMs = Math.min(request.limitMs ?? exchangeLimitMs, exchangeLimitMs);
    const whole = setTimeout(
      () => bounds.abort(new ExchangeError("timed-out", undefined, `no answer within ${limitMs / 1000} s`)),
      limitMs,
    );
    try {
      const response = await send(request, bounds);
      const body = await readBody(response);
      return withoutEchoes({ status: response.statusCode ?? 0, headers: response.headers, body });
    } catch (error) {
      bounds.signal.throwIfAborted();
      throw error instanceof ExchangeError ? error : brokenExchange(error);
    } finally {
      clearTimeout(whole);
    }
  };
  return withOwnSignal(signal, ask, request.writes ? writePatienceMs : 0);
}

function send(
  { method, url, headers, body, agent }: HttpRequest,
  bounds: AbortController,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === "https:" ? requestOverTls : requestInTheClear;
    // The agent's own setting overrides this one. Without either, NODE_TLS_REJECT_UNAUTHORIZED=0 would decide.
    const { signal } = bounds;
    const options: RequestOptions = { method, headers, agent, signal, rejectUnauthorized: true };
    const outgoing: ClientRequest = start(url, options);
    const connecting = setTimeout(
      () =>
        bounds.abort(
          new ExchangeError("no-connection", undefined, `no connection within ${connectLimitMs / 1000} s`),
        ),
      connectLimitMs,
    );
    const stop = () => clearTimeout(connecting);
    // Node sends no length for the body of a DELETE, and the server would take the body for another request.
    if (body !== undefined) outgoing.setHeader("content-length", Buffer.byteLength(body));
    outgoing.on("socket", (socket) => {
      if (socket.connecting) socket.once(url.protocol === "https:" ? "secureConnect" : "connect", stop);
      else stop();
    });
    outgoing.once("close", stop);
    outgoing.once("error", reject);
    outgoing.once("response", resolve);
    outgoing.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the response and its connection.
    if (length > largestBodyBytes) {
      throw new ExchangeError("too-large", undefined, `the answer is longer than ${largestBodyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Source: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificateFaults = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "CERT_SIGNATURE_FAILURE",
  "CRL_SIGNATURE_FAILURE",
  "CERT_NOT_YET_VALID",
  "CERT_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_HAS_EXPIRED",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_CHAIN_TOO_LONG",
  "CERT_REVOKED",
  "INVALID_CA",
  "PATH_LENGTH_EXCEEDED",
  "INVALID_PURPOSE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "HOSTNAME_MISMATCH",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

function brokenExchange(error: unknown): ExchangeError {
  const { code, message } = faultOf(error);
  if (code !== undefined && certificateFaults.has(code)) {
    return new ExchangeError("untrusted-certificate", code, message, error);
  }
  return new ExchangeError(
    code === "ENOTFOUND" ? "no-connection" : "broken-connection",
    code,
    message,
    error,
  );
}

/** A host with several addresses fails with an AggregateError, whose own message is empty. */
function faultOf(error: unknown): { code: string | undefined; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return faultOf(error.errors[0]);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return { code: typeof code === "string" ? code : undefined, message };
}

/**
 * What a request without an answer means for a retry; undefined if a retry is useless.
 * @param idempotent whether the request may be repeated although it may have taken effect
 */
export function failedExchange({ failure }: ExchangeError, idempotent: boolean): FailedAttempt | undefined {
  return failure === "broken-connection" || failure === "timed-out" ? { idempotent } : undefined;
}
