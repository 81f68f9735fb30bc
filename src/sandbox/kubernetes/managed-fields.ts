import type { KubernetesObject } from "../world.ts";
import { compareFields, FieldSet, type FieldPath } from "./field-set.ts";
import { textAt, type JsonObject } from "./json.ts";
import type { StructSchema } from "./schema.ts";

/*
 * Who wrote which field: `metadata.managedFields`.
 * Source: https://github.com/kubernetes/apimachinery/tree/master/pkg/util/managedfields
 */

/** One manager, its way of writing, and the fields that it owns. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time: string;
  readonly subresource: string;
  readonly fields: FieldSet;
}

/** Who writes, and how. A writer has one entry. */
export interface Writer {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
}

/** Fields that nobody owns, because only the API server sets them or because they name the object. */
const unowned = new Set([
  "f:apiVersion",
  "f:kind",
  "f:status",
  "f:spec\0f:finalizers",
  ...[
    "name",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
  ].map((field) => `f:metadata\0f:${field}`),
]);

/** Removes from a set the fields that nobody can own. */
export function ownable(fields: FieldSet): FieldSet {
  return FieldSet.of(fields.paths().filter((path) => !isUnowned(path)));
}

function isUnowned(path: FieldPath): boolean {
  const isMetadataItself = path.length === 1 && path[0] === "f:metadata";
  return (
    path.length === 0 ||
    isMetadataItself ||
    unowned.has(path.slice(0, 2).join("\0")) ||
    unowned.has(path[0] ?? "")
  );
}

/** Reads the managers of an object, without entries of an unknown operation. */
export function readManagers(object: KubernetesObject): FieldManager[] {
  const entries = object.metadata.managedFields ?? [];
  return entries
    .filter((entry) => entry["operation"] === "Apply" || entry["operation"] === "Update")
    .map((entry) => ({
      manager: textAt(entry, "manager"),
      operation: entry["operation"] as "Apply" | "Update",
      apiVersion: textAt(entry, "apiVersion"),
      time: textAt(entry, "time"),
      subresource: textAt(entry, "subresource"),
      fields: FieldSet.fromFieldsV1(entry["fieldsV1"]),
    }));
}

/** The object with these managers, except those that own no field. */
export function withManagers(object: KubernetesObject, managers: readonly FieldManager[]): KubernetesObject {
  const { managedFields: _previous, ...metadata } = object.metadata;
  const entries = managers.filter(({ fields }) => !fields.isEmpty).map(entryOf);
  return { ...object, metadata: { ...metadata, ...(entries.length > 0 && { managedFields: entries }) } };
}

function entryOf(manager: FieldManager): JsonObject {
  return {
    ...(manager.manager && { manager: manager.manager }),
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    time: manager.time,
    fieldsType: "FieldsV1",
    fieldsV1: manager.fields.toFieldsV1(),
    ...(manager.subresource && { subresource: manager.subresource }),
  };
}

/** Whether an entry belongs to the writer. */
export function isWriter(entry: FieldManager, writer: Writer): boolean {
  return entry.manager === writer.manager && entry.operation === writer.operation && entry.subresource === "";
}

/** The managers after one writer's fields were replaced. The writer's time changes only if its fields do. */
export function withFieldsOf(
  managers: readonly FieldManager[],
  writer: Writer,
  apiVersion: string,
  fields: FieldSet,
  now: string,
): FieldManager[] {
  const others = managers.filter((entry) => !isWriter(entry, writer));
  const own = managers.find((entry) => isWriter(entry, writer));
  const unchanged =
    own !== undefined && own.fields.difference(fields).isEmpty && fields.difference(own.fields).isEmpty;
  return [...others, { ...writer, apiVersion, subresource: "", fields, time: unchanged ? own.time : now }];
}

/** Records the owner of a new object: its writer owns every field. */
export function trackCreate(
  schema: StructSchema,
  object: KubernetesObject,
  manager: string,
  now: string,
): KubernetesObject {
  const fields = ownable(compareFields(schema, {}, object).added);
  const writer: Writer = { manager, operation: "Update" };
  return withManagers(object, withFieldsOf([], writer, object.apiVersion, fields, now));
}

/**
 * Records the owners of a changed object: its writer owns what changed, and nobody else does any longer. As with the
 * API server, owners stay unknown if none is known, and a writer may send who owns what.
 */
export function trackUpdate(
  schema: StructSchema,
  previous: KubernetesObject,
  object: KubernetesObject,
  manager: string,
  now: string,
): KubernetesObject {
  const managers = managersToKeep(previous, object);
  if (managers.length === 0) {
    return withManagers(object, []);
  }
  const changes = compareFields(schema, previous, object);
  const changed = ownable(changes.modified.union(changes.added));
  const removed = ownable(changes.removed);
  const writer: Writer = { manager, operation: "Update" };
  const kept = managers.map((entry) =>
    isWriter(entry, writer)
      ? entry
      : { ...entry, fields: entry.fields.difference(changed).difference(removed) },
  );
  const own = kept.find((entry) => isWriter(entry, writer))?.fields ?? new FieldSet();
  const fields = own.difference(removed).union(changed);
  return withManagers(object, withinLimit(withFieldsOf(kept, writer, object.apiVersion, fields, now)));
}

/*
 * How many managers that update an object have entries of their own. If there are more, the API server merges those of
 * the oldest into one entry per API version, with the name below.
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/util/managedfields/internal/capmanagers.go
 */
const mostUpdaters = 10;
const forgotten = "ancient-changes";

function withinLimit(managers: readonly FieldManager[]): FieldManager[] {
  let kept = managers.filter(({ fields }) => !fields.isEmpty);
  const updaters = kept.filter(({ operation }) => operation === "Update").toSorted(olderFirst);
  let surplus = updaters.length - mostUpdaters;
  const oldest = new Map<string, FieldManager>();
  for (const entry of updaters) {
    if (surplus <= 0) break;
    const { apiVersion } = entry;
    const first = oldest.get(apiVersion);
    if (!first) {
      oldest.set(apiVersion, entry);
      continue;
    }
    const bucket = kept.find((one) => one.manager === forgotten && one.apiVersion === apiVersion) ?? first;
    if (bucket === entry) continue;
    const fields = bucket.fields.union(entry.fields);
    const merged = { ...bucket, manager: forgotten, subresource: "", fields, time: entry.time };
    kept = [...kept.filter((one) => one !== bucket && one !== entry), merged];
    surplus -= 1;
  }
  return kept;
}

/** Compares by the second of the last write, then by name. */
function olderFirst(one: FieldManager, other: FieldManager): number {
  if (one.time !== other.time) return one.time < other.time ? -1 : 1;
  return one.manager < other.manager ? -1 : 1;
}

function managersToKeep(previous: KubernetesObject, object: KubernetesObject): FieldManager[] {
  const sent = object.metadata.managedFields;
  const [first] = sent ?? [];
  const isReset = sent?.length === 0 || (sent?.length === 1 && first && Object.keys(first).length === 0);
  if (isReset) {
    return [];
  }
  const isReadable = sent?.every((entry) => entry["fieldsType"] === "FieldsV1");
  const asSent = isReadable ? readManagers(object) : [];
  return asSent.length > 0 ? asSent : readManagers(previous);
}
