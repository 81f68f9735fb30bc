import { ExchangeError, failedExchange, type HttpAnswer } from "../domain/http-exchange.ts";
import type { FailedAttempt } from "../domain/retry.ts";

/** A refusal as the API server describes it. */
export interface ApiStatus {
  readonly code: number;
  /** Such as `Forbidden` or `AlreadyExists`; undefined if something in front of the API server answered. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly kind: string | undefined;
  readonly causes: readonly string[];
  /**
   * The webhook or policy that refused the request in admission, as messages name it. A webhook may send any code and
   * reason.
   */
  readonly refusedBy: string | undefined;
  /** Whether the request had no credential, or none that the cluster accepts. */
  readonly anonymous: boolean;
}

/** What precedes a webhook's own message: apiserver pkg/admission/plugin/webhook/errors/statuserror.go */
const webhookRefuses = /^admission webhook "([^"]*)" (?:denied the request|does not support dry run)/;

/** What precedes a policy's own message: apiserver pkg/admission/plugin/policy, validating and generic */
const policyRefuses =
  /^\S+ (?:"[^"]*" )?is forbidden: (?:ValidatingAdmissionPolicy '([^']*)'.* denied request|admission request denied by policy)/;

/** The API server's user for a request without a credential, as its authorizer's message names it. */
const nobody = /User "system:anonymous"/;

/** An answer that is not a success. */
export class ApiStatusError extends Error {
  override readonly name = "ApiStatusError";
  readonly status: ApiStatus;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly auditId: string | undefined;
  /** Whether the message was dropped, because it quotes an object: a Secret may hold secrets unknown to this run. */
  readonly isWithheld: boolean;

  constructor(answer: HttpAnswer) {
    super(`status ${answer.status}`);
    const status = readStatus(answer.status, answer.body);
    this.isWithheld = quotesObject(status.message ?? "");
    this.status = this.isWithheld ? { ...status, message: undefined } : status;
    this.retryAfter = answer.headers["retry-after"];
    this.date = answer.headers.date;
    const auditId = answer.headers["audit-id"];
    this.auditId = typeof auditId === "string" ? auditId : undefined;
  }
}

/**
 * Reads a `Status`. For any other body only the status code is known.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
function readStatus(code: number, body: Buffer): ApiStatus {
  let value: unknown;
  try {
    // The body of a success does not explain a failure.
    value = code < 300 ? undefined : JSON.parse(body.toString("utf8"));
  } catch {
    value = undefined;
  }
  const { kind, reason, message, details } = Object(value) as Record<string, unknown>;
  if (kind !== "Status") {
    return {
      code,
      reason: undefined,
      message: undefined,
      kind: undefined,
      causes: [],
      refusedBy: undefined,
      anonymous: false,
    };
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
    refusedBy: code < 500 && typeof message === "string" ? refusedBy(message) : undefined,
    anonymous: code === 403 && typeof message === "string" && nobody.test(message),
  };
}

/** The webhook or policy that refused, according to what the API server puts before its message. */
function refusedBy(message: string): string | undefined {
  const webhook = webhookRefuses.exec(message);
  if (webhook) return named(webhook[1], "admission webhook") ?? "an admission webhook";
  const policy = policyRefuses.exec(message);
  return policy ? (named(policy[1], "ValidatingAdmissionPolicy") ?? "an admission policy") : undefined;
}

function named(name: string | undefined, what: string): string | undefined {
  return name !== undefined && /^[\w.-]+$/.test(name) ? `the ${what} ${name}` : undefined;
}

/** Whether a webhook or policy refused the request, rather than the API server. */
export function isRefusedInAdmission({ status, body }: HttpAnswer): boolean {
  return status >= 400 && readStatus(status, body).refusedBy !== undefined;
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * The forms in which a message quotes an object: JSON, escaped or not; a map or a struct as Go prints it; the bytes
 * around a fault; JSON in base64, as in a Secret. The patterns are bounded, because a message may be as long as an
 * answer.
 */
const quotedObjects = [
  /\{(?:\s|\\n){0,99}\\{0,99}"[^"\\]{0,999}\\{0,99}"\s{0,99}:/,
  /\bmap\[\S{1,99}?:/,
  /\b[A-Z]\w*\{[A-Z]\w*:/,
  /\.\.\.\|/,
  /(?:eyJ|ewog)[\w+/-]{16}/,
];

/**
 * Whether a message quotes an object, or part of one. If the API server cannot decode the result of a patch, it quotes
 * the whole live Secret, with its data.
 */
export function quotesObject(sentence: string): boolean {
  return quotedObjects.some((one) => one.test(sentence));
}

/** What a failure means for a retry. Every request may be repeated, because writes are conditional. */
export function failedAttempt(error: unknown): FailedAttempt | undefined {
  if (error instanceof ExchangeError) return failedExchange(error, true);
  if (!(error instanceof ApiStatusError)) return undefined;
  const { status, retryAfter, date } = error;
  if (status.refusedBy !== undefined) return undefined;
  return { status: status.code, retryAfter, date, idempotent: true };
}
