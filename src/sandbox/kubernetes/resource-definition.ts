import type { KubernetesObject } from "../world.ts";
import type { FieldError } from "./field-error.ts";
import type { NameRule } from "./metadata-validation.ts";
import type { StructSchema } from "./schema.ts";
import type { SelectableFields } from "./selectors.ts";
import type { TableColumn } from "./table.ts";

/** What is special about a resource. */
export interface ResourceStrategy {
  /** Fills in what the API server fills in before it validates a new object. */
  readonly prepareForCreate: (object: KubernetesObject) => KubernetesObject;
  readonly prepareForUpdate: (object: KubernetesObject, previous: KubernetesObject) => KubernetesObject;
  /** Validates everything but the metadata. */
  readonly validate: (object: KubernetesObject) => FieldError[];
  readonly validateUpdate: (object: KubernetesObject, previous: KubernetesObject) => FieldError[];
}

/** A resource of the core group that the server keeps. */
export interface ResourceDefinition {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly schema: StructSchema;
  readonly nameRule: NameRule;
  readonly fields: SelectableFields;
  readonly columns: readonly TableColumn[];
  readonly strategy: ResourceStrategy;
  /** Whether a deletion is answered with the object, not with a Status. */
  readonly returnsDeleted: boolean;
  /** Whether a PUT creates an object that does not exist. */
  readonly createsOnUpdate: boolean;
}

/** The verbs of every resource here. */
export const resourceVerbs: readonly string[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];
