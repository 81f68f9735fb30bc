import type { KubernetesObject } from "../world.ts";
import { objectAt } from "./json.ts";
import { finalizerNameErrors } from "./metadata-validation.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/** The label that the API server keeps on every namespace, with its name. */
const nameLabel = "kubernetes.io/metadata.name";

/** The finalizer of the namespace controller. */
const kubernetes = "kubernetes";

/** Namespaces. Only a deletion removes the finalizers in their spec, and clients cannot set their phase. */
export const namespaceStrategy: ResourceStrategy = {
  prepareForCreate: (object) => ({
    ...labelled(object),
    spec: { finalizers: [...new Set([...finalizersOf(object), kubernetes])] },
    status: { phase: "Active" },
  }),
  prepareForUpdate: (object, previous) => ({
    ...labelled(object),
    spec: objectAt(previous, "spec"),
    status: objectAt(previous, "status"),
  }),
  validate: (object) => finalizersOf(object).flatMap((name) => finalizerNameErrors("spec.finalizers", name)),
  validateUpdate: () => [],
};

function labelled(object: KubernetesObject): KubernetesObject {
  const labels = { ...object.metadata.labels, [nameLabel]: object.metadata.name };
  return { ...object, metadata: { ...object.metadata, labels } };
}

function finalizersOf(object: KubernetesObject): string[] {
  const { finalizers } = objectAt(object, "spec");
  return Array.isArray(finalizers) ? finalizers.map(String) : [];
}
