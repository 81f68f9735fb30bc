import type { SandboxResponse } from "../service.ts";
import type { ClusterRecord, World } from "../world.ts";
import { readDeleteOptions } from "./delete-options.ts";
import { readListOptions, versionError } from "./list-options.ts";
import { readPage, scopeSelector, type ListScope } from "./listing.ts";
import type { WriteOutcome } from "./object-lifecycle.ts";
import type { ObjectStore } from "./object-store.ts";
import { ObjectWriter, type WriteTarget } from "./object-writer.ts";
import {
  acceptedEvents,
  acceptedRepresentation,
  representList,
  representObject,
  respond,
  watchRepresentation,
} from "./representation.ts";
import { isQueryTrue, type ResourceRequest } from "./request-attributes.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { methodNotAllowed, notFound, notImplemented, unconverted } from "./status.ts";
import { watchObjects } from "./watching.ts";

/** Answers the verbs on the resources that the server keeps. */
export class ObjectEndpoints {
  readonly #world: World;
  readonly #store: ObjectStore;
  readonly #writer: ObjectWriter;

  constructor(world: World, cluster: ClusterRecord, store: ObjectStore) {
    this.#world = world;
    this.#store = store;
    this.#writer = new ObjectWriter(cluster, store);
  }

  /** Answers a request on all objects of a resource, in one namespace or in all. @throws StatusError */
  onCollection(target: WriteTarget): SandboxResponse {
    const { request, definition, attributes } = target;
    const isAcrossNamespaces = definition.namespaced && attributes.namespace === "";
    switch (request.method) {
      case "GET":
        return attributes.verb === "watch" ? this.#watch(target) : this.#list(target);
      case "POST":
        if (isAcrossNamespaces) {
          throw methodNotAllowed();
        }
        return this.#answerWrite(target, () => this.#writer.create(target));
      case "DELETE":
        if (isAcrossNamespaces || !definition.namespaced) {
          throw methodNotAllowed();
        }
        return this.#deleteCollection(target);
      default:
        throw methodNotAllowed();
    }
  }

  /** Answers a request on one object. @throws StatusError */
  onObject(target: WriteTarget): SandboxResponse {
    switch (target.request.method) {
      case "GET":
        return this.#get(target);
      case "PUT":
        return this.#answerWrite(target, () => this.#writer.update(target));
      case "PATCH":
        return this.#answerWrite(target, () => this.#writer.patch(target));
      case "DELETE":
        return this.#delete(target);
      default:
        throw methodNotAllowed();
    }
  }

  #get({ definition, attributes, request }: WriteTarget): SandboxResponse {
    const representation = acceptedRepresentation(request);
    const wrong = versionError(request.query.get("resourceVersion") ?? "");
    if (wrong !== undefined) {
      throw unconverted(wrong);
    }
    const namespace = definition.namespaced ? attributes.namespace : "";
    const object = this.#store.find(definition.plural, namespace, attributes.name);
    if (!object) {
      throw notFound({ group: "", resource: definition.plural }, attributes.name);
    }
    return respond(representation, 200, representObject(definition, object, representation));
  }

  #list({ definition, attributes, request }: WriteTarget): SandboxResponse {
    const representation = acceptedRepresentation(request);
    const scope = listScope(definition, attributes);
    const { items, metadata } = readPage(this.#store, scope, request, this.#world.pageSize);
    return respond(representation, 200, representList(definition, items, metadata, representation));
  }

  #watch({ definition, attributes, request }: WriteTarget): SandboxResponse {
    const representation = acceptedEvents(request);
    const { resourceVersion, timeoutSeconds } = readListOptions(request);
    if (isQueryTrue(request, "sendInitialEvents")) {
      throw notImplemented("sendInitialEvents of a watch");
    }
    const events = watchObjects(this.#store, {
      resource: definition.plural,
      selector: scopeSelector(listScope(definition, attributes), request),
      resourceVersion: resourceVersion || undefined,
      ended: timeoutSeconds > 0 ? endedAfter(timeoutSeconds * 1000, request.closed) : request.closed,
      show: watchRepresentation(definition, representation),
    });
    return {
      status: 200,
      headers: { "content-type": "application/json", "cache-control": "no-cache, private" },
      stream: lines(events),
    };
  }

  #delete(target: WriteTarget): SandboxResponse {
    const representation = acceptedRepresentation(target.request);
    const options = readDeleteOptions(target.request);
    const outcome = this.#writer.delete(target, options);
    const { definition, attributes } = target;
    const { object } = outcome;
    if (definition.returnsDeleted || object.metadata.deletionTimestamp) {
      return this.#answerWrite(target, () => outcome);
    }
    this.#reportCommit(target, outcome);
    const details = { name: attributes.name, kind: definition.plural, uid: object.metadata.uid };
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
    return respond(representation, 200, status);
  }

  #deleteCollection(target: WriteTarget): SandboxResponse {
    const { definition, attributes, request } = target;
    const representation = acceptedRepresentation(request);
    const options = readDeleteOptions(request);
    const scope = listScope(definition, attributes);
    const { items, metadata } = readPage(this.#store, scope, request, this.#world.pageSize);
    for (const object of items) {
      this.#reportCommit(target, this.#writer.deleteObject(definition, object, options));
    }
    return respond(representation, 200, representList(definition, items, metadata, representation));
  }

  /** Writes nothing if the client accepts none of the forms that the server can answer in. */
  #answerWrite(target: WriteTarget, write: () => WriteOutcome): SandboxResponse {
    const representation = acceptedRepresentation(target.request);
    const outcome = write();
    this.#reportCommit(target, outcome);
    const body = representObject(target.definition, outcome.object, representation);
    return respond(representation, outcome.created ? 201 : 200, body);
  }

  #reportCommit({ request, definition }: WriteTarget, { object, committed }: WriteOutcome): void {
    if (committed) {
      const { namespace, name } = object.metadata;
      const what = namespace ? `${namespace}/${name}` : name;
      this.#world.committed(`${request.method} ${definition.plural} ${what}`);
    }
  }
}

function listScope(definition: ResourceDefinition, { namespace }: ResourceRequest): ListScope {
  return {
    resource: definition.plural,
    namespace: definition.namespaced ? namespace : "",
    fields: definition.fields,
  };
}

async function* lines(events: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const event of events) {
    yield `${JSON.stringify(event)}\n`;
  }
}

/**
 * A signal that aborts after a time, or earlier with another signal. A timer of its own keeps it alive. Nothing would
 * keep AbortSignal.any over AbortSignal.timeout alive, and a signal that is garbage-collected never fires:
 * https://github.com/nodejs/node/issues/54614
 */
function endedAfter(milliseconds: number, closed: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const end = (): void => {
    clearTimeout(timer);
    closed.removeEventListener("abort", end);
    ended.abort();
  };
  const timer = setTimeout(end, milliseconds);
  closed.addEventListener("abort", end, { once: true });
  if (closed.aborted) end();
  return ended.signal;
}
