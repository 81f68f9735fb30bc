import type { ClusterRecord, KubernetesObject } from "../world.ts";

/** One change, as watches report it. */
export interface ObjectChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** Plural name of the resource. */
  readonly resource: string;
  readonly resourceVersion: number;
  readonly object: KubernetesObject;
  /** The object before the change; undefined if it was added. */
  readonly previous: KubernetesObject | undefined;
}

/** How many changes are remembered, for watches and for lists that are read page by page. */
const remembered = 1000;

/**
 * The objects of one cluster, exactly as the writes left them. Objects are replaced, never changed in place: what a
 * change or a page has shown stays as it was.
 */
export class ObjectStore {
  readonly #cluster: ClusterRecord;
  readonly #changes: ObjectChange[] = [];
  readonly #listeners = new Set<(change: ObjectChange) => void>();
  #oldest: number;

  constructor(cluster: ClusterRecord) {
    this.#cluster = cluster;
    this.#oldest = cluster.resourceVersion;
  }

  get resourceVersion(): number {
    return this.#cluster.resourceVersion;
  }

  /** The resource version before which nothing is remembered. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Every object of a resource, in the order of lists: by namespace, then name. */
  list(resource: string): KubernetesObject[] {
    return this.#of(resource).toSorted(byKey);
  }

  /** The objects as they were at a resource version that is not before {@link oldest}. */
  listAt(resource: string, resourceVersion: number): KubernetesObject[] {
    const objects = new Map(this.#of(resource).map((object) => [storageKey(object), object]));
    for (const change of this.#changes.toReversed()) {
      if (change.resourceVersion > resourceVersion && change.resource === resource) {
        objects.delete(storageKey(change.object));
        if (change.previous) {
          objects.set(storageKey(change.previous), change.previous);
        }
      }
    }
    return [...objects.values()].toSorted(byKey);
  }

  find(resource: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.#of(resource).find(
      ({ metadata }) => metadata.name === name && (metadata.namespace ?? "") === namespace,
    );
  }

  /** Stores a new object under the next resource version. */
  add(resource: string, object: KubernetesObject): KubernetesObject {
    const added = this.#stamped(object);
    this.#of(resource).push(added);
    this.#report("ADDED", resource, added, undefined);
    return added;
  }

  /** Replaces an object, under the next resource version. */
  replace(resource: string, previous: KubernetesObject, object: KubernetesObject): KubernetesObject {
    const replaced = this.#stamped(object);
    const objects = this.#of(resource);
    objects.splice(objects.indexOf(previous), 1, replaced);
    this.#report("MODIFIED", resource, replaced, previous);
    return replaced;
  }

  /** Removes an object. It is last seen under the next resource version. */
  remove(resource: string, previous: KubernetesObject, last: KubernetesObject = previous): KubernetesObject {
    const removed = this.#stamped(last);
    const objects = this.#of(resource);
    objects.splice(objects.indexOf(previous), 1);
    this.#report("DELETED", resource, removed, previous);
    return removed;
  }

  /** The changes of a resource after a resource version that is not before {@link oldest}. */
  changesSince(resource: string, resourceVersion: number): ObjectChange[] {
    return this.#changes.filter(
      (change) => change.resource === resource && change.resourceVersion > resourceVersion,
    );
  }

  /** Calls back on every change until the returned function is called. */
  subscribe(listener: (change: ObjectChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(resource: string): KubernetesObject[] {
    const objects = this.#cluster.objects[resource] ?? [];
    this.#cluster.objects[resource] = objects;
    return objects;
  }

  #stamped(object: KubernetesObject): KubernetesObject {
    this.#cluster.resourceVersion += 1;
    const resourceVersion = String(this.#cluster.resourceVersion);
    const { resourceVersion: _previous, ...metadata } = object.metadata;
    const inOrder = Object.entries(metadata).flatMap(([field, value]) =>
      field === "uid"
        ? [
            [field, value],
            ["resourceVersion", resourceVersion],
          ]
        : [[field, value]],
    );
    return { ...object, metadata: Object.fromEntries(inOrder) as KubernetesObject["metadata"] };
  }

  #report(
    type: ObjectChange["type"],
    resource: string,
    object: KubernetesObject,
    previous: KubernetesObject | undefined,
  ): void {
    const change = { type, resource, object, previous, resourceVersion: this.#cluster.resourceVersion };
    this.#changes.push(change);
    if (this.#changes.length > remembered) {
      this.#oldest = this.#changes.shift()?.resourceVersion ?? this.#oldest;
    }
    for (const listener of this.#listeners) {
      listener(change);
    }
  }
}

/** The key of an object among those of its resource. Lists are in the order of these keys. */
export function storageKey(object: KubernetesObject): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

function byKey(one: KubernetesObject, other: KubernetesObject): number {
  const [left, right] = [storageKey(one), storageKey(other)];
  if (left === right) {
    return 0;
  }
  return left < right ? -1 : 1;
}
