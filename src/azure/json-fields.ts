/*
 * Reads fields of unvalidated JSON.
 */

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value, if it is an object; an empty object for anything else. */
export function record(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

/** The object in a JSON body; an empty one if there is none, as in a gateway's HTML page. */
export function parsedRecord(body: string | null | undefined): JsonObject {
  try {
    return record(JSON.parse(body ?? ""));
  } catch {
    return {};
  }
}

/** The value, if it is a string that is not empty; undefined for anything else. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The items of a list; none for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The strings in a list; none for anything else. */
export function texts(value: unknown): readonly string[] {
  return list(value).filter((item) => typeof item === "string");
}
