import type { KubernetesObject } from "../world.ts";
import { eventStrategy } from "./event-strategy.ts";
import { objectAt, objectsAt, textAt } from "./json.ts";
import { dnsLabel, dnsSubdomain } from "./metadata-validation.ts";
import { namespaceStrategy } from "./namespace-strategy.ts";
import { podStrategy } from "./pod-strategy.ts";
import type { ResourceDefinition, ResourceStrategy } from "./resource-definition.ts";
import {
  configMapSchema,
  eventSchema,
  namespaceSchema,
  nodeSchema,
  podSchema,
  resourceQuotaSchema,
  secretSchema,
  serviceAccountSchema,
} from "./schema.ts";
import { quotaUsage, resourceQuotaStrategy } from "./resource-quota.ts";
import { configMapStrategy, secretStrategy } from "./secret-strategy.ts";
import { serviceAccountStrategy } from "./service-account-strategy.ts";
import { ageColumn, nameColumn, timeSince, type TableColumn } from "./table.ts";

/*
 * The resources that the server keeps, all in the core group.
 * Columns: https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go
 */

const asSent: ResourceStrategy = {
  prepareForCreate: (object) => object,
  prepareForUpdate: (object) => object,
  validate: () => [],
  validateUpdate: () => [],
};

function metadataFields({ metadata }: KubernetesObject): Record<string, string> {
  return { "metadata.name": metadata.name, "metadata.namespace": metadata.namespace ?? "" };
}

function text(name: string, cell: TableColumn["cell"], priority: 0 | 1 = 0): TableColumn {
  return { name, type: "string", priority, cell };
}

function keyCount(...fields: readonly string[]): TableColumn["cell"] {
  return (object) => fields.reduce((sum, field) => sum + Object.keys(objectAt(object, field)).length, 0);
}

const usual = {
  categories: [],
  nameRule: dnsSubdomain,
  fields: metadataFields,
  strategy: asSent,
  returnsDeleted: false,
  createsOnUpdate: false,
} satisfies Partial<ResourceDefinition>;

const namespaces: ResourceDefinition = {
  ...usual,
  plural: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  namespaced: false,
  shortNames: ["ns"],
  schema: namespaceSchema,
  nameRule: dnsLabel,
  fields: (object) => ({
    "metadata.name": object.metadata.name,
    "status.phase": textAt(objectAt(object, "status"), "phase"),
  }),
  columns: [nameColumn, text("Status", (object) => textAt(objectAt(object, "status"), "phase")), ageColumn],
  strategy: namespaceStrategy,
  returnsDeleted: true,
};

const secrets: ResourceDefinition = {
  ...usual,
  plural: "secrets",
  singular: "secret",
  kind: "Secret",
  namespaced: true,
  shortNames: [],
  schema: secretSchema,
  fields: (object) => ({ ...metadataFields(object), type: textAt(object, "type") }),
  columns: [
    nameColumn,
    text("Type", (object) => textAt(object, "type")),
    { name: "Data", type: "string", priority: 0, cell: keyCount("data") },
    ageColumn,
  ],
  strategy: secretStrategy,
};

const configMaps: ResourceDefinition = {
  ...usual,
  plural: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  namespaced: true,
  shortNames: ["cm"],
  schema: configMapSchema,
  columns: [
    nameColumn,
    { name: "Data", type: "string", priority: 0, cell: keyCount("data", "binaryData") },
    ageColumn,
  ],
  strategy: configMapStrategy,
};

const serviceAccounts: ResourceDefinition = {
  ...usual,
  plural: "serviceaccounts",
  singular: "serviceaccount",
  kind: "ServiceAccount",
  namespaced: true,
  shortNames: ["sa"],
  schema: serviceAccountSchema,
  columns: [
    nameColumn,
    { name: "Secrets", type: "string", priority: 0, cell: (object) => objectsAt(object, "secrets").length },
    ageColumn,
  ],
  strategy: serviceAccountStrategy,
  returnsDeleted: true,
};

function containerStatuses(object: KubernetesObject): Record<string, unknown>[] {
  return objectsAt(objectAt(object, "status"), "containerStatuses");
}

function podStatus(object: KubernetesObject): string {
  if (object.metadata.deletionTimestamp) {
    return "Terminating";
  }
  const reasons = containerStatuses(object).flatMap((status) => {
    const state = objectAt(status, "state");
    return [textAt(objectAt(state, "waiting"), "reason"), textAt(objectAt(state, "terminated"), "reason")];
  });
  const status = objectAt(object, "status");
  return reasons.find(Boolean) ?? (textAt(status, "reason") || textAt(status, "phase"));
}

