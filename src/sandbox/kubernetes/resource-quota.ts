import type { KubernetesObject } from "../world.ts";
import { invalidValue, type FieldError } from "./field-error.ts";
import { objectAt, type JsonObject } from "./json.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ResourceStrategy } from "./resource-definition.ts";
import { notImplemented } from "./status.ts";

/*
 * Quotas on the number of objects in a namespace. The other quotas, on what pods request, are refused: nothing runs
 * here that could use them up.
 * Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/#object-count-quota
 */

const counted = /^(?:count\/)?(configmaps|pods|resourcequotas|secrets)$|^count\/(serviceaccounts)$/;

/** The resource whose objects a key of a quota counts. */
function countedResource(key: string): string | undefined {
  const [, aliased, other] = counted.exec(key) ?? [];
  return aliased ?? other;
}

/** Quotas. Only the controller sets their status. */
export const resourceQuotaStrategy: ResourceStrategy = {
  prepareForCreate: (object) => ({ ...object, spec: readSpec(object), status: {} }),
  prepareForUpdate: (object, previous) => ({
    ...object,
    spec: readSpec(object),
    status: objectAt(previous, "status"),
  }),
  validate: (object) => limitErrors(objectAt(objectAt(object, "spec"), "hard")),
  validateUpdate: () => [],
};

/** A quantity may be sent as a number, but is kept as a string. @throws StatusError 501 for what is not counted here */
function readSpec(object: KubernetesObject): JsonObject {
  const spec = objectAt(object, "spec");
  if (spec["scopes"] !== undefined || spec["scopeSelector"] !== undefined) {
    throw notImplemented("scopes of a resource quota");
  }
  const hard = Object.entries(objectAt(spec, "hard")).map(([key, value]) => [key, String(value)] as const);
  const beyond = hard.find(([key, limit]) => countedResource(key) === undefined || !/^-?\d+$/.test(limit));
  if (beyond) {
    throw notImplemented(`a resource quota of ${beyond.join("=")}`);
  }
  return { ...spec, hard: Object.fromEntries(hard) };
}

function limitErrors(hard: JsonObject): FieldError[] {
  return Object.entries(hard)
    .filter(([, limit]) => Number(limit) < 0)
    .map(([key, limit]) => invalidValue(`spec.hard[${key}]`, limit, "must be greater than or equal to 0"));
}

/** The quotas of a namespace. */
function quotasIn(store: ObjectStore, namespace: string): KubernetesObject[] {
  return store.list("resourcequotas").filter(({ metadata }) => metadata.namespace === namespace);
}

/**
 * Why the quota admission controller refuses one more object; undefined if it fits.
 * Wording: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/resourcequota/controller.go
 */
export function quotaExceeded(store: ObjectStore, resource: string, namespace: string): string | undefined {
  for (const quota of quotasIn(store, namespace)) {
    const status = objectAt(quota, "status");
    const [hard, used] = [objectAt(status, "hard"), objectAt(status, "used")];
    const full = Object.keys(hard)
      .filter((key) => countedResource(key) === resource && Number(used[key]) >= Number(hard[key]))
      .toSorted();
    if (full.length > 0) {
      const shown = (amount: (key: string) => unknown): string =>
        full.map((key) => `${key}=${String(amount(key))}`).join(",");
      return (
        `exceeded quota: ${quota.metadata.name}, requested: ${shown(() => 1)}, ` +
        `used: ${shown((key) => used[key])}, limited: ${shown((key) => hard[key])}`
      );
    }
  }
  return undefined;
}

/** Updates the status of a namespace's quotas with the number of objects that exist. */
export function recountQuotas(store: ObjectStore, namespace: string): void {
  for (const quota of quotasIn(store, namespace)) {
    const hard = objectAt(objectAt(quota, "spec"), "hard");
    const used = Object.fromEntries(Object.keys(hard).map((key) => [key, countOf(store, key, namespace)]));
    const status = { hard, used };
    if (JSON.stringify(quota["status"]) !== JSON.stringify(status)) {
      store.replace("resourcequotas", quota, { ...quota, status });
    }
  }
}

function countOf(store: ObjectStore, key: string, namespace: string): string {
  const resource = countedResource(key);
  const objects = resource === undefined ? [] : store.list(resource);
  return String(objects.filter(({ metadata }) => metadata.namespace === namespace).length);
}

/** Used and hard amounts, as a column of kubectl's table. */
export function quotaUsage(object: KubernetesObject): string {
  const status = objectAt(object, "status");
  const [hard, used] = [objectAt(status, "hard"), objectAt(status, "used")];
  return Object.keys(hard)
    .toSorted()
    .map((key) => `${key}: ${String(used[key])}/${String(hard[key])}`)
    .join(", ");
}
