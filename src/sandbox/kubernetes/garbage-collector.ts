import type { KubernetesObject } from "../world.ts";
import type { Later } from "./controller-manager.ts";
import { objectsAt, textAt, type JsonObject } from "./json.ts";
import { isHeld, timestampNow } from "./object-metadata.ts";
import type { ObjectStore } from "./object-store.ts";
import { resourceDefinitions } from "./resources.ts";

/**
 * Starts the garbage collector, which acts a moment after each change. It deletes an object when none of its owners
 * exists any longer. It finishes a deletion in the foreground, or one that leaves orphans, after it has dealt with the
 * dependents. An owner of a kind that is not kept here counts as existing.
 * Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */
export function runGarbageCollector(store: ObjectStore, later: Later): void {
  store.subscribe(({ type, resource, object }) => {
    const isFinalizing = type !== "DELETED" && finalizerOf(object) !== undefined;
    if (type === "DELETED" || isFinalizing || ownersOf(object).length > 0) {
      later(() => {
        collect(store, resource, object);
      });
    }
  });
}

function collect(store: ObjectStore, resource: string, { metadata }: KubernetesObject): void {
  const object = store.find(resource, metadata.namespace ?? "", metadata.name);
  if (object?.metadata.uid !== metadata.uid) {
    for (const dependent of dependentsOf(store, metadata.uid)) {
      collectOrphan(store, dependent);
    }
  } else if (object.metadata.deletionTimestamp === undefined) {
    collectOrphan(store, { resource, object });
  } else {
    finalize(store, { resource, object });
  }
}

interface Kept {
  readonly resource: string;
  readonly object: KubernetesObject;
}

function ownersOf({ metadata }: KubernetesObject): JsonObject[] {
  return objectsAt(metadata, "ownerReferences");
}

function dependentsOf(store: ObjectStore, uid: string): Kept[] {
  return resourceDefinitions.flatMap(({ plural }) =>
    store
      .list(plural)
      .filter((object) => ownersOf(object).some((owner) => owner["uid"] === uid))
      .map((object) => ({ resource: plural, object })),
  );
}

/** Deletes an object that has owners, if none of them exists. */
function collectOrphan(store: ObjectStore, { resource, object }: Kept): void {
  const owners = ownersOf(object);
  if (owners.length > 0 && owners.every((owner) => isGone(store, object, owner))) {
    end(store, { resource, object });
  }
}

/** Whether an owner no longer exists. It would be in the namespace of what it owns, or in none. */
function isGone(store: ObjectStore, { metadata }: KubernetesObject, owner: JsonObject): boolean {
  const definition = resourceDefinitions.find(({ kind }) => kind === owner["kind"]);
  if (!definition || owner["apiVersion"] !== "v1") {
    return false;
  }
  const namespace = definition.namespaced ? (metadata.namespace ?? "") : "";
  return store.find(definition.plural, namespace, textAt(owner, "name"))?.metadata.uid !== owner["uid"];
}

function end(store: ObjectStore, { resource, object }: Kept): void {
  if (!isHeld(object)) {
    store.remove(resource, object);
  } else if (object.metadata.deletionTimestamp === undefined) {
    const metadata = { ...object.metadata, deletionTimestamp: timestampNow(), deletionGracePeriodSeconds: 0 };
    store.replace(resource, object, { ...object, metadata });
  }
}

const finalizers = ["foregroundDeletion", "orphan"] as const;

function finalizerOf({ metadata }: KubernetesObject): (typeof finalizers)[number] | undefined {
  return metadata.deletionTimestamp === undefined
    ? undefined
    : finalizers.find((finalizer) => metadata.finalizers?.includes(finalizer));
}

function finalize(store: ObjectStore, { resource, object }: Kept): void {
  const finalizer = finalizerOf(object);
  if (finalizer === undefined) {
    return;
  }
  const { uid } = object.metadata;
  for (const dependent of dependentsOf(store, uid)) {
    if (finalizer === "orphan") {
      disown(store, dependent, uid);
    } else {
      end(store, dependent);
    }
  }
  const blocking = dependentsOf(store, uid).flatMap((dependent) => ownersOf(dependent.object));
  if (blocking.some((owner) => owner["uid"] === uid && owner["blockOwnerDeletion"] === true)) {
    return;
  }
  const left = object.metadata.finalizers?.filter((one) => one !== finalizer) ?? [];
  const done = { ...object, metadata: { ...object.metadata, finalizers: left } };
  if (isHeld(done)) {
    store.replace(resource, object, done);
  } else {
    store.remove(resource, object, done);
  }
}

function disown(store: ObjectStore, { resource, object }: Kept, uid: string): void {
  const { ownerReferences: _owners, ...metadata } = object.metadata;
  const owners = ownersOf(object).filter((owner) => owner["uid"] !== uid);
  const disowned = { ...metadata, ...(owners.length > 0 && { ownerReferences: owners }) };
  store.replace(resource, object, { ...object, metadata: disowned });
}
