import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { duplicateFields } from "./duplicate-fields.ts";
import { isJsonObject, textAt, type JsonObject } from "./json.ts";
import { decodeProtobuf, ProtobufError } from "./protobuf.ts";
import type { StructSchema } from "./schema.ts";
import { badRequest, notImplemented, StatusError, unsupportedMediaType } from "./status.ts";
import { fitToSchema, TypingError, type TypingOutcome } from "./typing.ts";
import type { FieldCheck } from "./write-options.ts";
import { readYaml } from "./yaml.ts";

/** The largest body that the API server reads. Source: MaxRequestBodyBytes in its defaults. */
const bodyLimit = 3 * 1024 * 1024;

const accepted = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** A kind as bodies must name it. */
export interface BodyKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: StructSchema;
}

/** The request's media type, without parameters; JSON if it names none. */
export function mediaType(request: SandboxRequest): string {
  return (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() || "application/json";
}

/** @throws StatusError 413 */
export function checkBodySize(request: SandboxRequest): void {
  if (request.body.length > bodyLimit) {
    const message = `Request entity too large: limit is ${bodyLimit}`;
    throw new StatusError(413, "RequestEntityTooLarge", message);
  }
}

/** A body as it was sent. */
export interface SentObject {
  readonly object: JsonObject;
  /** What strict decoding says about fields that occur twice. */
  readonly duplicates: readonly string[];
}

/**
 * The body's object as it was sent.
 * @throws StatusError 400 if it cannot be parsed, 415 for a media type that is not supported
 */
export function readBody(request: SandboxRequest, kind: string): SentObject {
  const unrecognized = (why: string): StatusError =>
    badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ${why}`,
    );
  const text = (): string => request.body.toString("utf8");
  switch (mediaType(request)) {
    case "application/json":
      return parsed(
        () => ({ value: JSON.parse(text()) as unknown, duplicates: duplicateFields(text()).map(duplicate) }),
        (why) => unrecognized(`json parse error: ${why}`),
      );
    case "application/yaml":
      return parsed(
        () => readYaml(text()),
        (why) => unrecognized(`yaml parse error: ${why}`),
      );
    case "application/vnd.kubernetes.protobuf":
      return { object: readProtobuf(request.body, unrecognized), duplicates: [] };
    default:
      throw unsupportedMediaType(accepted);
  }
}

/** What strict decoding says about a field that occurs twice. */
export function duplicate(field: string): string {
  return `duplicate field "${field}"`;
}

function parsed(
  parse: () => { value: unknown; duplicates: readonly string[] },
  failure: (why: string) => StatusError,
): SentObject {
  let sent: ReturnType<typeof parse>;
  try {
    sent = parse();
  } catch {
    // The parser's message may quote the body, and a body may hold a password.
    throw failure("invalid syntax");
  }
  const { value, duplicates } = sent;
  if (!isJsonObject(value)) {
    throw failure("no object");
  }
  return { object: value, duplicates };
}

function readProtobuf(body: Buffer, unrecognized: (why: string) => StatusError): JsonObject {
  try {
    return decodeProtobuf(body);
  } catch (error) {
    if (error instanceof ProtobufError) {
      throw error.unknownKind ? notImplemented(error.message) : unrecognized(error.message);
    }
    throw error;
  }
}

/**
 * Fits a body to its kind. Kind and version may be absent, but not different.
 * @param refusal makes the answer for a body that cannot be decoded
 * @throws StatusError 400 or the refusal, for another kind, a value of the wrong type, or a field that the check
 *   refuses
 */
export function decodeObject(
  sent: SentObject,
  body: BodyKind,
  check: FieldCheck,
  refusal?: (why: string) => StatusError,
): KubernetesObject {
  const apiVersion = textAt(sent.object, "apiVersion") || body.apiVersion;
  const kind = textAt(sent.object, "kind") || body.kind;
  const version = body.apiVersion.split("/").at(-1) ?? "";
  const unhandled =
    refusal ??
    ((why: string): StatusError =>
      badRequest(`${kind} in version "${version}" cannot be handled as a ${body.kind}: ${why}`));
  if (apiVersion !== body.apiVersion) {
    const why = `the API version in the data (${apiVersion}) does not match the expected API version (${body.apiVersion})`;
    throw refusal ? refusal(why) : badRequest(why);
  }
  if (kind !== body.kind) {
    throw unhandled(`converting (v1.${kind}) to (v1.${body.kind}): unknown conversion`);
  }
  const { object, unknownFields } = fitOr(body, sent.object, unhandled);
  check([...sent.duplicates, ...unknownFields.map(unknownField)], unhandled);
  const { metadata = {}, kind: _kind, apiVersion: _version, ...rest } = object;
  return { kind: body.kind, apiVersion: body.apiVersion, metadata, ...rest } as unknown as KubernetesObject;
}

function fitOr(body: BodyKind, object: JsonObject, failure: (why: string) => StatusError): TypingOutcome {
  try {
    return fitToSchema(body.schema, object, body.kind);
  } catch (error) {
    if (error instanceof TypingError) {
      throw failure(error.message);
    }
    throw error;
  }
}

/** What strict decoding says about a field that the kind does not have. */
export function unknownField(field: string): string {
  return `unknown field "${field}"`;
}
