import type { SandboxResponse } from "../service.ts";
import { asCause, sentence, type FieldError } from "./field-error.ts";
import type { JsonObject } from "./json.ts";

/*
 * The API server's errors: an object of kind Status, worded and shaped as in
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go
 */

export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

/** The order of the fields is the order on the wire. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A resource as errors name it; the core group is empty. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** A kind as errors name it; the core group is empty. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** A refusal or failure that becomes the answer. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly listMetadata: JsonObject;
  #headers: Readonly<Record<string, string>> = {};

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    listMetadata: JsonObject = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.listMetadata = listMetadata;
  }

  /** The same error, with headers in addition to those of every answer. */
  withHeaders(headers: Readonly<Record<string, string>>): this {
    this.#headers = headers;
    return this;
  }

  /** The Status object. */
  toBody(): JsonObject {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.listMetadata,
      status: "Failure",
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }

  toResponse(): SandboxResponse {
    const seconds = this.details?.retryAfterSeconds;
    return {
      status: this.code,
      headers: {
        "content-type": "application/json",
        "cache-control": "no-cache, private",
        ...this.#headers,
        ...(seconds !== undefined && { "retry-after": String(seconds) }),
      },
      body: this.toBody(),
    };
  }
}

/** An error from before the point where the API server turns errors into a Status. */
class PlainTextError extends StatusError {
  override toResponse(): SandboxResponse {
    const headers = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" };
    return { status: this.code, headers, body: `${this.message}\n` };
  }
}

function qualified(target: GroupResource): string {
  return target.group ? `${target.resource}.${target.group}` : target.resource;
}

function detailsOf(target: GroupResource, name: string, causes?: readonly StatusCause[]): StatusDetails {
  return {
    ...(name && { name }),
    ...(target.group && { group: target.group }),
    ...(target.resource && { kind: target.resource }),
    ...(causes && { causes }),
  };
}

/** 404: the server has no such path. */
export function noSuchResource(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource", {});
}

/** 404: no object of that name. */
export function notFound(target: GroupResource, name: string): StatusError {
  return new StatusError(
    404,
    "NotFound",
    `${qualified(target)} "${name}" not found`,
    detailsOf(target, name),
  );
}

/** 409: an object of that name already exists. @param isEnding whether it is being deleted */
export function alreadyExists(target: GroupResource, name: string, isEnding: boolean): StatusError {
  const message = `${qualified(target)} "${name}" already exists`;
  return new StatusError(
    409,
    "AlreadyExists",
    isEnding ? `object is being deleted: ${message}` : message,
    detailsOf(target, name),
  );
}

/** 409: the object is not as the writer believed. */
export function conflict(target: GroupResource, name: string, detail: string): StatusError {
  return new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(target)} "${name}": ${detail}`,
    detailsOf(target, name),
  );
}

/** 409: the resource version of a write is not the newest. */
export function modified(target: GroupResource, name: string): StatusError {
  const detail =
    "the object has been modified; please apply your changes to the latest version and try again";
  return conflict(target, name, detail);
}

/** 403, by authorization or admission. */
export function forbidden(
  target: GroupResource,
  name: string,
  detail: string,
  causes?: readonly StatusCause[],
): StatusError {
  let message = `${qualified(target)} is forbidden: ${detail}`;
  if (!target.resource) {
    message = `forbidden: ${detail}`;
  } else if (name) {
    message = `${qualified(target)} "${name}" is forbidden: ${detail}`;
  }
  return new StatusError(403, "Forbidden", message, detailsOf(target, name, causes));
}

/** 422: the object's fields are wrong; the details name the kind, not the resource. */
export function invalid(target: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const sentences = [...new Set(errors.map(sentence))];
  const list = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  const kind = target.group ? `${target.kind}.${target.group}` : target.kind;
  return new StatusError(422, "Invalid", `${kind} "${name}" is invalid: ${list}`, {
    ...(name && { name }),
    ...(target.group && { group: target.group }),
    ...(target.kind && { kind: target.kind }),
    causes: errors.map(asCause),
  });
}

/** 400: what was sent cannot be understood. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 401: a token that no user has. */
export function unauthorized(): StatusError {
  return new StatusError(401, "Unauthorized", "Unauthorized");
}

/** 405: the path exists, but not with this method. */
export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return new StatusError(405, "MethodNotAllowed", message, {});
}

/** 406: the server has none of the representations that the client accepts. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(", ")}`;
  return new StatusError(406, "NotAcceptable", message);
}

/** 415: the body's media type is not supported. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

/** 410: the list that the token continues is no longer remembered. The new token continues with the current objects. */
export function expiredContinue(inconsistentToken: string): StatusError {
  const message =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list " +
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the " +
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, " +
    "modified, or deleted between the time the first chunk was returned and now may show up in the list.";
  return new StatusError(410, "Expired", message, undefined, { continue: inconsistentToken });
}

/** 410: a list at a resource version that is no longer remembered. */
export function expiredList(): StatusError {
  return new StatusError(410, "Expired", "The resourceVersion for the provided list is too old.");
}

/** 504: a resource version that this server has not reached. */
export function tooLargeVersion(wanted: number, current: number): StatusError {
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`;
  const cause = { reason: "ResourceVersionTooLarge", message: "Too large resource version" };
  return new StatusError(504, "Timeout", message, { causes: [cause], retryAfterSeconds: 1 });
}

/** 410: a watch from a resource version that is no longer remembered. */
export function expiredWatch(asked: number, oldest: number): StatusError {
  return new StatusError(410, "Expired", `too old resource version: ${asked} (${oldest})`);
}

/** 500 without a reason, as the API server answers errors that it does not convert. */
export function unconverted(message: string): StatusError {
  return new StatusError(500, "", message);
}

/**
 * 500, in plain text: the request impersonates a group, a uid or extra fields, but no user.
 * @param target path and query, as the client sent them
 * @param asked what the request impersonates, as Go prints it
 */
export function impersonationWithoutUser(target: string, asked: readonly string[]): StatusError {
  const message = `requested [${asked.join(" ")}] without impersonating a user`;
  return new PlainTextError(500, "", `Internal Server Error: ${JSON.stringify(target)}: ${message}`);
}

/** 501: the API server can do this, but the sandbox cannot, and does not pretend to. */
export function notImplemented(what: string): StatusError {
  return new StatusError(501, "NotImplemented", `the sandbox's Kubernetes API does not do this: ${what}`);
}

const outages: Readonly<
  Record<number, readonly [reason: string, message: string, retryAfterSeconds?: number]>
> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "Unauthorized"],
  409: ["Conflict", "the server reported a conflict"],
  413: ["RequestEntityTooLarge", "the server responded that the request was too large"],
  429: [
    "TooManyRequests",
    "the server has received too many requests and has asked us to try again later",
    1,
  ],
  500: ["InternalError", "Internal error occurred: unknown"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: ["Timeout", "Timeout: request did not complete within the allotted timeout", 1],
};

/** The Status of a failure that has nothing to do with a resource. @param reason undefined for the usual one */
export function outage(code: number, reason: string | undefined): StatusError {
  const [usualReason = "", message = "unknown", retryAfterSeconds] = outages[code] ?? [];
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
  return new StatusError(code, reason ?? usualReason, message, details);
}
