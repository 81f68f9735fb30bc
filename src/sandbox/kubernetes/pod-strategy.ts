import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../world.ts";
import { forbiddenField, invalidValue, required, type FieldError } from "./field-error.ts";
import { objectAt, objectsAt, textAt, type JsonObject } from "./json.ts";
import { dnsLabel } from "./metadata-validation.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/** Pods: nothing schedules or runs them, so they stay Pending, as in a cluster without nodes. */
export const podStrategy: ResourceStrategy = {
  prepareForCreate: (object) => ({
    ...object,
    spec: defaultSpec(objectAt(object, "spec")),
    status: { phase: "Pending", qosClass: "BestEffort" },
  }),
  prepareForUpdate: (object, previous) => ({
    ...object,
    spec: defaultSpec(objectAt(object, "spec")),
    status: objectAt(previous, "status"),
  }),
  validate: validatePod,
  validateUpdate: (object, previous) =>
    isDeepStrictEqual(unchangeable(object), unchangeable(previous))
      ? []
      : [
          forbiddenField(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`," +
              "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to " +
              "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was " +
              "previously negative)",
          ),
        ],
};

function defaultSpec(spec: JsonObject): JsonObject {
  return {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
    enableServiceLinks: true,
    ...spec,
    ...(spec["containers"] !== undefined && {
      containers: objectsAt(spec, "containers").map(defaultContainer),
    }),
  };
}

function defaultContainer(container: JsonObject): JsonObject {
  const image = textAt(container, "image");
  const latest = !/[:@][^/]+$/.test(image) || image.endsWith(":latest");
  return {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: latest ? "Always" : "IfNotPresent",
    ...container,
  };
}

function validatePod(object: KubernetesObject): FieldError[] {
  const containers = objectsAt(objectAt(object, "spec"), "containers");
  if (containers.length === 0) {
    return [required("spec.containers")];
  }
  return containers.flatMap((container, index) => [
    ...(container["name"] ? [] : [required(`spec.containers[${index}].name`)]),
    ...(container["name"] ? dnsLabel(textAt(container, "name")) : []).map((detail) =>
      invalidValue(`spec.containers[${index}].name`, container["name"], detail),
    ),
    ...(container["image"] ? [] : [required(`spec.containers[${index}].image`)]),
  ]);
}

function unchangeable(object: KubernetesObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...spec } = objectAt(object, "spec");
  return {
    ...spec,
    containers: objectsAt(spec, "containers").map((container) => ({ ...container, image: "" })),
    initContainers: objectsAt(spec, "initContainers").map((container) => ({ ...container, image: "" })),
  };
}
