/*
 * A description of the fields of a kind, as detailed as this server needs it: decoding, strict field checks, strategic
 * merge patches and field ownership all follow it. Merge keys and atomic lists are those of
 * https://github.com/kubernetes/api/blob/master/core/v1/types.go
 */

/** A value without parts. With `pointer`, false, zero and empty are real values and are kept. */
export interface ScalarSchema {
  readonly type: "string" | "integer" | "boolean" | "bytes" | "time";
  readonly pointer?: true;
}

/** Anything, kept as it was sent and owned as a whole. */
export interface AnySchema {
  readonly type: "any";
}

/**
 * Known fields.
 * - `open`: unknown fields are kept, each owned as a whole, instead of refused or dropped.
 * - `atomic`: the struct is owned as a whole.
 * - `optional`: the struct may be absent, so it is a field of its own, in addition to those in it.
 */
export interface StructSchema {
  readonly type: "struct";
  readonly fields: Readonly<Record<string, Schema>>;
  readonly open?: true;
  readonly atomic?: true;
  readonly optional?: true;
}

/** Free keys. In this server, they are always owned one by one. */
export interface MapSchema {
  readonly type: "map";
  readonly values: Schema;
}

/**
 * A list. It is atomic unless it has `keys`, by which it is owned and merged item by item, or is a `set`. If it has
 * only a `patchKey`, a strategic merge patch merges it. If it has none of these, every kind of patch replaces it whole.
 */
export interface ListSchema {
  readonly type: "list";
  readonly items: Schema;
  readonly keys?: readonly string[];
  readonly set?: true;
  readonly patchKey?: string;
  /** An empty list is a real value and is kept. */
  readonly pointer?: true;
}

export type Schema = ScalarSchema | AnySchema | StructSchema | MapSchema | ListSchema;

const string: ScalarSchema = { type: "string" };
const optionalString: ScalarSchema = { type: "string", pointer: true };
const integer: ScalarSchema = { type: "integer" };
const optionalInteger: ScalarSchema = { type: "integer", pointer: true };
const optionalBoolean: ScalarSchema = { type: "boolean", pointer: true };
const time: ScalarSchema = { type: "time" };
const bytes: ScalarSchema = { type: "bytes" };
const any: AnySchema = { type: "any" };

function struct(fields: Readonly<Record<string, Schema>>): StructSchema {
  return { type: "struct", fields };
}

function atomicStruct(fields: Readonly<Record<string, Schema>>): StructSchema {
  return { type: "struct", fields, atomic: true };
}

function optionalStruct(fields: Readonly<Record<string, Schema>>): StructSchema {
  return { type: "struct", fields, optional: true };
}

function openStruct(fields: Readonly<Record<string, Schema>>): StructSchema {
  return { type: "struct", fields, open: true };
}

function mapOf(values: Schema): MapSchema {
  return { type: "map", values };
}

function atomicList(items: Schema): ListSchema {
  return { type: "list", items };
}

function keyedList(items: Schema, ...keys: readonly [string, ...string[]]): ListSchema {
  return { type: "list", items, keys, patchKey: keys[0] };
}

const metadata = struct({
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: integer,
  creationTimestamp: time,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: optionalInteger,
  labels: mapOf(string),
  annotations: mapOf(string),
  ownerReferences: keyedList(
    atomicStruct({
      apiVersion: string,
      kind: string,
      name: string,
      uid: string,
      controller: optionalBoolean,
      blockOwnerDeletion: optionalBoolean,
    }),
    "uid",
  ),
  finalizers: { type: "list", items: string, set: true },
  managedFields: { type: "list", items: any, pointer: true },
});

function kind(fields: Readonly<Record<string, Schema>>): StructSchema {
  return struct({ kind: string, apiVersion: string, metadata, ...fields });
}

const objectReference = atomicStruct({
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
});

const localReference = atomicStruct({ name: string });

export const namespaceSchema = kind({
  spec: struct({ finalizers: atomicList(string) }),
  status: struct({ phase: string, conditions: keyedList(any, "type") }),
});

export const secretSchema = kind({
  immutable: optionalBoolean,
  data: mapOf(bytes),
  stringData: mapOf(string),
  type: string,
});

export const configMapSchema = kind({
  immutable: optionalBoolean,
  data: mapOf(string),
  binaryData: mapOf(bytes),
});

