import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../world.ts";
import {
  compareFields,
  fieldsOf,
  FieldSet,
  hasOwnedFields,
  isGranular,
  itemStep,
  pathText,
  schemaOfField,
  type FieldPath,
} from "./field-set.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import {
  isWriter,
  ownable,
  readManagers,
  withFieldsOf,
  withManagers,
  type FieldManager,
  type Writer,
} from "./managed-fields.ts";
import type { ListSchema, Schema, StructSchema } from "./schema.ts";
import { StatusError, type StatusCause } from "./status.ts";

/*
 * Server-side apply: merges an applied configuration into the live object by the ownership of fields.
 * Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */

/** Who applies, and how. */
export interface ApplyOptions {
  readonly manager: string;
  readonly force: boolean;
  readonly now: string;
}

/** The owner of the fields of an object that was written before ownership was recorded. */
const beforeFirstApply = "before-first-apply";

/**
 * The live object with the configuration applied and the ownership updated.
 * @param live undefined if the apply creates the object
 * @throws StatusError 409 that names the fields that other managers own, unless forced
 */
export function applyConfiguration(
  schema: StructSchema,
  live: KubernetesObject | undefined,
  configuration: KubernetesObject,
  options: ApplyOptions,
): KubernetesObject {
  const writer: Writer = { manager: options.manager, operation: "Apply" };
  const managers = live ? liveManagers(schema, live, options.now) : [];
  const claimed = ownable(fieldsOf(schema, configuration));
  const before = managers.find((entry) => isWriter(entry, writer))?.fields ?? new FieldSet();
  const others = managers.filter((entry) => !isWriter(entry, writer));

  const merged = merge(schema, live ?? {}, configuration) as KubernetesObject;
  const changes = compareFields(schema, live ?? {}, merged);
  const changed = ownable(changes.added.union(changes.modified));
  const conflicting = others.filter((entry) => !entry.fields.intersection(changed).isEmpty);
  if (conflicting.length > 0 && !options.force) {
    throw applyConflict(conflicting, changed);
  }
  const left = others.map((entry) => ({ ...entry, fields: entry.fields.difference(changed) }));
  const elsewhere = left.reduce((all, entry) => all.union(entry.fields), claimed);
  const abandoned = before.difference(elsewhere).paths();
  const pruned = abandoned.reduce<JsonObject>(
    (object, path) => prune(schema, object, path, elsewhere),
    merged,
  );
  const object = pruned as KubernetesObject;
  return withManagers(
    object,
    withFieldsOf(
      [...left, ...managers.filter((entry) => isWriter(entry, writer))],
      writer,
      object.apiVersion,
      claimed,
      options.now,
    ),
  );
}

function liveManagers(schema: StructSchema, live: KubernetesObject, now: string): FieldManager[] {
  const managers = readManagers(live);
  if (managers.length > 0) {
    return managers;
  }
  const fields = ownable(compareFields(schema, {}, live).added);
  return withFieldsOf([], { manager: beforeFirstApply, operation: "Update" }, live.apiVersion, fields, now);
}

function merge(schema: Schema, live: unknown, applied: unknown): unknown {
  if (hasOwnedFields(schema) && isJsonObject(live) && isJsonObject(applied)) {
    const merged: JsonObject = { ...live };
    for (const [field, value] of Object.entries(applied)) {
      merged[field] = merge(schemaOfField(schema, field), live[field], value);
    }
    return merged;
  }
  if (schema.type === "list" && isGranular(schema) && Array.isArray(live) && Array.isArray(applied)) {
    return mergeItems(schema, live, applied);
  }
  return applied;
}

function mergeItems(schema: ListSchema, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const appliedByStep = new Map(applied.map((item) => [itemStep(schema, item), item]));
  const merged = live.map((item) => {
    const step = itemStep(schema, item);
    const match = appliedByStep.get(step);
    appliedByStep.delete(step);
    return match === undefined ? item : merge(schema.items, item, match);
  });
  return [...merged, ...appliedByStep.values()];
}

/** Removes an abandoned field, unless somebody owns something below it. */
function prune(schema: Schema, value: JsonObject, path: FieldPath, owned: FieldSet): JsonObject {
  return owned.holdsWithin(path) ? value : (without(schema, value, path) as JsonObject);
}

function without(schema: Schema, value: unknown, path: FieldPath): unknown {
  const [step = "", ...rest] = path;
  if (isJsonObject(value) && step.startsWith("f:")) {
    const field = step.slice(2);
    const { [field]: child, ...others } = value;
    if (child === undefined || rest.length === 0) {
      return others;
    }
    return { ...value, [field]: without(schemaOfField(schema, field), child, rest) };
  }
  if (Array.isArray(value) && schema.type === "list") {
    return value.flatMap((item) => {
      if (itemStep(schema, item) !== step) {
        return [item];
      }
      return rest.length === 0 ? [] : [without(schema.items, item, rest)];
    });
  }
  return value;
}

function applyConflict(managers: readonly FieldManager[], changed: FieldSet): StatusError {
  const byManager = managers
    .map((entry) => ({
      owner: ownerText(entry),
      fields: entry.fields.intersection(changed).paths().map(pathText),
    }))
    .toSorted((one, other) => (one.owner < other.owner ? -1 : 1));
  const causes: StatusCause[] = byManager.flatMap(({ owner, fields }) =>
    fields.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${owner}`, field })),
  );
  const list = byManager.flatMap(({ owner, fields }) => [
    `conflicts with ${owner}:`,
    ...fields.map((field) => `- ${field}`),
  ]);
  const [first] = causes;
  const what =
    causes.length === 1 && first
      ? `1 conflict: ${first.message}: ${first.field}`
      : `${causes.length} conflicts: ${list.join("\n")}`;
  return new StatusError(409, "Conflict", `Apply failed with ${what}`, { causes });
}

function ownerText({ manager, operation, apiVersion, subresource }: FieldManager): string {
  const name = JSON.stringify(manager) + (subresource && ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

/** Whether two objects are equal except for the times of their managers. */
export function isUnchanged(one: KubernetesObject, other: KubernetesObject): boolean {
  return isDeepStrictEqual(withoutTimes(one), withoutTimes(other));
}

function withoutTimes(object: KubernetesObject): unknown {
  const { managedFields, ...metadata } = object.metadata;
  const entries = (managedFields ?? []).map(({ time: _time, ...entry }) => JSON.stringify(entry));
  return JSON.parse(JSON.stringify({ ...object, metadata: { ...metadata, managers: entries.toSorted() } }));
}
