import protobuf from "protobufjs";
import { isJsonObject, type JsonObject } from "./json.ts";

/*
 * kubectl sends new objects in protobuf: the four bytes `k8s\0`, then a runtime.Unknown that carries the object.
 * Field numbers: https://github.com/kubernetes/api/blob/master/core/v1/generated.proto and its neighbours
 */

const magic = Buffer.from("k8s\0");

const messages = `
syntax = "proto2";

message TypeMeta { optional string apiVersion = 1; optional string kind = 2; }
message Unknown {
  optional TypeMeta typeMeta = 1;
  optional bytes raw = 2;
  optional string contentEncoding = 3;
  optional string contentType = 4;
}

message Time { optional int64 seconds = 1; optional int32 nanos = 2; }
message OwnerReference {
  optional string kind = 1;
  optional string name = 3;
  optional string uid = 4;
  optional string apiVersion = 5;
  optional bool controller = 6;
  optional bool blockOwnerDeletion = 7;
}
message ObjectMeta {
  optional string name = 1;
  optional string generateName = 2;
  optional string namespace = 3;
  optional string selfLink = 4;
  optional string uid = 5;
  optional string resourceVersion = 6;
  optional int64 generation = 7;
  optional Time creationTimestamp = 8;
  optional Time deletionTimestamp = 9;
  optional int64 deletionGracePeriodSeconds = 10;
  map<string, string> labels = 11;
  map<string, string> annotations = 12;
  repeated OwnerReference ownerReferences = 13;
  repeated string finalizers = 14;
}

message ObjectReference {
  optional string kind = 1;
  optional string namespace = 2;
  optional string name = 3;
  optional string uid = 4;
  optional string apiVersion = 5;
  optional string resourceVersion = 6;
  optional string fieldPath = 7;
}
message LocalObjectReference { optional string name = 1; }

message Secret {
  optional ObjectMeta metadata = 1;
  map<string, bytes> data = 2;
  optional string type = 3;
  map<string, string> stringData = 4;
  optional bool immutable = 5;
}
message ConfigMap {
  optional ObjectMeta metadata = 1;
  map<string, string> data = 2;
  map<string, bytes> binaryData = 3;
  optional bool immutable = 4;
}
message NamespaceSpec { repeated string finalizers = 1; }
message Namespace { optional ObjectMeta metadata = 1; optional NamespaceSpec spec = 2; }
message ServiceAccount {
  optional ObjectMeta metadata = 1;
  repeated ObjectReference secrets = 2;
  repeated LocalObjectReference imagePullSecrets = 3;
  optional bool automountServiceAccountToken = 4;
}

message Quantity { optional string string = 1; }
message ScopedResourceSelectorRequirement {
  optional string scopeName = 1;
  optional string operator = 2;
  repeated string values = 3;
}
message ScopeSelector { repeated ScopedResourceSelectorRequirement matchExpressions = 1; }
message ResourceQuotaSpec {
  map<string, Quantity> hard = 1;
  repeated string scopes = 2;
  optional ScopeSelector scopeSelector = 3;
}
message ResourceQuota { optional ObjectMeta metadata = 1; optional ResourceQuotaSpec spec = 2; }

message ResourceAttributes {
  optional string namespace = 1;
  optional string verb = 2;
  optional string group = 3;
  optional string version = 4;
  optional string resource = 5;
  optional string subresource = 6;
  optional string name = 7;
}
message NonResourceAttributes { optional string path = 1; optional string verb = 2; }
message SelfSubjectAccessReviewSpec {
  optional ResourceAttributes resourceAttributes = 1;
  optional NonResourceAttributes nonResourceAttributes = 2;
}
message SelfSubjectAccessReview { optional ObjectMeta metadata = 1; optional SelfSubjectAccessReviewSpec spec = 2; }
message SelfSubjectRulesReviewSpec { optional string namespace = 1; }
message SelfSubjectRulesReview { optional ObjectMeta metadata = 1; optional SelfSubjectRulesReviewSpec spec = 2; }
message SelfSubjectReview { optional ObjectMeta metadata = 1; }

message Preconditions { optional string uid = 1; optional string resourceVersion = 2; }
message DeleteOptions {
  optional int64 gracePeriodSeconds = 1;
  optional Preconditions preconditions = 2;
  optional bool orphanDependents = 3;
  optional string propagationPolicy = 4;
  repeated string dryRun = 5;
}
`;

/** Why a protobuf body could not be read. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
  /** Whether the message is well formed, but of a kind that the sandbox does not read in protobuf. */
  readonly unknownKind: boolean;

  constructor(message: string, unknownKind: boolean) {
    super(message);
    this.unknownKind = unknownKind;
  }
}

/**
 * Decodes an object from the Kubernetes protobuf encoding into its JSON form.
 * @throws ProtobufError
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic)) {
    throw new ProtobufError(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
      false,
    );
  }
  const { root } = protobuf.parse(messages, { keepCase: true });
  try {
    const envelope = plain(root.lookupType("Unknown"), body.subarray(magic.length));
    const { typeMeta, raw } = envelope;
    const { apiVersion, kind } = isJsonObject(typeMeta) ? typeMeta : {};
    const type = root.get(String(kind));
    if (!(type instanceof protobuf.Type)) {
      throw new ProtobufError(`kind ${String(kind)} in protobuf`, true);
    }
    const object = plain(type, Buffer.from(typeof raw === "string" ? raw : "", "base64"));
    return { kind, apiVersion, ...(withoutEmptyTexts(object) as JsonObject) };
  } catch (error) {
    throw error instanceof ProtobufError ? error : new ProtobufError(String(error), false);
  }
}

function plain(type: protobuf.Type, bytes: Uint8Array): JsonObject {
  return type.toObject(type.decode(bytes), { bytes: String, longs: Number });
}

/** Go writes every field that is not a pointer, so an empty field counts as absent. Map values are kept. */
function withoutEmptyTexts(value: unknown, inMap = false): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => withoutEmptyTexts(item));
  }
  if (!isJsonObject(value)) {
    return value;
  }
  const entries = Object.entries(value)
    .filter(([, field]) => inMap || field !== "")
    .map(([name, field]) => [
      name,
      !inMap && Object.hasOwn(ownForms, name)
        ? ownForms[name]?.(field)
        : withoutEmptyTexts(field, mapFields.has(name)),
    ]);
  return Object.fromEntries(entries) as JsonObject;
}

const mapFields = new Set(["labels", "annotations", "data", "stringData", "binaryData"]);

/** Fields whose JSON form differs from their message. */
const ownForms: Readonly<Record<string, (value: unknown) => unknown>> = {
  creationTimestamp: timestamp,
  deletionTimestamp: timestamp,
  hard: quantities,
};

/** The zero time is sent as a message without fields, and means no time. */
function timestamp(value: unknown): string | undefined {
  const seconds = isJsonObject(value) ? value["seconds"] : undefined;
  return typeof seconds === "number"
    ? new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z")
    : undefined;
}

function quantities(value: unknown): JsonObject {
  const entries = Object.entries(isJsonObject(value) ? value : {});
  return Object.fromEntries(
    entries.map(([key, quantity]) => [key, isJsonObject(quantity) ? quantity["string"] : quantity]),
  );
}
