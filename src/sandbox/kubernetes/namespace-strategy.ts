import { invalidValue } from "./field-error.ts";
import { objectAt } from "./json.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/** The label that the API server keeps on every namespace, holding its name. */
const nameLabel = "kubernetes.io/metadata.name";

/** Namespaces: a finalizer of their own and a phase, which clients cannot set. */
export const namespaceStrategy: ResourceStrategy = {
  prepareForCreate: (object) => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, [nameLabel]: object.metadata.name },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  }),
  prepareForUpdate: (object, previous) => ({
    ...object,
    spec: objectAt(previous, "spec"),
    status: objectAt(previous, "status"),
  }),
  validate: () => [],
  validateUpdate: ({ metadata }) => {
    const label = metadata.labels?.[nameLabel];
    return label === metadata.name
      ? []
      : [invalidValue(`metadata.labels[${nameLabel}]`, label ?? "", `must be ${metadata.name}`)];
  },
};
