import { isDeepStrictEqual } from "node:util";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { ListSchema, MapSchema, Schema, StructSchema } from "./schema.ts";

/*
 * Sets of fields, as managedFields holds them, and the two ways to find them: all fields of an applied configuration,
 * or what changed between two objects.
 * Source: https://github.com/kubernetes-sigs/structured-merge-diff (fieldpath, typed)
 */

/** Steps from the root, such as `f:metadata`, `f:labels`, `f:app`, `k:{"name":"x"}`, `v:"x"`. */
export type FieldPath = readonly string[];

const separator = "\0";

/** Fields by their joined path. */
export class FieldSet {
  readonly #paths: ReadonlySet<string>;

  constructor(paths: Iterable<string> = []) {
    this.#paths = new Set(paths);
  }

  static of(paths: Iterable<FieldPath>): FieldSet {
    return new FieldSet([...paths].map((path) => path.join(separator)));
  }

  /** Reads the `fieldsV1` of a managedFields entry. */
  static fromFieldsV1(fields: unknown): FieldSet {
    const paths: FieldPath[] = [];
    const walk = (node: JsonObject, path: FieldPath): void => {
      for (const [step, child] of Object.entries(node)) {
        if (step === ".") {
          paths.push(path);
        } else if (isJsonObject(child) && Object.keys(child).length > 0) {
          walk(child, [...path, step]);
        } else {
          paths.push([...path, step]);
        }
      }
    };
    walk(isJsonObject(fields) ? fields : {}, []);
    return FieldSet.of(paths);
  }

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  paths(): FieldPath[] {
    return [...this.#paths].toSorted().map((path) => path.split(separator));
  }

  /** Whether the set holds the field or one below it. */
  holdsWithin(path: FieldPath): boolean {
    const joined = path.join(separator);
    return [...this.#paths].some((one) => one === joined || one.startsWith(joined + separator));
  }

  union(other: FieldSet): FieldSet {
    return new FieldSet([...this.#paths, ...other.#paths]);
  }

  intersection(other: FieldSet): FieldSet {
    return new FieldSet([...this.#paths].filter((path) => other.#paths.has(path)));
  }

  difference(other: FieldSet): FieldSet {
    return new FieldSet([...this.#paths].filter((path) => !other.#paths.has(path)));
  }

  toFieldsV1(): JsonObject {
    const root: JsonObject = {};
    for (const path of this.paths()) {
      let node = root;
      for (const step of path) {
        node[step] ??= {};
        node = node[step] as JsonObject;
      }
    }
    this.#markOwnedParents(root);
    return root;
  }

  /** Adds a dot to each field that is itself in the set and has fields below it. */
  #markOwnedParents(root: JsonObject): void {
    for (const path of this.paths()) {
      const node = path.reduce<JsonObject>((at, step) => at[step] as JsonObject, root);
      if (Object.keys(node).length > 0) {
        const children = { ...node };
        for (const step of Object.keys(children)) {
          delete node[step];
        }
        Object.assign(node, { ".": {} }, children);
      }
    }
  }
}

/** As the API server names a field in its messages: `.data.x`, `.spec.containers[name="a"].image`. */
export function pathText(path: FieldPath): string {
  return path
    .map((step) => {
      const rest = step.slice(2);
      if (step.startsWith("f:")) {
        return `.${rest}`;
      }
      if (step.startsWith("v:")) {
        return `[=${rest}]`;
      }
      const keys = Object.entries(JSON.parse(rest) as JsonObject);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}

/** The step to one item of a list that has keys or is a set. */
export function itemStep(schema: ListSchema, item: unknown): string {
  if (schema.set || !isJsonObject(item)) {
    return `v:${JSON.stringify(item)}`;
  }
  const keys = (schema.keys ?? []).map((key) => [key, item[key]]);
  return `k:${JSON.stringify(Object.fromEntries(keys))}`;
}

/** The errors for items that occur twice in a list whose items are owned one by one. */
export function duplicateItems(schema: Schema, value: unknown, path: FieldPath = []): string[] {
  if (hasOwnedFields(schema) && isJsonObject(value)) {
    return Object.entries(value).flatMap(([field, child]) =>
      duplicateItems(schemaOfField(schema, field), child, [...path, `f:${field}`]),
    );
  }
  if (schema.type !== "list" || !isGranular(schema) || !Array.isArray(value)) {
    return [];
  }
  const steps = value.map((item) => itemStep(schema, item));
  const twice = new Set(steps.filter((step, index) => steps.indexOf(step) < index));
  return [...twice].map((step) => `${pathText(path)}: duplicate entries for key ${pathText([step])}`);
}

/** Whether the items of a list are owned one by one. */
export function isGranular(schema: ListSchema): boolean {
  return schema.keys !== undefined || schema.set === true;
}

/** The schema of a field of an object. */
export function schemaOfField(schema: Schema, field: string): Schema {
  if (schema.type === "struct") {
    return schema.fields[field] ?? { type: "any" };
  }
  return schema.type === "map" ? schema.values : { type: "any" };
}

/** The fields that an applied configuration claims. */
export function fieldsOf(schema: Schema, value: unknown): FieldSet {
  const paths: FieldPath[] = [];
  collect(schema, value, [], paths);
  return FieldSet.of(paths);
}

/** Whether the fields of an object are owned one by one. */
export function hasOwnedFields(schema: Schema): schema is StructSchema | MapSchema {
  return schema.type === "map" || (schema.type === "struct" && !schema.atomic);
}

function collect(schema: Schema, value: unknown, path: FieldPath, paths: FieldPath[]): void {
  if (hasOwnedFields(schema) && isJsonObject(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0 && path.length > 0) {
      paths.push(path);
    }
    for (const [field, child] of entries) {
      collect(schemaOfField(schema, field), child, [...path, `f:${field}`], paths);
    }
  } else if (schema.type === "list" && isGranular(schema) && Array.isArray(value)) {
    for (const item of value) {
      const itemPath = [...path, itemStep(schema, item)];
      paths.push(itemPath);
      collect(schema.items, item, itemPath, paths);
    }
  } else {
    paths.push(path);
  }
}

/** What changed between two objects, by field. */
export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two objects of a kind field by field. */
export function compareFields(schema: Schema, before: unknown, after: unknown): FieldChanges {
  const found = { added: [] as FieldPath[], modified: [] as FieldPath[], removed: [] as FieldPath[] };
  compare(schema, before, after, [], found);
  return {
    added: FieldSet.of(found.added),
    modified: FieldSet.of(found.modified),
    removed: FieldSet.of(found.removed),
  };
}

interface Found {
  readonly added: FieldPath[];
  readonly modified: FieldPath[];
  readonly removed: FieldPath[];
}

function compare(schema: Schema, before: unknown, after: unknown, path: FieldPath, found: Found): void {
  if (hasOwnedFields(schema)) {
    compareFieldsOf(schema, before, after, path, found);
  } else if (schema.type === "list" && isGranular(schema)) {
    compareItems(schema, before, after, path, found);
  } else {
    compareWhole(before, after, path, found);
  }
}

function compareWhole(before: unknown, after: unknown, path: FieldPath, found: Found): void {
  if (before === undefined && after !== undefined) {
    found.added.push(path);
  } else if (before !== undefined && after === undefined) {
    found.removed.push(path);
  } else if (!isDeepStrictEqual(before, after)) {
    found.modified.push(path);
  }
}

function compareFieldsOf(
  schema: Schema,
  before: unknown,
  after: unknown,
  path: FieldPath,
  found: Found,
): void {
  const was = isJsonObject(before) ? before : {};
  const is = isJsonObject(after) ? after : {};
  const fields = new Set([...Object.keys(was), ...Object.keys(is)]);
  // Usually a struct is a field of its own only if it is empty. Otherwise its fields are.
  if (path.length > 0 && (isFieldItself(schema) || fields.size === 0)) {
    compareWhole(before && {}, after && {}, path, found);
  }
  for (const field of fields) {
    compare(schemaOfField(schema, field), was[field], is[field], [...path, `f:${field}`], found);
  }
}

/** Whether an object is a field of its own, whatever is in it. */
function isFieldItself(schema: Schema): boolean {
  return schema.type === "map" || (schema.type === "struct" && schema.optional === true);
}

function compareItems(
  schema: ListSchema,
  before: unknown,
  after: unknown,
  path: FieldPath,
  found: Found,
): void {
  const byStep = (list: unknown): Map<string, unknown> =>
    new Map((Array.isArray(list) ? list : []).map((item) => [itemStep(schema, item), item]));
  const was = byStep(before);
  const is = byStep(after);
  if (was.size === 0 || is.size === 0) {
    compareWhole(was.size > 0 ? {} : undefined, is.size > 0 ? {} : undefined, path, found);
  }
  for (const step of new Set([...was.keys(), ...is.keys()])) {
    const itemPath = [...path, step];
    compareWhole(was.has(step) ? {} : undefined, is.has(step) ? {} : undefined, itemPath, found);
    if (schema.items.type === "struct") {
      compare(schema.items, was.get(step), is.get(step), itemPath, found);
    }
  }
}
