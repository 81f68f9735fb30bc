/*
 * Reads fields of JSON that nobody has validated.
 */

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An object; an empty one for anything else. */
export function record(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

/** The object in a body; an empty one if there is none, as in a gateway's HTML page. */
export function parsedRecord(body: string | null | undefined): JsonObject {
  try {
    return record(JSON.parse(body ?? ""));
  } catch {
    return {};
  }
}

/** A text that is not empty; undefined for anything else. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The items of a list; none for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The texts in a list. */
export function texts(value: unknown): readonly string[] {
  return list(value).filter((item) => typeof item === "string");
}