const pods: ResourceDefinition = {
  ...usual,
  plural: "pods",
  singular: "pod",
  kind: "Pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  schema: podSchema,
  fields: (object) => {
    const spec = objectAt(object, "spec");
    const status = objectAt(object, "status");
    return {
      ...metadataFields(object),
      "spec.nodeName": textAt(spec, "nodeName"),
      "spec.restartPolicy": textAt(spec, "restartPolicy"),
      "spec.schedulerName": textAt(spec, "schedulerName"),
      "spec.serviceAccountName": textAt(spec, "serviceAccountName"),
      "spec.hostNetwork": String(spec["hostNetwork"] === true),
      "status.phase": textAt(status, "phase"),
      "status.podIP": textAt(status, "podIP"),
      "status.podIPs": textAt(status, "podIP"),
      "status.nominatedNodeName": textAt(status, "nominatedNodeName"),
    };
  },
  columns: [
    nameColumn,
    text("Ready", (object) => {
      const ready = containerStatuses(object).filter((status) => status["ready"] === true).length;
      return `${ready}/${objectsAt(objectAt(object, "spec"), "containers").length}`;
    }),
    text("Status", podStatus),
    text("Restarts", (object) =>
      String(containerStatuses(object).reduce((sum, status) => sum + Number(status["restartCount"] ?? 0), 0)),
    ),
    ageColumn,
    text("IP", (object) => textAt(objectAt(object, "status"), "podIP") || "<none>", 1),
    text("Node", (object) => textAt(objectAt(object, "spec"), "nodeName") || "<none>", 1),
    text("Nominated Node", () => "<none>", 1),
    text("Readiness Gates", () => "<none>", 1),
  ],
  strategy: podStrategy,
  returnsDeleted: true,
};

function eventTime(object: KubernetesObject, first: boolean): unknown {
  const shown = first ? object["firstTimestamp"] : object["lastTimestamp"];
  return shown ?? object["eventTime"] ?? object.metadata.creationTimestamp;
}

const events: ResourceDefinition = {
  ...usual,
  plural: "events",
  singular: "event",
  kind: "Event",
  namespaced: true,
  shortNames: ["ev"],
  schema: eventSchema,
  fields: (object) => {
    const involved = objectAt(object, "involvedObject");
    const names = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
    return {
      ...metadataFields(object),
      ...Object.fromEntries(names.map((name) => [`involvedObject.${name}`, textAt(involved, name)])),
      reason: textAt(object, "reason"),
      reportingComponent: textAt(object, "reportingComponent"),
      source: textAt(objectAt(object, "source"), "component"),
      type: textAt(object, "type"),
    };
  },
  columns: [
    text("Last Seen", (object, now) => timeSince(eventTime(object, false), now)),
    text("Type", (object) => textAt(object, "type")),
    text("Reason", (object) => textAt(object, "reason")),
    text("Object", (object) => {
      const involved = objectAt(object, "involvedObject");
      return `${textAt(involved, "kind").toLowerCase()}/${textAt(involved, "name")}`;
    }),
    text("Subobject", (object) => textAt(objectAt(object, "involvedObject"), "fieldPath"), 1),
    text("Source", (object) => textAt(objectAt(object, "source"), "component"), 1),
    text("Message", (object) => textAt(object, "message").trim()),
    text("First Seen", (object, now) => timeSince(eventTime(object, true), now), 1),
    { name: "Count", type: "integer", priority: 1, cell: (object) => Number(object["count"] ?? 1) },
    { ...nameColumn, priority: 1 },
  ],
  strategy: eventStrategy,
  createsOnUpdate: true,
};

const resourceQuotas: ResourceDefinition = {
  ...usual,
  plural: "resourcequotas",
  singular: "resourcequota",
  kind: "ResourceQuota",
  namespaced: true,
  shortNames: ["quota"],
  schema: resourceQuotaSchema,
  columns: [nameColumn, text("Request", quotaUsage), text("Limit", () => ""), ageColumn],
  strategy: resourceQuotaStrategy,
  returnsDeleted: true,
};

const nodes: ResourceDefinition = {
  ...usual,
  plural: "nodes",
  singular: "node",
  kind: "Node",
  namespaced: false,
  shortNames: ["no"],
  schema: nodeSchema,
  fields: (object) => ({
    "metadata.name": object.metadata.name,
    "spec.unschedulable": String(objectAt(object, "spec")["unschedulable"] === true),
  }),
  columns: [
    nameColumn,
    text("Status", (object) => {
      const ready = objectsAt(objectAt(object, "status"), "conditions").find(
        (one) => one["type"] === "Ready",
      );
      return ready?.["status"] === "True" ? "Ready" : "NotReady";
    }),
    text("Roles", () => "<none>"),
    ageColumn,
    text("Version", (object) => textAt(objectAt(objectAt(object, "status"), "nodeInfo"), "kubeletVersion")),
  ],
};

/** In the order in which discovery lists them. */
export const resourceDefinitions: readonly ResourceDefinition[] = [
  configMaps,
  events,
  namespaces,
  nodes,
  pods,
  resourceQuotas,
  secrets,
  serviceAccounts,
];

/** The definition of a resource by its plural name. */
export function findDefinition(plural: string): ResourceDefinition | undefined {
  return resourceDefinitions.find((definition) => definition.plural === plural);
}
