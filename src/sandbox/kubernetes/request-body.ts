import { parse as parseYaml } from "yaml";
import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { decodeProtobuf, ProtobufError } from "./protobuf.ts";
import type { StructSchema } from "./schema.ts";
import { badRequest, notImplemented, StatusError, unsupportedMediaType } from "./status.ts";
import { fitToSchema, TypingError, type TypingOutcome } from "./typing.ts";

/** The API server reads no more of a body. Source: MaxRequestBodyBytes of its defaults. */
const bodyLimit = 3 * 1024 * 1024;

const accepted = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** A kind as bodies must name it. */
export interface BodyKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: StructSchema;
}

/** The request's media type, without parameters; JSON when it names none. */
export function mediaType(request: SandboxRequest): string {
  return (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() || "application/json";
}

/** @throws StatusError 413 */
export function checkBodySize(request: SandboxRequest): void {
  if (request.body.length > bodyLimit) {
    const message = `Request entity too large: limit is ${bodyLimit}`;
    throw new StatusError(413, "RequestEntityTooLarge", message, {});
  }
}

/**
 * The body's object as it was sent.
 * @throws StatusError 400 when it cannot be parsed, 415 for a media type that is not read
 */
export function readBody(request: SandboxRequest, kind: string): JsonObject {
  const unrecognized = (why: string): StatusError =>
    badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; ${why}`,
    );
  switch (mediaType(request)) {
    case "application/json":
      return parsed(
        () => JSON.parse(request.body.toString("utf8")) as unknown,
        (why) => unrecognized(`json parse error: ${why}`),
      );
    case "application/yaml":
      return parsed(
        () => parseYaml(request.body.toString("utf8")) as unknown,
        (why) => unrecognized(`yaml parse error: ${why}`),
      );
    case "application/vnd.kubernetes.protobuf":
      return readProtobuf(request.body, unrecognized);
    default:
      throw unsupportedMediaType(accepted);
  }
}

function parsed(parse: () => unknown, failure: (why: string) => StatusError): JsonObject {
  let value: unknown;
  try {
    value = parse();
  } catch {
    // What the parser says may quote the body, and a body may hold a password.
    throw failure("invalid syntax");
  }
  if (!isJsonObject(value)) {
    throw failure("no object");
  }
  return value;
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
 * Fits a body to its kind. Kind and version may be absent, but not others.
 * @throws StatusError 400 for another kind, a value of the wrong type, or an unknown field where that is strict
 */
export function decodeObject(object: JsonObject, body: BodyKind, strict: boolean): KubernetesObject {
  const { apiVersion = body.apiVersion, kind = body.kind } = object;
  if (apiVersion !== body.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${body.apiVersion})`,
    );
  }
  const version = body.apiVersion.split("/").at(-1) ?? "";
  const unhandled = (why: string): StatusError =>
    badRequest(`${String(kind)} in version "${version}" cannot be handled as a ${body.kind}: ${why}`);
  if (kind !== body.kind) {
    throw unhandled(`converting (v1.${String(kind)}) to (v1.${body.kind}): unknown conversion`);
  }
  const { object: fitted, unknownFields } = fitOr(body, object, unhandled);
  if (strict && unknownFields.length > 0) {
    throw unhandled(strictError(unknownFields));
  }
  const { metadata = {}, ...rest } = fitted;
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

/** What strict decoding says of unknown fields. */
export function strictError(unknownFields: readonly string[]): string {
  return `strict decoding error: ${unknownFields.map((field) => `unknown field "${field}"`).join(", ")}`;
}
