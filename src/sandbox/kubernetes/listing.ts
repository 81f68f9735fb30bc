import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import type { JsonObject } from "./json.ts";
import { readListOptions, type ListOptions } from "./list-options.ts";
import { storageKey, type ObjectStore } from "./object-store.ts";
import { requestSelector, selects, type SelectableFields, type Selector } from "./selectors.ts";
import { badRequest, expiredContinue, expiredList, tooLargeVersion } from "./status.ts";

/*
 * Lists, whole or page by page. A list that is continued shows the objects as they were when its first page was
 * read. If that state is no longer remembered, the answer is 410.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */

/** One page of a list. */
export interface Page {
  readonly items: readonly KubernetesObject[];
  /** The list's own metadata. */
  readonly metadata: JsonObject;
}

/** What to list. */
export interface ListScope {
  readonly resource: string;
  /** Empty for all namespaces, and for resources that are not in a namespace. */
  readonly namespace: string;
  readonly fields: SelectableFields;
}

interface Continuation {
  /** The resource version of the list; -1 continues with the current objects. */
  readonly rv: number;
  /** The key of the last object shown, with a zero byte added so that it sorts after that object. */
  readonly start: string;
}

/**
 * Reads the page that the request asks for.
 * @param pageSize the most objects on a page if the request asks for pages, whatever `limit` says
 * @throws StatusError 400 for a bad selector, option or token, 410 for an expired token, 504 for a future version
 */
export function readPage(
  store: ObjectStore,
  scope: ListScope,
  request: SandboxRequest,
  pageSize: number | undefined,
): Page {
  const options = readListOptions(request);
  const selector = scopeSelector(scope, request);
  const from = options.continueToken ? decodeToken(options.continueToken) : undefined;
  const limit = options.limit === Infinity ? Infinity : Math.min(options.limit, pageSize ?? Infinity);
  const resourceVersion = shownVersion(store, options, from);
  const all =
    resourceVersion === store.resourceVersion
      ? store.list(scope.resource)
      : store.listAt(scope.resource, resourceVersion);
  const left = all.filter(
    (object) => isWithin(scope, object) && (from === undefined || storageKey(object) >= from.start),
  );
  const chosen = left.filter(selector);
  const items = chosen.slice(0, limit);
  const last = items.at(-1);
  // Only with the next page does the API server find out whether the selector matches any of the rest.
  const isMore = last !== undefined && items.length === limit && left.at(-1) !== last;
  const next = isMore ? encodeToken({ rv: resourceVersion, start: `${storageKey(last)}\0` }) : "";
  return {
    items,
    metadata: {
      resourceVersion: String(resourceVersion),
      ...(next && { continue: next }),
      ...(next && !selects(request) && { remainingItemCount: chosen.length - items.length }),
    },
  };
}

/** The version whose objects are shown. @throws StatusError 410 for a forgotten version, 504 for a future one */
function shownVersion(
  store: ObjectStore,
  { resourceVersion, isExact }: ListOptions,
  from: Continuation | undefined,
): number {
  const now = store.resourceVersion;
  const wanted = from ? from.rv : resourceVersion;
  if (wanted > now) {
    throw tooLargeVersion(wanted, now);
  }
  if (from && from.rv >= 0 && from.rv < store.oldest) {
    throw expiredContinue(encodeToken({ rv: -1, start: from.start }));
  }
  if (isExact && wanted < store.oldest) {
    throw expiredList();
  }
  return isExact || (from && from.rv >= 0) ? wanted : now;
}

function isWithin({ namespace }: ListScope, { metadata }: KubernetesObject): boolean {
  return namespace === "" || metadata.namespace === namespace;
}

/** Selects what a list or watch of this scope shows. @throws StatusError 400 for a bad selector */
export function scopeSelector(scope: ListScope, request: SandboxRequest): Selector {
  const selector = requestSelector(request, scope.fields);
  return (object) => isWithin(scope, object) && selector(object);
}

function encodeToken(continuation: Continuation): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", ...continuation })).toString("base64url");
}

function decodeToken(token: string): Continuation {
  try {
    const value = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Partial<Continuation>;
    if (typeof value.rv === "number" && typeof value.start === "string") {
      return { rv: value.rv, start: value.start };
    }
  } catch {
    // Refused below: this server did not issue the token.
  }
  throw badRequest("continue key is not valid: unable to decode the continue token");
}
