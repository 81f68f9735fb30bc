import { ExchangeError, failedExchange, type HttpAnswer } from "../domain/http-exchange.ts";
import type { FailedAttempt } from "../domain/retry.ts";

/** A refusal as the API server describes it. */
export interface ApiStatus {
  readonly code: number;
  /** Such as `Forbidden`, `AlreadyExists`; absent where something before the API server answered. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly kind: string | undefined;
  readonly causes: readonly string[];
  /** The cluster knew the request for nobody's: there was no credential, or none that it reads. */
  readonly anonymous: boolean;
}

/** The user whom the API server takes a request without a credential for; its authorizer names who may not. */
const nobody = /User "system:anonymous"/;

/** An answer that is no success. */
export class ApiStatusError extends Error {
  override readonly name = "ApiStatusError";
  readonly status: ApiStatus;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly auditId: string | undefined;

  /** @param withheld texts that its sentence must not hold, else it is dropped */
  constructor(answer: HttpAnswer, withheld: readonly string[] = []) {
    super(`status ${answer.status}`);
    const status = readStatus(answer.status, answer.body);
    const quotes = withheld.some((text) => status.message?.includes(text));
    this.status = quotes ? { ...status, message: undefined } : status;
    this.retryAfter = answer.headers["retry-after"];
    this.date = answer.headers.date;
    const auditId = answer.headers["audit-id"];
    this.auditId = typeof auditId === "string" ? auditId : undefined;
  }
}

/**
 * Reads a `Status`; of another body nothing but the number is known.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
function readStatus(code: number, body: Buffer): ApiStatus {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    value = undefined;
  }
  const { kind, reason, message, details } = Object(value) as Record<string, unknown>;
  if (kind !== "Status") {
    return { code, reason: undefined, message: undefined, kind: undefined, causes: [], anonymous: false };
  }
  const { kind: subject, causes } = Object(details) as Record<string, unknown>;
  const reasons = (Array.isArray(causes) ? (causes as unknown[]) : []).map(
    (cause) => (Object(cause) as Record<string, unknown>)["reason"],
  );
  return {
    code,
    reason: textOrNothing(reason),
    message: textOrNothing(message),
    kind: textOrNothing(subject),
    causes: reasons.filter((cause) => typeof cause === "string"),
    anonymous: code === 403 && typeof message === "string" && nobody.test(message),
  };
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What a failure means for another try. Every request made here may be sent twice: a write is conditional. */
export function failedAttempt(error: unknown): FailedAttempt | undefined {
  if (error instanceof ExchangeError) return failedExchange(error, true);
  if (!(error instanceof ApiStatusError)) return undefined;
  const { status, retryAfter, date } = error;
  return { status: status.code, retryAfter, date, idempotent: true };
}
