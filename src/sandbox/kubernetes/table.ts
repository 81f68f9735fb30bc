import type { KubernetesObject } from "../world.ts";
import type { JsonObject } from "./json.ts";

/*
 * Tables, the representation that kubectl prints.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */

/** One column: what it shows about an object at a given time. */
export interface TableColumn {
  readonly name: string;
  readonly type: "string" | "integer";
  /** `name` for the column that names the object. */
  readonly format?: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubernetesObject, now: Date) => string | number;
}

export const nameColumn: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};

export const ageColumn: TableColumn = {
  name: "Age",
  type: "string",
  priority: 0,
  cell: ({ metadata }, now) => timeSince(metadata.creationTimestamp, now),
};

/** How much of each object its row includes: `includeObject`. */
export type IncludedObject = "None" | "Metadata" | "Object";

/** A table of objects. @param withColumns false for every event of a watch but the first */
export function tableOf(
  objects: readonly KubernetesObject[],
  columns: readonly TableColumn[],
  listMetadata: JsonObject,
  included: IncludedObject,
  withColumns = true,
): JsonObject {
  const now = new Date();
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: listMetadata,
    columnDefinitions: withColumns ? columns.map(definition) : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      object: includedPart(object, included),
    })),
  };
}

/** Only the metadata of an object. */
export function partialMetadata(object: KubernetesObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

function definition({ name, type, format = "", priority }: TableColumn): JsonObject {
  return { name, type, format, description: "", priority };
}

function includedPart(object: KubernetesObject, included: IncludedObject): unknown {
  switch (included) {
    case "None":
      return null;
    case "Object":
      return object;
    case "Metadata":
      return partialMetadata(object);
    default:
      return included satisfies never;
  }
}

/** The time since a timestamp, as kubectl's tables show it; `<unknown>` if there is none. */
export function timeSince(timestamp: unknown, now: Date): string {
  const then = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(then) ? "<unknown>" : humanDuration(now.getTime() - then);
}

/**
 * A duration in milliseconds with two or three significant digits.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (large: number, unit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`;
  if (seconds < -1) {
    return "<invalid>";
  }
  if (seconds < 60 * 2) {
    return `${Math.max(seconds, 0)}s`;
  }
  if (minutes < 10) {
    return two(minutes, "m", seconds % 60, "s");
  }
  if (minutes < 60 * 3) {
    return `${minutes}m`;
  }
  if (hours < 8) {
    return two(hours, "h", minutes % 60, "m");
  }
  if (hours < 48) {
    return `${hours}h`;
  }
  if (hours < 24 * 8) {
    return two(days, "d", hours % 24, "h");
  }
  if (hours < 24 * 365 * 2) {
    return `${days}d`;
  }
  const years = Math.floor(days / 365);
  return hours < 24 * 365 * 8 ? two(years, "y", days % 365, "d") : `${years}y`;
}
