import { dump } from "js-yaml";
import type { SandboxRequest, SandboxResponse } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import type { JsonObject } from "./json.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { badRequest, notAcceptable, StatusError } from "./status.ts";
import { partialMetadata, tableOf, type IncludedObject } from "./table.ts";

/*
 * The form that a client accepts, and objects in that form: as JSON or YAML; whole, as a table, or only the metadata.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
 */

/** The form of an answer. */
export interface Representation {
  readonly mediaType: "application/json" | "application/yaml";
  readonly as: "Object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** How much of each object a table is to hold, as the client sent it. */
  readonly includeObject: string;
}

/** What the API server offers. The sandbox does not answer in protobuf. */
const offered = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const offeredToWatches = [
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf;stream=watch",
];

/** The form that the client prefers among those that this server has. @throws StatusError 406 */
export function acceptedRepresentation(request: SandboxRequest): Representation {
  const representation = findRepresentation(request);
  if (!representation) {
    throw notAcceptable(offered);
  }
  return representation;
}

/** The same for the events of a watch, which are always JSON. @throws StatusError 406 */
export function acceptedEvents(request: SandboxRequest): Representation {
  const representation = findRepresentation(request);
  if (representation?.mediaType !== "application/json") {
    throw notAcceptable(offeredToWatches);
  }
  return representation;
}

function findRepresentation({ headers, query }: SandboxRequest): Representation | undefined {
  const clauses = (headers.accept ?? "*/*").split(",").map(parseClause);
  const includeObject = query.get("includeObject") ?? "";
  for (const { type, parameters } of clauses.toSorted((one, other) => other.quality - one.quality)) {
    const mediaType = mediaTypeFor(type);
    const as = transformation(parameters);
    if (mediaType && as) {
      return { mediaType, as, includeObject };
    }
  }
  return undefined;
}

interface AcceptClause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function parseClause(text: string): AcceptClause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map(
    rest.map((parameter) => {
      const [name = "", value = ""] = parameter.split("=", 2);
      return [name.trim().toLowerCase(), value.trim()] as const;
    }),
  );
  return { type: type.toLowerCase(), parameters, quality: Number(parameters.get("q") ?? 1) };
}

function mediaTypeFor(type: string): Representation["mediaType"] | undefined {
  if (["application/json", "*/*", ""].includes(type)) {
    return "application/json";
  }
  return type === "application/yaml" ? "application/yaml" : undefined;
}

function transformation(parameters: ReadonlyMap<string, string>): Representation["as"] | undefined {
  const as = parameters.get("as");
  if (as === undefined) {
    return "Object";
  }
  const isKnown = as === "Table" || as === "PartialObjectMetadata" || as === "PartialObjectMetadataList";
  return isKnown && parameters.get("g") === "meta.k8s.io" && parameters.get("v") === "v1" ? as : undefined;
}

/** An answer with a body in the accepted form. */
export function respond(representation: Representation, status: number, body: unknown): SandboxResponse {
  const { mediaType } = representation;
  return {
    status,
    headers: { "content-type": mediaType, "cache-control": "no-cache, private" },
    body: mediaType === "application/yaml" ? asYaml(body) : body,
  };
}

/** Writes YAML as the API server does, with sorted keys. */
function asYaml(body: unknown): string {
  return dump(body, { sortKeys: true, noArrayIndent: true, noRefs: true, skipInvalid: true, lineWidth: 80 });
}

/** @throws StatusError 400 for a value that `includeObject` does not allow */
function included(includeObject: string): IncludedObject {
  switch (includeObject) {
    case "None":
    case "Object":
      return includeObject;
    case "":
    case "Metadata":
      return "Metadata";
    default:
      throw badRequest(
        `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: ` +
          "must be 'Metadata', 'Object', 'None', or empty",
      );
  }
}

/** 406. It is known only when there is an answer, so the request has already taken effect. */
function otherForm(as: string, is: string): StatusError {
  return new StatusError(406, "NotAcceptable", `you requested ${as}, but the requested object is ${is}`);
}

/** One object in the accepted form. @throws StatusError 400 or 406 if it cannot have that form */
export function representObject(
  definition: ResourceDefinition,
  object: KubernetesObject,
  { as, includeObject }: Representation,
): unknown {
  switch (as) {
    case "Table":
      return tableOf([object], definition.columns, versionOf(object), included(includeObject));
    case "PartialObjectMetadata":
      return partialMetadata(object);
    case "PartialObjectMetadataList":
      throw otherForm(as, `not a list (*core.${definition.kind})`);
    case "Object":
      return object;
    default:
      return as satisfies never;
  }
}

/** A list in the accepted form. @throws StatusError 400 or 406 if it cannot have that form */
export function representList(
  definition: ResourceDefinition,
  items: readonly KubernetesObject[],
  metadata: JsonObject,
  { as, includeObject }: Representation,
): unknown {
  switch (as) {
    case "Table":
      return tableOf(items, definition.columns, metadata, included(includeObject));
    case "PartialObjectMetadata":
      throw otherForm(as, `a list (*core.${definition.kind}List)`);
    case "PartialObjectMetadataList":
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
 * Shows the objects of one watch. In a table, only the first event names the columns.
 * @returns a function that remembers whether it has shown an object before
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
      ? tableOf(
          [object],
          definition.columns,
          versionOf(object),
          included(representation.includeObject),
          withColumns,
        )
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
