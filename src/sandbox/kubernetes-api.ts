import type { SandboxRequest, SandboxResponse, Service } from "./service.ts";
import type { ClusterRecord, ClusterUserRecord, World } from "./world.ts";
import { answerReview, reviewDefinitions } from "./kubernetes/access-reviews.ts";
import { accessDenied, mayDo, publicPaths } from "./kubernetes/authorization.ts";
import { readDeleteOptions, type DeleteOptions } from "./kubernetes/delete-options.ts";
import { discoveryDocument } from "./kubernetes/discovery.ts";
import { readPage, scopeSelector, type ListScope } from "./kubernetes/listing.ts";
import { runNamespaceController } from "./kubernetes/namespace-controller.ts";
import { ObjectStore } from "./kubernetes/object-store.ts";
import { ObjectWriter, type WriteOutcome, type WriteTarget } from "./kubernetes/object-writer.ts";
import {
  acceptedRepresentation,
  representList,
  representObject,
  respond,
  watchRepresentation,
  type Representation,
} from "./kubernetes/representation.ts";
import {
  isQueryTrue,
  requestAttributes,
  type AddressedRequest,
  type ResourceRequest,
} from "./kubernetes/request-attributes.ts";
import { checkBodySize } from "./kubernetes/request-body.ts";
import type { ResourceDefinition } from "./kubernetes/resource-definition.ts";
import { findDefinition } from "./kubernetes/resources.ts";
import {
  badRequest,
  methodNotAllowed,
  notFound,
  notImplemented,
  outage,
  StatusError,
  unauthorized,
} from "./kubernetes/status.ts";
import { watchObjects } from "./kubernetes/watching.ts";

/** The subresources that the real API server has and this one has not. */
const knownSubresources: Readonly<Record<string, readonly string[]>> = {
  namespaces: ["status", "finalize"],
  pods: [
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "log",
    "portforward",
    "proxy",
    "resize",
    "status",
  ],
  serviceaccounts: ["token"],
};

/**
 * The Kubernetes API of one cluster: namespaces, secrets, service accounts, pods, events, config maps and the
 * reviews that a user asks about itself, after release 1.32. What the real one could do and this one cannot
 * answers 501.
 */
export function createKubernetesApi(world: World, cluster: ClusterRecord): Service {
  const api = new KubernetesApi(world, cluster);
  return {
    name: `cluster ${cluster.context}`,
    handle: (request) => answerErrors(() => api.handle(request)),
    errorResponse: (_request, status, code) => outage(status, code).toResponse(),
    isMutating,
  };
}

/** Every refusal is an answer. */
function answerErrors(answer: () => SandboxResponse): SandboxResponse {
  try {
    return answer();
  } catch (error) {
    if (error instanceof StatusError) {
      return error.toResponse();
    }
    throw error;
  }
}

function isMutating(request: SandboxRequest): boolean {
  if (!["POST", "PUT", "PATCH", "DELETE"].includes(request.method)) {
    return false;
  }
  const isReview = reviewDefinitions.some(({ plural }) => request.path.endsWith(`/${plural}`));
  return !isReview && !isDryRun(request);
}

function isDryRun(request: SandboxRequest): boolean {
  if (request.query.getAll("dryRun").includes("All")) {
    return true;
  }
  if (request.method !== "DELETE") {
    return false;
  }
  try {
    return readDeleteOptions(request).dryRun;
  } catch {
    return false;
  }
}

class KubernetesApi {
  readonly #world: World;
  readonly #cluster: ClusterRecord;
  readonly #store: ObjectStore;
  readonly #writer: ObjectWriter;

  constructor(world: World, cluster: ClusterRecord) {
    this.#world = world;
    this.#cluster = cluster;
    this.#store = new ObjectStore(cluster);
    this.#writer = new ObjectWriter(cluster, this.#store);
    runNamespaceController(this.#store);
  }

  handle(request: SandboxRequest): SandboxResponse {
    const user = this.#authenticate(request);
    if (user === "anonymous") {
      return this.#answerPath(request);
    }
    const attributes = requestAttributes(request);
    if (!mayDo(user, attributes)) {
      throw accessDenied(user, attributes);
    }
    if ("path" in attributes) {
      return this.#answerPath(request);
    }
    checkBodySize(request);
    return this.#answerResource(request, attributes, user);
  }

  #authenticate(request: SandboxRequest): ClusterUserRecord | "anonymous" {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1]?.trim();
    const user = this.#cluster.users.find((one) => one.token === token);
    if (user) {
      return user;
    }
    if (request.headers.authorization === undefined && publicPaths.some((path) => path.test(request.path))) {
      return "anonymous";
    }
    throw unauthorized();
  }

  #answerPath(request: SandboxRequest): SandboxResponse {
    if (/^\/(?:healthz|livez|readyz)\/?$/.test(request.path)) {
      return plainText(200, "ok");
    }
    const document = discoveryDocument(request.path, this.#cluster.server);
    return document && request.method === "GET" ? respond(plainJson, 200, document) : pageNotFound();
  }

