import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { isJsonObject, objectAt, textAt, type JsonObject } from "./json.ts";
import type { SentObject } from "./request-body.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { duplicateItems } from "./field-set.ts";
import { badRequest, unconverted } from "./status.ts";
import { fitToSchema, TypingError, type TypingOutcome } from "./typing.ts";
import type { FieldCheck } from "./write-options.ts";
import { readYaml } from "./yaml.ts";

/**
 * Reads the configuration that a server-side apply sends: YAML (so JSON too), of exactly the kind in the URL.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/patch.go (applyPatcher)
 * @throws StatusError 400 if it is not a configuration of this kind; 500, as with the API server, for fields that
 *   the kind does not have
 */
export function readAppliedConfiguration(
  request: SandboxRequest,
  definition: ResourceDefinition,
  check: FieldCheck,
): KubernetesObject {
  const { object: sent, duplicates } = parsed(request.body);
  const [kind, apiVersion] = [textAt(sent, "kind"), textAt(sent, "apiVersion")];
  if (kind !== definition.kind || apiVersion !== "v1") {
    const group = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
    throw badRequest(`invalid object type: ${group}, Kind=${kind}`);
  }
  check(duplicates, () => {
    const errors = duplicates.map((problem) => `\n  ${problem}`).join("");
    return badRequest(
      `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:${errors}`,
    );
  });
  const metadata = objectAt(sent, "metadata");
  if (metadata["managedFields"] !== undefined && metadata["managedFields"] !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const { object, unknownFields } = typed(definition, sent);
  const problems = [
    ...unknownFields.map((field) => `.${field}: field not declared in schema`),
    ...duplicateItems(definition.schema, object),
  ];
  if (problems.length > 0) {
    const [first = ""] = problems;
    throw untyped(definition, sent, problems.length === 1 ? first : `errors:\n  ${problems.join("\n  ")}`);
  }
  return { ...object, metadata: objectAt(object, "metadata") } as unknown as KubernetesObject;
}

function parsed(body: Buffer): SentObject {
  let sent: ReturnType<typeof readYaml>;
  try {
    sent = readYaml(body.toString("utf8"));
  } catch {
    throw badRequest("error decoding YAML: invalid syntax");
  }
  const { value, duplicates } = sent;
  if (!isJsonObject(value)) {
    throw badRequest("error decoding YAML: no object");
  }
  return { object: value, duplicates };
}

function typed(definition: ResourceDefinition, sent: JsonObject): TypingOutcome {
  try {
    return fitToSchema(definition.schema, sent, definition.kind, "keep");
  } catch (error) {
    if (error instanceof TypingError) {
      throw untyped(definition, sent, error.message);
    }
    throw error;
  }
}

function untyped({ kind }: ResourceDefinition, sent: JsonObject, why: string): Error {
  const metadata = objectAt(sent, "metadata");
  const where = `${textAt(metadata, "namespace")}/${textAt(metadata, "name")}`;
  return unconverted(`failed to create typed patch object (${where}; /v1, Kind=${kind}): ${why}`);
}
