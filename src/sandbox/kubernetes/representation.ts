import { stringify as stringifyYaml } from "yaml";
import type { SandboxRequest, SandboxResponse } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import type { JsonObject } from "./json.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { notAcceptable } from "./status.ts";
import { partialMetadata, tableOf, type IncludedObject } from "./table.ts";

/*
 * What a client accepts, and objects in that form: JSON or YAML, whole, as a table or as metadata alone.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
 */

/** The form of an answer. */
export interface Representation {
  readonly mediaType: "application/json" | "application/yaml";
  readonly as: "Object" | "Table" | "PartialObjectMetadata";
  readonly included: IncludedObject;
}

const offered = ["application/json", "application/yaml"];

/** The first form that the client accepts and this server has. @throws StatusError 406 */
export function acceptedRepresentation(request: SandboxRequest): Representation {
  const clauses = (request.headers.accept ?? "*/*").split(",").map(parseClause);
  const includeObject = request.query.get("includeObject");
  const included: IncludedObject =
    includeObject === "None" || includeObject === "Object" ? includeObject : "Metadata";
  for (const { type, parameters } of clauses) {
    const mediaType = mediaTypeFor(type);
    const as = transformation(parameters);
    if (mediaType && as) {
      return { mediaType, as, included };
    }
  }
  throw notAcceptable(offered);
}

interface AcceptClause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function parseClause(text: string): AcceptClause {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  return {
    type: type.toLowerCase(),
    parameters: new Map(
      parameters.map((parameter) => {
        const [name = "", value = ""] = parameter.split("=", 2);
        return [name.trim().toLowerCase(), value.trim()] as const;
      }),
    ),
  };
}

function mediaTypeFor(type: string): Representation["mediaType"] | undefined {
  if (["application/json", "application/*", "*/*", ""].includes(type)) {
    return "application/json";
  }
  return type === "application/yaml" ? "application/yaml" : undefined;
}

function transformation(parameters: ReadonlyMap<string, string>): Representation["as"] | undefined {
  const as = parameters.get("as");
  if (as === undefined) {
    return "Object";
  }
  if (parameters.get("g") !== "meta.k8s.io" || parameters.get("v") !== "v1") {
    return undefined;
  }
  if (as === "Table") {
    return as;
  }
  return as.startsWith("PartialObjectMetadata") ? "PartialObjectMetadata" : undefined;
}

/** An answer with a body in the accepted form. */
export function respond(representation: Representation, status: number, body: unknown): SandboxResponse {
  const { mediaType } = representation;
  return {
    status,
    headers: { "content-type": mediaType, "cache-control": "no-cache, private" },
    body: mediaType === "application/yaml" ? stringifyYaml(body) : body,
  };
}

/** One object in the accepted form. */
export function representObject(
  definition: ResourceDefinition,
  object: KubernetesObject,
  { as, included }: Representation,
): unknown {
  switch (as) {
    case "Table":
      return tableOf([object], definition.columns, versionOf(object), included);
    case "PartialObjectMetadata":
      return partialMetadata(object);
    case "Object":
      return object;
    default:
      return as satisfies never;
  }
}

/** A list in the accepted form. */
export function representList(
  definition: ResourceDefinition,
  items: readonly KubernetesObject[],
  metadata: JsonObject,
  { as, included }: Representation,
): unknown {
  switch (as) {
    case "Table":
      return tableOf(items, definition.columns, metadata, included);
    case "PartialObjectMetadata":
      return {
        kind: "PartialObjectMetadataList",
        apiVersion: "meta.k8s.io/v1",
        metadata,
        items: items.map(partialMetadata),
      };
    case "Object":
      return { kind: `${definition.kind}List`, apiVersion: "v1", metadata, items: items.map(untyped) };
    default:
      return as satisfies never;
  }
}

/**
 * Shows the objects of one watch; in a table only the first event names the columns.
 * @returns a function that keeps count of what it has shown
 */
export function watchRepresentation(
  definition: ResourceDefinition,
  representation: Representation,
): (object: KubernetesObject) => unknown {
  let isFirst = true;
  return (object) => {
    const withColumns = isFirst;
    isFirst = false;
    return representation.as === "Table"
      ? tableOf([object], definition.columns, versionOf(object), representation.included, withColumns)
      : representObject(definition, object, representation);
  };
}

function versionOf({ metadata }: KubernetesObject): JsonObject {
  return { resourceVersion: metadata.resourceVersion };
}

/** The items of a list do not repeat their type. */
function untyped({ kind: _kind, apiVersion: _version, ...object }: KubernetesObject): JsonObject {
  return object;
}
