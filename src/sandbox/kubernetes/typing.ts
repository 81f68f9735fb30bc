import { isJsonObject, type JsonObject } from "./json.ts";
import type { ListSchema, ScalarSchema, Schema, StructSchema } from "./schema.ts";

/** An object fitted to its schema, and the fields that did not belong there. */
export interface TypingOutcome {
  readonly object: JsonObject;
  /** Paths of fields that the kind does not have, as strict decoding names them. */
  readonly unknownFields: readonly string[];
}

/** A value of the wrong type. The message has the words of Go's JSON decoder. */
export class TypingError extends Error {
  override readonly name = "TypingError";
}

/** What happens to empty values. */
export type EmptyValues = "drop" | "keep";

/**
 * Fits an object to its kind, as if it were decoded into the API's types and encoded again: unknown fields are dropped,
 * empty optional values are left out, fields are in the order of the type, and map keys are sorted.
 *
 * @throws TypingError if a value has the wrong type
 */
export function fitToSchema(
  schema: StructSchema,
  object: JsonObject,
  kind: string,
  empty: EmptyValues = "drop",
): TypingOutcome {
  const unknownFields: string[] = [];
  const fitted = fitStruct(schema, object, { kind, path: "", unknownFields, empty });
  return { object: fitted, unknownFields };
}

interface Place {
  readonly kind: string;
  readonly path: string;
  readonly unknownFields: string[];
  readonly empty: EmptyValues;
}

function at(place: Place, step: string): Place {
  return { ...place, path: place.path ? `${place.path}.${step}` : step };
}

function fit(schema: Schema, value: unknown, place: Place): unknown {
  switch (schema.type) {
    case "any":
      return value ?? undefined;
    case "struct":
      return fitOptionalStruct(schema, value, place);
    case "map":
      return fitMap(schema.values, value, place);
    case "list":
      return fitList(schema, value, place);
    case "string":
    case "integer":
    case "boolean":
    case "bytes":
    case "time":
      return fitScalar(schema, value, place);
    default:
      return schema satisfies never;
  }
}

function fitOptionalStruct(schema: StructSchema, value: unknown, place: Place): unknown {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (!isJsonObject(value)) {
    throw wrongType(value, place, "object");
  }
  return fitStruct(schema, value, place);
}

function fitStruct(schema: StructSchema, object: JsonObject, place: Place): JsonObject {
  const fitted: JsonObject = {};
  for (const [field, fieldSchema] of Object.entries(schema.fields)) {
    const value = fit(fieldSchema, object[field], at(place, field));
    if (value !== undefined) {
      fitted[field] = value;
    }
  }
  for (const [field, value] of Object.entries(object)) {
    if (!Object.hasOwn(schema.fields, field)) {
      if (schema.open) {
        fitted[field] = value;
      } else {
        place.unknownFields.push(at(place, field).path);
      }
    }
  }
  return fitted;
}

function fitMap(values: Schema, value: unknown, place: Place): JsonObject | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (!isJsonObject(value)) {
    throw wrongType(value, place, `map[string]${goType(values)}`);
  }
  const keys = Object.keys(value).toSorted();
  const entries = keys.map((key) => [key, fit(values, value[key], place) ?? ""] as const);
  return keys.length > 0 || place.empty === "keep" ? Object.fromEntries(entries) : undefined;
}

function fitList(schema: ListSchema, value: unknown, place: Place): unknown[] | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (!Array.isArray(value)) {
    throw wrongType(value, place, `[]${goType(schema.items)}`);
  }
  const nothing = schema.items.type === "string" ? "" : {};
  const items = value.map((item, index) => fit(schema.items, item, inItem(place, index)) ?? nothing);
  return items.length > 0 || schema.pointer || place.empty === "keep" ? items : undefined;
}

function inItem(place: Place, index: number): Place {
  return { ...place, path: `${place.path}[${index}]` };
}

const jsonTypeOf: Readonly<Record<ScalarSchema["type"], string>> = {
  string: "string",
  bytes: "string",
  time: "string",
  integer: "number",
  boolean: "boolean",
};

function fitScalar(schema: ScalarSchema, value: unknown, place: Place): unknown {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== jsonTypeOf[schema.type]) {
    throw wrongType(value, place, goType(schema));
  }
  if (schema.type === "integer" && !Number.isInteger(value)) {
    throw wrongType(value, place, goType(schema));
  }
  if (schema.type === "bytes" && typeof value === "string") {
    return checkedBase64(value);
  }
  if (schema.type === "time" && typeof value === "string") {
    return checkedTime(value);
  }
  const empty = value === "" || value === 0 || value === false;
  // An empty string is not a value for a field, but it is one for a map: the map puts it back.
  return empty && !schema.pointer && place.empty === "drop" ? undefined : value;
}

/** @throws TypingError with the position of the first character that is not base64 */
function checkedBase64(text: string): string {
  const compact = text.replaceAll(/[\r\n]/g, "");
  const wrong = /[^A-Za-z0-9+/=]/.exec(compact);
  if (wrong) {
    throw new TypingError(`illegal base64 data at input byte ${wrong.index}`);
  }
  if (compact.length % 4 !== 0 || !/^[^=]*={0,2}$/.test(compact)) {
    throw new TypingError(`illegal base64 data at input byte ${compact.length - (compact.length % 4)}`);
  }
  // Bits beyond the last byte are dropped.
  return Buffer.from(compact, "base64").toString("base64");
}

/** @throws TypingError if the text is not a time of RFC 3339 */
function checkedTime(text: string): string {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  if (!isTime || Number.isNaN(Date.parse(text.replace(",", ".")))) {
    const quoted = JSON.stringify(text);
    throw new TypingError(
      `parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`,
    );
  }
  return text;
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case "integer":
      return "int32";
    case "boolean":
      return "bool";
    case "bytes":
      return "[]uint8";
    case "time":
      return "time.Time";
    case "map":
      return `map[string]${goType(schema.values)}`;
    case "list":
      return `[]${goType(schema.items)}`;
    case "string":
      return "string";
    case "struct":
    case "any":
      return "object";
    default:
      return schema satisfies never;
  }
}

function wrongType(value: unknown, place: Place, wanted: string): TypingError {
  const fraction = typeof value === "number" && !Number.isInteger(value) ? `number ${value}` : undefined;
  const is = Array.isArray(value)
    ? "array"
    : typeof value === "boolean"
      ? "bool"
      : (fraction ?? typeof value);
  return new TypingError(
    `json: cannot unmarshal ${is} into Go struct field ${place.kind}.${place.path} of type ${wanted}`,
  );
}