export const serviceAccountSchema = kind({
  secrets: keyedList(objectReference, "name"),
  // Atomic and without a merge key, unlike the list of the same name in a pod: every patch replaces it.
  imagePullSecrets: atomicList(localReference),
  automountServiceAccountToken: optionalBoolean,
});

const quantities = mapOf(any);

export const resourceQuotaSchema = kind({
  spec: struct({ hard: quantities, scopes: atomicList(string), scopeSelector: any }),
  status: struct({ hard: quantities, used: quantities }),
});

/** Fields whose content is not examined here. Their names are separated by spaces. */
function unexamined(names: string): Record<string, AnySchema> {
  const list = names.trim().split(/\s+/);
  return Object.fromEntries(list.map((name) => [name, any]));
}

const container = struct({
  name: string,
  image: string,
  command: atomicList(string),
  args: atomicList(string),
  workingDir: string,
  ports: keyedList(openStruct({ containerPort: integer, protocol: string }), "containerPort", "protocol"),
  env: keyedList(openStruct({ name: string, value: string }), "name"),
  resources: openStruct({}),
  volumeMounts: keyedList(openStruct({ name: string, mountPath: string }), "mountPath"),
  terminationMessagePath: string,
  terminationMessagePolicy: string,
  imagePullPolicy: string,
  ...unexamined(`
    envFrom lifecycle livenessProbe readinessProbe resizePolicy restartPolicy
    restartPolicyRules securityContext startupProbe stdin stdinOnce tty volumeDevices
  `),
});

export const podSchema = kind({
  spec: struct({
    volumes: keyedList(openStruct({ name: string }), "name"),
    initContainers: keyedList(container, "name"),
    containers: keyedList(container, "name"),
    restartPolicy: string,
    terminationGracePeriodSeconds: optionalInteger,
    dnsPolicy: string,
    nodeSelector: mapOf(string),
    serviceAccountName: string,
    serviceAccount: string,
    automountServiceAccountToken: optionalBoolean,
    nodeName: string,
    securityContext: openStruct({}),
    imagePullSecrets: keyedList(localReference, "name"),
    schedulerName: string,
    tolerations: atomicList(any),
    ...unexamined(`
    activeDeadlineSeconds affinity dnsConfig enableServiceLinks ephemeralContainers
    hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride os overhead
    preemptionPolicy priority priorityClassName readinessGates resourceClaims resources
    runtimeClassName schedulingGates setHostnameAsFQDN shareProcessNamespace subdomain
    topologySpreadConstraints
  `),
  }),
  status: openStruct({ phase: string, conditions: atomicList(any), containerStatuses: atomicList(any) }),
});

export const nodeSchema = kind({
  spec: openStruct({ unschedulable: { type: "boolean" } }),
  status: openStruct({ conditions: keyedList(any, "type"), nodeInfo: openStruct({}) }),
});

export const eventSchema = kind({
  involvedObject: objectReference,
  reason: string,
  message: string,
  source: struct({ component: string, host: string }),
  firstTimestamp: time,
  lastTimestamp: time,
  count: integer,
  type: string,
  eventTime: time,
  series: struct({ count: integer, lastObservedTime: time }),
  action: string,
  related: objectReference,
  reportingComponent: string,
  reportingInstance: string,
});

const reviewAttributes = optionalStruct({
  namespace: string,
  verb: string,
  group: string,
  version: string,
  resource: string,
  subresource: string,
  name: string,
  fieldSelector: any,
  labelSelector: any,
});

export const accessReviewSchema = kind({
  spec: struct({
    resourceAttributes: reviewAttributes,
    nonResourceAttributes: optionalStruct({ path: string, verb: string }),
  }),
  status: any,
});

export const rulesReviewSchema = kind({ spec: struct({ namespace: string }), status: any });

export const selfReviewSchema = kind({ status: any });

export const deleteOptionsSchema = struct({
  kind: string,
  apiVersion: string,
  gracePeriodSeconds: optionalInteger,
  preconditions: struct({ uid: optionalString, resourceVersion: optionalString }),
  orphanDependents: optionalBoolean,
  propagationPolicy: optionalString,
  dryRun: atomicList(string),
  ignoreStoreReadErrorWithClusterBreakingPotential: optionalBoolean,
});
