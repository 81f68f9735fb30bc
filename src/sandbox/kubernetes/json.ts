/** A JSON object whose fields are not yet known. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is a JSON object, neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Go does not read JSON with deeper nesting: https://github.com/golang/go/blob/master/src/encoding/json/scanner.go */
const deepest = 10_000;

/** The bracket that opens the first level of a JSON value that is too deep for Go; undefined if there is none. */
export function tooDeepBracket(value: unknown): "[" | "{" | undefined {
  let level = [value];
  for (let depth = 0; depth < deepest && level.length > 0; depth += 1) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  const deeper = level.find((one) => typeof one === "object" && one !== null);
  return deeper === undefined ? undefined : Array.isArray(deeper) ? "[" : "{";
}

/** The object at a field, or an empty one if there is none. */
export function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

/** The text at a field, or an empty one if there is none. */
export function textAt(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

/** The objects of the list at a field. */
export function objectsAt(object: JsonObject, field: string): JsonObject[] {
  const value = object[field];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
