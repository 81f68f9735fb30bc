import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../world.ts";
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  required,
  unsupportedValue,
  type FieldError,
} from "./field-error.ts";
import { objectAt, objectsAt, textAt, type JsonObject } from "./json.ts";
import { dnsLabel } from "./metadata-validation.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/** Pods. Nothing schedules or runs them, so they stay Pending, as in a cluster without nodes. */
export const podStrategy: ResourceStrategy = {
  prepareForCreate: (object) => ({
    ...object,
    metadata: { ...object.metadata, generation: 1 },
    spec: defaultSpec(objectAt(object, "spec")),
    status: { phase: "Pending", qosClass: "BestEffort" },
  }),
  prepareForUpdate: (object, previous) => {
    const spec = defaultSpec(objectAt(object, "spec"));
    const { generation = 0, ...metadata } = object.metadata;
    const isAsBefore = isDeepStrictEqual(spec, objectAt(previous, "spec"));
    const counted = { ...metadata, generation: Number(generation) + (isAsBefore ? 0 : 1) };
    return { ...object, metadata: counted, spec, status: objectAt(previous, "status") };
  },
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

const restartPolicies = ["Always", "OnFailure", "Never"];

function validatePod(object: KubernetesObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const containers = objectsAt(spec, "containers");
  const policy = textAt(spec, "restartPolicy");
  return [
    ...(containers.length === 0 ? [required("spec.containers")] : []),
    ...containers.flatMap((container, index) => [
      ...nameErrors(containers, index),
      ...imageErrors(textAt(container, "image"), `spec.containers[${index}].image`),
    ]),
    ...(restartPolicies.includes(policy)
      ? []
      : [unsupportedValue("spec.restartPolicy", policy, restartPolicies)]),
  ];
}

function nameErrors(containers: readonly JsonObject[], index: number): FieldError[] {
  const field = `spec.containers[${index}].name`;
  const names = containers.map((container) => textAt(container, "name"));
  const name = names[index] ?? "";
  if (name === "") {
    return [required(field)];
  }
  return [
    ...dnsLabel(name).map((detail) => invalidValue(field, name, detail)),
    ...(names.indexOf(name) < index ? [duplicateValue(field, name)] : []),
  ];
}

function imageErrors(image: string, field: string): FieldError[] {
  if (image === "") {
    return [required(field)];
  }
  return image === image.trim()
    ? []
    : [invalidValue(field, image, "must not have leading or trailing whitespace")];
}

function unchangeable(object: KubernetesObject): JsonObject {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...spec } = objectAt(object, "spec");
  return {
    ...spec,
    containers: objectsAt(spec, "containers").map((container) => ({ ...container, image: "" })),
    initContainers: objectsAt(spec, "initContainers").map((container) => ({ ...container, image: "" })),
  };
}
