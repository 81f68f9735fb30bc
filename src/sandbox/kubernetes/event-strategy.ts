import type { KubernetesObject } from "../world.ts";
import { invalidValue, required, type FieldError } from "./field-error.ts";
import { objectAt, textAt } from "./json.ts";
import { qualifiedName } from "./metadata-validation.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/**
 * Events.
 * Source: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go
 */
export const eventStrategy: ResourceStrategy = {
  prepareForCreate: (object) => object,
  prepareForUpdate: (object) => object,
  validate: (object) => [...placeErrors(object), ...(object["eventTime"] ? reportErrors(object) : [])],
  validateUpdate: () => [],
};

/** The events of an object without a namespace are in the namespace `default`. */
function placeErrors(object: KubernetesObject): FieldError[] {
  const involved = textAt(objectAt(object, "involvedObject"), "namespace");
  return (involved || "default") === object.metadata.namespace
    ? []
    : [invalidValue("involvedObject.namespace", involved, "does not match event.namespace")];
}

/** An event with an `eventTime` must say who reports what. */
function reportErrors(object: KubernetesObject): FieldError[] {
  const reporter = textAt(object, "reportingComponent");
  return [
    ...(reporter ? [] : [required("reportingComponent")]),
    ...qualifiedName(reporter).map((detail) => invalidValue("reportingComponent", reporter, detail)),
    ...["reportingInstance", "action", "reason"]
      .filter((field) => !object[field])
      .map((field) => required(field)),
  ];
}
