import { isJsonObject } from "./kubernetes/json.ts";
import { trackCreate, trackUpdate } from "./kubernetes/managed-fields.ts";
import { ObjectLifecycle } from "./kubernetes/object-lifecycle.ts";
import { ObjectStore } from "./kubernetes/object-store.ts";
import { decodeObject } from "./kubernetes/request-body.ts";
import type { ResourceDefinition } from "./kubernetes/resource-definition.ts";
import { recountQuotas } from "./kubernetes/resource-quota.ts";
import { resourceDefinitions } from "./kubernetes/resources.ts";
import { StatusError } from "./kubernetes/status.ts";
import type { FieldCheck } from "./kubernetes/write-options.ts";
import type { IdSource } from "./new-id.ts";
import { SandboxOptionsError } from "./option-schema.ts";
import type { ClusterRecord, KubernetesObject } from "./world.ts";
import type { Manifest } from "./world-options.ts";

interface KeptManifest extends Record<string, unknown> {
  readonly apiVersion: string;
  readonly kind: Manifest["kind"] | "ResourceQuota";
  readonly metadata: Manifest["metadata"];
}

/**
 * Puts an object into a cluster as `kubectl create` does: the API server's rules admit, complete and validate it. The
 * fields that only the cluster itself writes (status, UID, dates, deletion, managed fields) are then set as the
 * manifest says. Watchers get no event.
 * @throws SandboxOptionsError for an object that the API server would refuse
 */
export function addObject(cluster: ClusterRecord, manifest: KeptManifest, ids: IdSource): KubernetesObject {
  const definition = definitionOf(manifest.kind);
  const { namespace = "default", ...metadata } = manifest.metadata;
  const place = definition.namespaced ? `${namespace}/${metadata.name}` : metadata.name;
  const placed = { ...manifest, metadata: { ...metadata, ...(definition.namespaced && { namespace }) } };
  try {
    const uid = ids.guid(`${cluster.context} ${manifest.kind} ${namespace}/${metadata.name}`);
    const object = keep(cluster, definition, placed, uid);
    if (object.kind === "Namespace") addObject(cluster, defaultAccount(metadata.name), ids);
    return object;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new SandboxOptionsError(`${manifest.kind} ${place}: ${error.message}`, { cause: error });
  }
}

function definitionOf(kind: KeptManifest["kind"]): ResourceDefinition {
  const definition = resourceDefinitions.find((one) => one.kind === kind);
  if (!definition) throw new RangeError(`no resource keeps objects of kind ${kind}`);
  return definition;
}

/** The service account that every namespace gets. */
function defaultAccount(namespace: string): KeptManifest {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace } };
}

function keep(
  cluster: ClusterRecord,
  definition: ResourceDefinition,
  manifest: KeptManifest,
  uid: string,
): KubernetesObject {
  const { plural, kind, schema } = definition;
  const store = new ObjectStore(cluster);
  const lifecycle = new ObjectLifecycle(cluster, store);
  const sent = decodeObject(
    { object: manifest, duplicates: [] },
    { apiVersion: "v1", kind, schema },
    strictly,
  );
  const { name, namespace = "" } = sent.metadata;
  const isDefaultAccount = kind === "ServiceAccount" && name === "default";
  const standing = isDefaultAccount ? store.find(plural, namespace, name) : undefined;
  // A dry run, so the fields that only the cluster writes can be set before the object is stored, not after.
  if (standing) {
    const { object } = lifecycle.update(definition, standing, sent, true, (changed, now) =>
      trackUpdate(schema, standing, changed, creatorOf(changed), now),
    );
    return store.replace(plural, standing, asStated(object, sent));
  }
  const { object } = lifecycle.create(definition, sent, true, (created, now) =>
    trackCreate(schema, created, creatorOf(created), now),
  );
  const kept = store.add(plural, asStated({ ...object, metadata: { ...object.metadata, uid } }, sent));
  if (kind !== "ResourceQuota") recountQuotas(store, namespace);
  return kept;
}

/** Namespaces that the API server creates itself. Source: pkg/controlplane/controller/systemnamespaces of Kubernetes */
const systemNamespaces = new Set(["default", "kube-node-lease", "kube-public", "kube-system"]);

/** The field manager that creates an object. */
function creatorOf({ kind, metadata }: KubernetesObject): string {
  return kind === "Namespace" && systemNamespaces.has(metadata.name) ? "kube-apiserver" : "kubectl-create";
}

const strictly: FieldCheck = (problems, refusal) => {
  if (problems.length > 0) throw refusal(`strict decoding error: ${problems.join(", ")}`);
};

const ofTheCluster = new Set([
  "uid",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
]);

function asStated(object: KubernetesObject, { metadata, status }: KubernetesObject): KubernetesObject {
  const stated = Object.entries(metadata).filter(([field]) => ofTheCluster.has(field));
  const { managedFields, ...whole } = { ...object.metadata, ...Object.fromEntries(stated) };
  return {
    ...object,
    metadata: { ...whole, ...(managedFields?.length && { managedFields }) },
    ...(isJsonObject(status) && { status: { ...Object(object["status"]), ...status } }),
  };
}
