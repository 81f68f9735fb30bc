import type { KubernetesObject } from "../world.ts";
import type { ObjectChange, ObjectStore } from "./object-store.ts";
import type { Selector } from "./selectors.ts";
import { expiredWatch } from "./status.ts";

/** One line of a watch. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

/** What to watch, from which version, and until when. */
export interface WatchOptions {
  readonly resource: string;
  readonly selector: Selector;
  /** If it is undefined or 0, the watch first shows the existing objects. */
  readonly resourceVersion: number | undefined;
  /** Ends the watch. */
  readonly ended: AbortSignal;
  /** Makes the form in which an object is shown. */
  readonly show: (object: KubernetesObject) => unknown;
}

/**
 * The changes of a resource as they happen, until the signal aborts. As with the API server, a change that brings an
 * object into or out of the selection is shown as added or deleted.
 */
export async function* watchObjects(store: ObjectStore, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { resource, selector, resourceVersion, ended, show } = options;
  if (resourceVersion && resourceVersion < store.oldest) {
    yield { type: "ERROR", object: expiredWatch(resourceVersion, store.oldest).toBody() };
    return;
  }
  const waiting: ObjectChange[] = resourceVersion ? store.changesSince(resource, resourceVersion) : [];
  let wake: () => void = () => undefined;
  const unsubscribe = store.subscribe((change) => {
    if (change.resource === resource) {
      waiting.push(change);
      wake();
    }
  });
  const stop = (): void => wake();
  ended.addEventListener("abort", stop);
  try {
    const existing = resourceVersion ? [] : store.list(resource).filter(selector);
    for (const object of existing) {
      yield { type: "ADDED", object: show(object) };
    }
    while (!ended.aborted) {
      const change = waiting.shift();
      const type = change && typeFor(change, selector);
      if (change && type) {
        yield { type, object: show(lastSelected(change, type)) };
      } else if (!change) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    unsubscribe();
    ended.removeEventListener("abort", stop);
  }
}

/** An object that leaves the selection is shown as it last was in it, with the version at which it left. */
function lastSelected({ object, previous, type }: ObjectChange, shown: WatchEvent["type"]): KubernetesObject {
  if (shown !== "DELETED" || type === "DELETED" || !previous) {
    return object;
  }
  const { resourceVersion } = object.metadata;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion } };
}

function typeFor(change: ObjectChange, selector: Selector): ObjectChange["type"] | undefined {
  const was = change.previous !== undefined && selector(change.previous);
  const is = change.type !== "DELETED" && selector(change.object);
  if (was && is) {
    return "MODIFIED";
  }
  if (is) {
    return "ADDED";
  }
  return was ? "DELETED" : undefined;
}
