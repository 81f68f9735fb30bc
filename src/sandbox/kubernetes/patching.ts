import jsonPatch, { type Operation } from "fast-json-patch";
import type { SandboxRequest } from "../service.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { mediaType } from "./request-body.ts";
import type { StructSchema } from "./schema.ts";
import { badRequest, StatusError, unsupportedMediaType } from "./status.ts";
import { strategicMerge } from "./strategic-merge.ts";

/** Server-side apply, which is no change to an object but a claim on fields. */
export const applyPatchType = "application/apply-patch+yaml";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicPatchType = "application/strategic-merge-patch+json";

/** The patch types that the API server takes, as its refusal lists them. */
const patchTypes = [jsonPatchType, mergePatchType, applyPatchType, strategicPatchType];

/** Which of the patch types a request uses. @throws StatusError 415 */
export function patchType(request: SandboxRequest): string {
  const type = mediaType(request);
  if (!patchTypes.includes(type)) {
    throw unsupportedMediaType(patchTypes);
  }
  return type;
}

/**
 * The object after a JSON, merge or strategic merge patch, not yet checked in any way.
 * @throws StatusError 400 for a patch that is none, 422 for one that does not fit the object
 */
export function patched(request: SandboxRequest, schema: StructSchema, original: JsonObject): JsonObject {
  const patch = readPatch(request);
  switch (patchType(request)) {
    case jsonPatchType:
      return jsonPatched(original, patch);
    case mergePatchType:
      return mergePatched(original, requireObject(patch)) as JsonObject;
    default:
      return strategicMerge(schema, original, requireObject(patch));
  }
}

function readPatch(request: SandboxRequest): unknown {
  try {
    return JSON.parse(request.body.toString("utf8")) as unknown;
  } catch {
    throw badRequest("error decoding patch: invalid JSON");
  }
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
  return merged;
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
    // The API server keeps the reason to itself here.
    const message = "the server rejected our request due to an error in our request";
    throw new StatusError(422, "Invalid", message, {});
  }
}
