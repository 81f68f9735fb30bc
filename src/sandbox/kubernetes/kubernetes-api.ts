import { v4 as uuid } from "uuid";
import { answerReview, reviewDefinitions } from "./access-reviews.ts";
import { authenticate } from "./authentication.ts";
import { accessDenied, mayDo, type Caller } from "./authorization.ts";
import { readDeleteOptions } from "./delete-options.ts";
import { discoveryDocument } from "./discovery.ts";
import { ObjectEndpoints } from "./object-endpoints.ts";
import { ObjectStore } from "./object-store.ts";
import { acceptedRepresentation, respond, type Representation } from "./representation.ts";
import { runControllers, type Later } from "./controller-manager.ts";
import { requestAttributes, type AddressedRequest } from "./request-attributes.ts";
import { checkBodySize } from "./request-body.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { findDefinition } from "./resources.ts";
import { methodNotAllowed, noSuchResource, notImplemented, outage, StatusError } from "./status.ts";
import type { Warned } from "./write-options.ts";
import type { SandboxRequest, SandboxResponse, Service } from "../service.ts";
import type { ClusterRecord, World } from "../world.ts";

/** The subresources that the real API server has, but this one does not. */
const knownSubresources: Readonly<Record<string, readonly string[]>> = {
  namespaces: ["status", "finalize"],
  nodes: ["proxy", "status"],
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
  resourcequotas: ["status"],
  serviceaccounts: ["token"],
};

/**
 * The Kubernetes API of one cluster, as in release 1.34: namespaces, secrets, service accounts, pods, events, config
 * maps, quotas on numbers of objects, and the reviews that a user asks about itself. It answers 501 to what the real
 * API server can do but this one cannot.
 * @param later decides when the controllers act; by default, soon after a change
 */
export function createKubernetesApi(world: World, cluster: ClusterRecord, later?: Later): Service {
  const api = new KubernetesApi(world, cluster, later);
  return {
    name: `cluster ${cluster.context}`,
    clockAheadMs: () => cluster.clockAheadMs,
    handle: (request) => audited(api.handle(request)),
    errorResponse: (_request, status, code) => audited(outage(status, code).toResponse()),
    isMutating,
  };
}

/**
 * Adds the id of the entry in the audit log. Every answer has one.
 * https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/audit_init.go
 */
function audited(response: SandboxResponse): SandboxResponse {
  return { ...response, headers: { ...response.headers, "Audit-Id": uuid() } };
}

/** Turns a refusal into an answer. */
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
  if (request.method !== "DELETE") {
    return request.query.getAll("dryRun").includes("All");
  }
  try {
    return readDeleteOptions(request).dryRun;
  } catch {
    return false;
  }
}

class KubernetesApi {
  readonly #cluster: ClusterRecord;
  readonly #objects: ObjectEndpoints;

  constructor(world: World, cluster: ClusterRecord, later?: Later) {
    const store = new ObjectStore(cluster);
    this.#cluster = cluster;
    this.#objects = new ObjectEndpoints(world, cluster, store);
    runControllers(store, later);
  }

  /** The answer, which may be a refusal, with the warnings about the request. */
  handle(request: SandboxRequest): SandboxResponse {
    const warnings: string[] = [];
    const response = answerErrors(() => this.#answer({ request, warnings }));
    return warnings.length === 0 ? response : { ...response, warnings: [...new Set(warnings)].map(warning) };
  }

  #answer(asked: Warned): SandboxResponse {
    const { request } = asked;
    const user = authenticate(request, this.#cluster);
    const attributes = requestAttributes(request);
    const isRooted = !request.pathAsSent?.startsWith("//");
    if (!mayDo(user, attributes)) {
      throw accessDenied(user, attributes);
    }
    if ("path" in attributes || !isRooted) {
      return this.#answerPath(request);
    }
    checkBodySize(request);
    return this.#answerResource(asked, attributes, user);
  }

  #answerPath(request: SandboxRequest): SandboxResponse {
    if (/^\/(?:healthz|livez|readyz)\/?$/.test(request.path)) {
      return plainText(200, "ok");
    }
    const path = request.pathAsSent ?? request.path;
    const document = discoveryDocument(path, this.#cluster.server);
    if (document && request.method === "GET") {
      return respond(plainJson, 200, document);
    }
    return /^\/api\/[^/]+$/.test(path) && !document ? noSuchResource().toResponse() : pageNotFound();
  }

  #answerResource(asked: Warned, attributes: AddressedRequest, user: Caller): SandboxResponse {
    const { request } = asked;
    const { group, version, resource, subresource } = attributes;
    const review = reviewDefinitions.find((one) => one.group === group && one.plural === resource);
    if (review && version === "v1" && attributes.isCollection) {
      if (request.method !== "POST") {
        throw methodNotAllowed();
      }
      const representation = acceptedRepresentation(request);
      return respond(representation, 201, answerReview(review, user, asked));
    }
    const definition = group === "" && version === "v1" ? findDefinition(resource) : undefined;
    if (!definition) {
      return group === "" ? noSuchResource().toResponse() : pageNotFound();
    }
    if (subresource !== "") {
      throw this.#refusedSubresource(definition, subresource);
    }
    if (
      attributes.isInNamespace ? !definition.namespaced : definition.namespaced && !attributes.isCollection
    ) {
      throw noSuchResource();
    }
    const target = { definition, attributes, user, ...asked };
    return attributes.isCollection ? this.#objects.onCollection(target) : this.#objects.onObject(target);
  }

  #refusedSubresource({ plural }: ResourceDefinition, subresource: string): StatusError {
    const isKnown = knownSubresources[plural]?.includes(subresource);
    return isKnown ? notImplemented(`${plural}/${subresource}`) : noSuchResource();
  }
}

/**
 * A warning as a header's value. Characters outside ASCII are sent as the bytes of UTF-8.
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/util/net/http.go (NewWarningHeader)
 */
function warning(text: string): string {
  return Buffer.from(`299 - ${JSON.stringify(text)}`).toString("latin1");
}

const plainJson: Representation = { mediaType: "application/json", as: "Object", includeObject: "" };

function plainText(status: number, text: string): SandboxResponse {
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-cache, private",
      "x-content-type-options": "nosniff",
    },
    body: text,
  };
}

function pageNotFound(): SandboxResponse {
  return plainText(404, "404 page not found\n");
}
