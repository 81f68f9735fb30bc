import jsonPatch, { type Operation } from "fast-json-patch";
import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { duplicateFields } from "./duplicate-fields.ts";
import { invalidValue } from "./field-error.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import {
  decodeObject,
  duplicate,
  mediaType,
  unknownField,
  type BodyKind,
  type SentObject,
} from "./request-body.ts";
import type { StructSchema } from "./schema.ts";
import { badRequest, invalid, StatusError, unsupportedMediaType } from "./status.ts";
import { strategicMerge } from "./strategic-merge.ts";
import type { FieldCheck } from "./write-options.ts";

/** Server-side apply, which is not a change to an object but a claim on its fields. */
export const applyPatchType = "application/apply-patch+yaml";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicPatchType = "application/strategic-merge-patch+json";

/** The patch types that the API server accepts, in the order in which its refusal lists them. */
const patchTypes = [jsonPatchType, mergePatchType, applyPatchType, strategicPatchType];

/** Which of the patch types a request uses. @throws StatusError 415 */
export function patchType(request: SandboxRequest): string {
  const type = mediaType(request);
  if (!patchTypes.includes(type)) {
    throw unsupportedMediaType(patchTypes);
  }
  return type;
}

/** An object after a patch, not yet checked in any way. */
export interface Patched extends SentObject {
  /** What the API server quotes when it cannot decode the object. */
  readonly quoted: string;
}

/**
 * The object after a JSON, merge or strategic merge patch.
 * @throws StatusError 400 for a body that is not a patch, 422 for a patch that does not fit the object
 */
export function patched(request: SandboxRequest, schema: StructSchema, original: JsonObject): Patched {
  const { patch, fieldsTwice } = readPatch(request);
  const duplicates = fieldsTwice.map(duplicate);
  switch (patchType(request)) {
    case jsonPatchType: {
      const object = jsonPatched(original, patch);
      const problems = [...duplicates, ...unknownMembers(patch)].map((problem) => `json patch ${problem}`);
      return { object, duplicates: problems, quoted: quotedObject(object) };
    }
    case mergePatchType: {
      const object = mergePatched(original, requireObject(patch)) as JsonObject;
      return { object, duplicates, quoted: quotedObject(object) };
    }
    default: {
      const merged = strategicMerge(schema, original, requireObject(patch));
      // The patch is to an object of this kind, whatever kind it names.
      const object = { ...merged, kind: original["kind"], apiVersion: original["apiVersion"] };
      return { object, duplicates, quoted: asGo(patch) };
    }
  }
}

/**
 * Fits a patched object to its kind.
 * @throws StatusError 422 that quotes the object or the patch, including its data, as the API server does
 */
export function decodePatched(patch: Patched, body: BodyKind, check: FieldCheck): KubernetesObject {
  const undecodable = (why: string): StatusError =>
    invalid({ group: "", kind: "" }, "", [invalidValue("patch", patch.quoted, why)]);
  return decodeObject(patch, body, check, undecodable);
}

function readPatch(request: SandboxRequest): { patch: unknown; fieldsTwice: string[] } {
  const text = request.body.toString("utf8");
  try {
    return { patch: JSON.parse(text) as unknown, fieldsTwice: duplicateFields(text) };
  } catch {
    throw badRequest("error decoding patch: invalid JSON");
  }
}

const operationMembers = ["op", "path", "from", "value"];

function unknownMembers(patch: unknown): string[] {
  const operations: unknown[] = Array.isArray(patch) ? patch : [];
  return operations.flatMap((operation, index) =>
    Object.keys(isJsonObject(operation) ? operation : {})
      .filter((member) => !operationMembers.includes(member))
      .map((member) => unknownField(`[${index}].${member}`)),
  );
}

function quotedObject(object: JsonObject): string {
  return JSON.stringify(inOrderOfKeys(object));
}

function inOrderOfKeys(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Prints a value as Go prints what it has decoded from JSON: `map[data:map[a:eA==]]`. */
function asGo(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(asGo).join(" ")}]`;
  }
  if (isJsonObject(value)) {
    const fields = Object.keys(value).toSorted();
    return `map[${fields.map((field) => `${field}:${asGo(value[field])}`).join(" ")}]`;
  }
  if (value === null) {
    return "<nil>";
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

function requireObject(patch: unknown): JsonObject {
  if (!isJsonObject(patch)) {
    throw badRequest("json: cannot unmarshal array into Go value of type map[string]interface {}");
  }
  return patch;
}

/** RFC 7396. */
function mergePatched(original: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) {
    return patch;
  }
  const merged: JsonObject = isJsonObject(original) ? { ...original } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[field];
    } else {
      merged[field] = mergePatched(merged[field], value);
    }
  }
  return inOrderOfKeys(merged);
}

function jsonPatched(original: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    );
  }
  try {
    return jsonPatch.applyPatch(original, patch as Operation[], true, false).newDocument;
  } catch {
    // The API server does not give the reason here.
    const message = "the server rejected our request due to an error in our request";
    throw new StatusError(422, "Invalid", message, {});
  }
}
