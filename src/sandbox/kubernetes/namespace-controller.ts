import { randomUUID } from "node:crypto";
import type { KubernetesObject } from "../world.ts";
import type { Later } from "./controller-manager.ts";
import { timestampNow } from "./object-metadata.ts";
import type { ObjectChange, ObjectStore } from "./object-store.ts";
import { resourceDefinitions } from "./resources.ts";

const contents = resourceDefinitions.filter(({ namespaced }) => namespaced).map(({ plural }) => plural);

/**
 * Starts the namespace controller, which acts a moment after each change. It gives each namespace a default service
 * account. It removes a namespace that is deleted while it runs, when finalizers no longer hold anything in it. A
 * namespace that was being deleted before stays that way: what holds it is outside this world.
 */
export function runNamespaceController(store: ObjectStore, later: Later): void {
  const ending = new Set<string>();
  store.subscribe((change) => {
    const name = namespaceOf(change);
    if (startsToEnd(change)) {
      ending.add(name);
    }
    if (ending.has(name) || losesDefaultAccount(change)) {
      later(() => {
        reconcile(store, name, ending);
      });
    }
  });
}

function reconcile(store: ObjectStore, name: string, ending: Set<string>): void {
  const namespace = store.find("namespaces", "", name);
  if (!namespace) {
    ending.delete(name);
  } else if (!namespace.metadata.deletionTimestamp) {
    ensureDefaultAccount(store, name);
  } else if (ending.has(name)) {
    endNamespace(store, namespace);
  }
}

function namespaceOf({ resource, object }: ObjectChange): string {
  return resource === "namespaces" ? object.metadata.name : (object.metadata.namespace ?? "");
}

function startsToEnd({ type, resource, object, previous }: ObjectChange): boolean {
  const ends = type === "MODIFIED" && object.metadata.deletionTimestamp !== undefined;
  return resource === "namespaces" && ends && previous?.metadata.deletionTimestamp === undefined;
}

function losesDefaultAccount({ type, resource, object }: ObjectChange): boolean {
  return resource === "namespaces"
    ? type === "ADDED"
    : resource === "serviceaccounts" && type === "DELETED" && object.metadata.name === "default";
}

function ensureDefaultAccount(store: ObjectStore, namespace: string): void {
  if (!store.find("serviceaccounts", namespace, "default")) {
    store.add("serviceaccounts", {
      kind: "ServiceAccount",
      apiVersion: "v1",
      metadata: {
        name: "default",
        namespace,
        uid: randomUUID(),
        resourceVersion: "",
        creationTimestamp: timestampNow(),
      },
    });
  }
}

function endNamespace(store: ObjectStore, namespace: KubernetesObject): void {
  const { name } = namespace.metadata;
  for (const resource of contents) {
    const inside = store.list(resource).filter(({ metadata }) => metadata.namespace === name);
    for (const object of inside) {
      endObject(store, resource, object);
    }
  }
  const left = contents.some((resource) =>
    store.list(resource).some(({ metadata }) => metadata.namespace === name),
  );
  if (left) {
    return;
  }
  if (namespace.metadata.finalizers?.length) {
    const finalized = { ...namespace, spec: {} };
    if (JSON.stringify(namespace["spec"]) !== JSON.stringify(finalized.spec)) {
      store.replace("namespaces", namespace, finalized);
    }
    return;
  }
  store.remove("namespaces", namespace);
}

function endObject(store: ObjectStore, resource: string, object: KubernetesObject): void {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  if (finalizers.length === 0) {
    store.remove(resource, object);
  } else if (deletionTimestamp === undefined) {
    const metadata = { ...object.metadata, deletionTimestamp: timestampNow(), deletionGracePeriodSeconds: 0 };
    store.replace(resource, object, { ...object, metadata });
  }
}