  #answerResource(
    request: SandboxRequest,
    attributes: AddressedRequest,
    user: ClusterUserRecord,
  ): SandboxResponse {
    const { group, version, resource, subresource } = attributes;
    const review = reviewDefinitions.find((one) => one.group === group && one.plural === resource);
    if (review && version === "v1" && attributes.isCollection) {
      if (request.method !== "POST") {
        throw methodNotAllowed();
      }
      return respond(acceptedRepresentation(request), 201, answerReview(review, user, request));
    }
    const definition = group === "" && version === "v1" ? findDefinition(resource) : undefined;
    if (!definition) {
      return pageNotFound();
    }
    if (subresource !== "") {
      return this.#refuseSubresource(definition, subresource);
    }
    const target: WriteTarget = { definition, attributes, request, user };
    return attributes.isCollection ? this.#answerCollection(target) : this.#answerObject(target);
  }

  #refuseSubresource(definition: ResourceDefinition, subresource: string): SandboxResponse {
    if (knownSubresources[definition.plural]?.includes(subresource)) {
      throw notImplemented(`${definition.plural}/${subresource}`);
    }
    return pageNotFound();
  }

  #answerCollection(target: WriteTarget): SandboxResponse {
    const { request, definition, attributes } = target;
    const isAcrossNamespaces = definition.namespaced && attributes.namespace === "";
    switch (request.method) {
      case "GET":
        return attributes.verb === "watch" ? this.#watch(target) : this.#list(target);
      case "POST":
        if (isAcrossNamespaces) {
          throw methodNotAllowed();
        }
        return this.#answerWrite(target, this.#writer.create(target));
      case "DELETE":
        if (isAcrossNamespaces || !definition.namespaced) {
          throw methodNotAllowed();
        }
        return this.#deleteCollection(target);
      default:
        throw methodNotAllowed();
    }
  }

  #answerObject(target: WriteTarget): SandboxResponse {
    switch (target.request.method) {
      case "GET":
        return this.#get(target);
      case "PUT":
        return this.#answerWrite(target, this.#writer.update(target));
      case "PATCH":
        return this.#answerWrite(target, this.#writer.patch(target));
      case "DELETE":
        return this.#delete(target, readDeleteOptions(target.request));
      default:
        throw methodNotAllowed();
    }
  }

  #get({ definition, attributes, request }: WriteTarget): SandboxResponse {
    const namespace = definition.namespaced ? attributes.namespace : "";
    const object = this.#store.find(definition.plural, namespace, attributes.name);
    if (!object) {
      throw notFound({ group: "", resource: definition.plural }, attributes.name);
    }
    const representation = acceptedRepresentation(request);
    return respond(representation, 200, representObject(definition, object, representation));
  }

  #list({ definition, attributes, request }: WriteTarget): SandboxResponse {
    const representation = acceptedRepresentation(request);
    const scope = listScope(definition, attributes);
    const { items, metadata } = readPage(this.#store, scope, request, this.#world.pageSize);
    return respond(representation, 200, representList(definition, items, metadata, representation));
  }

  #watch({ definition, attributes, request }: WriteTarget): SandboxResponse {
    if (isQueryTrue(request, "sendInitialEvents")) {
      throw notImplemented("sendInitialEvents of a watch");
    }
    const representation = acceptedRepresentation(request);
    const selector = scopeSelector(listScope(definition, attributes), request);
    const seconds = Number(request.query.get("timeoutSeconds") ?? 0);
    const version = request.query.get("resourceVersion") ?? "";
    if (!/^\d*$/.test(version) || !Number.isInteger(seconds)) {
      throw badRequest("resourceVersion and timeoutSeconds of a watch must be whole numbers");
    }
    const events = watchObjects(this.#store, {
      resource: definition.plural,
      selector,
      resourceVersion: version === "" ? undefined : Number(version),
      ended:
        seconds > 0 ? AbortSignal.any([request.closed, AbortSignal.timeout(seconds * 1000)]) : request.closed,
      show: watchRepresentation(definition, representation),
    });
    return {
      status: 200,
      headers: { "content-type": "application/json", "cache-control": "no-cache, private" },
      stream: lines(events),
    };
  }

  #delete(target: WriteTarget, options: DeleteOptions): SandboxResponse {
    const outcome = this.#writer.delete(target, options);
    const { definition, attributes } = target;
    const { object } = outcome;
    if (definition.returnsDeleted || object.metadata.deletionTimestamp) {
      return this.#answerWrite(target, outcome);
    }
    this.#reportCommit(target, outcome);
    const details = { name: attributes.name, kind: definition.plural, uid: object.metadata.uid };
    const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
    return respond(acceptedRepresentation(target.request), 200, status);
  }

  #deleteCollection(target: WriteTarget): SandboxResponse {
    const { definition, attributes, request } = target;
    const representation = acceptedRepresentation(request);
    const options = readDeleteOptions(request);
    const selector = scopeSelector(listScope(definition, attributes), request);
    const chosen = this.#store.list(definition.plural).filter(selector);
    for (const object of chosen) {
      this.#reportCommit(target, this.#writer.deleteObject(definition, object, options));
    }
    const metadata = { resourceVersion: String(this.#store.resourceVersion) };
    return respond(representation, 200, representList(definition, chosen, metadata, representation));
  }

  #answerWrite(target: WriteTarget, outcome: WriteOutcome): SandboxResponse {
    this.#reportCommit(target, outcome);
    const representation = acceptedRepresentation(target.request);
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

const plainJson: Representation = { mediaType: "application/json", as: "Object", included: "Metadata" };

function listScope(definition: ResourceDefinition, { namespace }: ResourceRequest): ListScope {
  return {
    resource: definition.plural,
    namespace: definition.namespaced ? namespace : "",
    fields: definition.fields,
  };
}

function plainText(status: number, text: string): SandboxResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
    body: text,
  };
}

function pageNotFound(): SandboxResponse {
  return plainText(404, "404 page not found\n");
}

async function* lines(events: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const event of events) {
    yield `${JSON.stringify(event)}\n`;
  }
}
