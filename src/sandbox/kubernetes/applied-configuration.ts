import { parse as parseYaml } from "yaml";
import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { isJsonObject, objectAt, type JsonObject } from "./json.ts";
import type { ResourceRequest } from "./request-attributes.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { badRequest, unconverted } from "./status.ts";
import { fitToSchema, TypingError, type TypingOutcome } from "./typing.ts";

/**
 * The configuration that a server-side apply brings: YAML (so JSON too), of exactly the kind of the address.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/patch.go (applyPatcher)
 * @throws StatusError 400 when it is no configuration of this object; 500, as with the API server, for fields that
 *   the kind does not have
 */
export function readAppliedConfiguration(
  request: SandboxRequest,
  definition: ResourceDefinition,
  attributes: ResourceRequest,
): KubernetesObject {
  const sent = parsed(request.body);
  const { kind, apiVersion } = sent;
  if (typeof kind !== "string" || typeof apiVersion !== "string") {
    throw badRequest("invalid object type: /, Kind=");
  }
  if (kind !== definition.kind || apiVersion !== "v1") {
    throw badRequest(
      `invalid object type: ${apiVersion}, Kind=${kind}; expected: v1, Kind=${definition.kind}`,
    );
  }
  const metadata = objectAt(sent, "metadata");
  const { name = attributes.name } = metadata;
  if (name !== attributes.name) {
    throw badRequest(
      `the name of the object (${String(name)}) does not match the name on the URL (${attributes.name})`,
    );
  }
  if (metadata["managedFields"] !== undefined && metadata["managedFields"] !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const { object, unknownFields } = typed(definition, attributes, sent);
  const [unknown] = unknownFields;
  if (unknown !== undefined) {
    throw untyped(definition, attributes, `.${unknown}: field not declared in schema`);
  }
  return { ...object, metadata: { ...objectAt(object, "metadata"), name } } as unknown as KubernetesObject;
}

function parsed(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = parseYaml(body.toString("utf8"));
  } catch {
    throw badRequest("error decoding YAML: invalid syntax");
  }
  if (!isJsonObject(value)) {
    throw badRequest("error decoding YAML: no object");
  }
  return value;
}

function typed(definition: ResourceDefinition, attributes: ResourceRequest, sent: JsonObject): TypingOutcome {
  try {
    return fitToSchema(definition.schema, sent, definition.kind);
  } catch (error) {
    if (error instanceof TypingError) {
      throw untyped(definition, attributes, error.message);
    }
    throw error;
  }
}

function untyped(definition: ResourceDefinition, { namespace, name }: ResourceRequest, why: string): Error {
  const where = definition.namespaced ? `${namespace}/${name}` : `/${name}`;
  return unconverted(`failed to create typed patch object (${where}; /v1, Kind=${definition.kind}): ${why}`);
}
