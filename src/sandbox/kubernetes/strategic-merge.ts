import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { ListSchema, Schema } from "./schema.ts";
import { notImplemented, unconverted } from "./status.ts";

/*
 * Strategic merge patch: a merge patch whose lists merge by key if the kind says so.
 * Source:
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */

const anySchema: Schema = { type: "any" };

/**
 * Applies a strategic merge patch to part of an object.
 * @throws StatusError 500 for a directive that is not understood and for a list item without its merge key
 */
export function strategicMerge(schema: Schema, original: JsonObject, patch: JsonObject): JsonObject {
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "replace") {
    return fields;
  }
  if (directive === "delete") {
    return {};
  }
  if (directive !== undefined && directive !== "merge") {
    throw unconverted(`unknown patch type: ${JSON.stringify(directive).replaceAll('"', "")}`);
  }
  const merged: JsonObject = Array.isArray(retained)
    ? Object.fromEntries(Object.entries(original).filter(([field]) => retained.includes(field)))
    : { ...original };
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith("$")) {
      const result = mergeField(fieldSchema(schema, field), merged[field], value);
      if (result === undefined) {
        delete merged[field];
      } else {
        merged[field] = result;
      }
    }
  }
  applyListDirectives(schema, merged, fields);
  return merged;
}

function fieldSchema(schema: Schema, field: string): Schema {
  if (schema.type === "struct") {
    return schema.fields[field] ?? anySchema;
  }
  return schema.type === "map" ? schema.values : anySchema;
}

function mergeField(schema: Schema, original: unknown, patch: unknown): unknown {
  if (patch === null) {
    return undefined;
  }
  if (isJsonObject(patch)) {
    return strategicMerge(schema, isJsonObject(original) ? original : {}, patch);
  }
  if (schema.type === "list" && Array.isArray(patch)) {
    return mergeList(schema, Array.isArray(original) ? original : [], patch);
  }
  return patch;
}

function mergeList(schema: ListSchema, original: readonly unknown[], patch: readonly unknown[]): unknown[] {
  if (schema.set) {
    return inPatchOrder(
      [...original, ...patch.filter((value) => !original.includes(value))],
      original,
      patch,
    );
  }
  const key = schema.patchKey;
  if (key === undefined) {
    return [...patch];
  }
  const items = patch.filter(isJsonObject);
  const replace = items.some((item) => item["$patch"] === "replace" && !Object.hasOwn(item, key));
  let merged = replace ? [] : [...original];
  for (const item of items.filter((one) => Object.hasOwn(one, key) || one["$patch"] !== "replace")) {
    if (!Object.hasOwn(item, key)) {
      throw unconverted(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    const index = merged.findIndex((one) => isJsonObject(one) && isDeepStrictEqual(one[key], item[key]));
    if (item["$patch"] === "delete") {
      merged = merged.filter((_, position) => position !== index);
    } else if (index < 0) {
      merged.push(strategicMerge(schema.items, {}, item));
    } else {
      merged[index] = strategicMerge(schema.items, merged[index] as JsonObject, item);
    }
  }
  const keyOf = (item: unknown): unknown => (isJsonObject(item) ? item[key] : item);
  return inPatchOrder(merged, original, items, keyOf);
}

/**
 * Items that the patch names come in its order, the others in their old order. If both a new item and one of the others
 * could come first, the new item does.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/strategicpatch/patch.go
 * (normalizeElementOrder)
 */
function inPatchOrder(
  merged: readonly unknown[],
  original: readonly unknown[],
  patch: readonly unknown[],
  keyOf: (item: unknown) => unknown = (item) => item,
): unknown[] {
  const place = (items: readonly unknown[], item: unknown): number =>
    items.findIndex((one) => isDeepStrictEqual(keyOf(one), keyOf(item)));
  const named = merged
    .filter((item) => place(patch, item) >= 0)
    .toSorted((one, other) => place(patch, one) - place(patch, other));
  const others = merged.filter((item) => place(patch, item) < 0);
  const ordered: unknown[] = [];
  for (const item of named) {
    const before = place(original, item);
    const earlier = others.filter((other) => place(original, other) < before);
    ordered.push(...others.splice(0, earlier.length), item);
  }
  return [...ordered, ...others];
}

/** Applies `$deleteFromPrimitiveList/f` and `$setElementOrder/f`, which stand next to the field `f` in a patch. */
function applyListDirectives(schema: Schema, merged: JsonObject, patch: JsonObject): void {
  for (const [name, value] of Object.entries(patch)) {
    const [directive, field = ""] = name.split("/", 2);
    const list = merged[field];
    if (name.startsWith("$") && Array.isArray(value)) {
      refuseUnordered(directive, fieldSchema(schema, field));
      if (directive === "$deleteFromPrimitiveList" && Array.isArray(list)) {
        merged[field] = list.filter((item) => !value.includes(item));
      } else if (directive === "$setElementOrder" && Array.isArray(list)) {
        merged[field] = inOrder(fieldSchema(schema, field), list, value);
      }
    }
  }
}

/** The API server drops the connection if it has to order a list whose items have no key. */
function refuseUnordered(directive: string | undefined, schema: Schema): void {
  if (directive === "$setElementOrder" && schema.type === "list" && !schema.set && !schema.patchKey) {
    throw notImplemented("$setElementOrder of a list whose items have no merge key");
  }
}

/** Items that the order names come in that order. The others come before them, in their old order. */
function inOrder(schema: Schema, list: readonly unknown[], order: readonly unknown[]): unknown[] {
  const key = schema.type === "list" ? schema.patchKey : undefined;
  const identity = (item: unknown): unknown => (key !== undefined && isJsonObject(item) ? item[key] : item);
  const wanted = order.map(identity);
  const rank = (item: unknown): number => wanted.findIndex((one) => isDeepStrictEqual(one, identity(item)));
  return list.toSorted((one, other) => rank(one) - rank(other));
}
