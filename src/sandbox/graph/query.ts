import { answer, context, type GraphCall } from "./call.ts";
import { badRequest, notImplemented } from "./errors.ts";
import { filter } from "./filter.ts";
import type { SandboxResponse } from "../service.ts";

/** An object as Graph shows it. */
export type GraphResource = Readonly<Record<string, unknown>>;

/** How a collection can be queried. */
export interface Collection {
  /** As in `@odata.context`, such as `applications`. */
  readonly name: string;
  /** As in Graph's own errors, such as `Application`. */
  readonly type: string;
  /** Properties that `eq`, `in` and `startsWith` may name, and `any` for lists. */
  readonly filterable: readonly string[];
}

/** The number of items in a page by default, and the most that `$top` may ask for. */
const usualPage = 100;
const largestPage = 999;

const supported = new Set(["$filter", "$select", "$top", "$skiptoken"]);

/** One page of the collection: filtered, with only the properties asked for, and with a link to the next page. */
export function listAnswer(
  call: GraphCall,
  collection: Collection,
  resources: readonly GraphResource[],
): SandboxResponse {
  const { query } = call.request;
  for (const option of query.keys()) {
    if (option.startsWith("$") && !supported.has(option)) throw notImplemented(`the query option ${option}`);
  }
  const matches = filter(query.get("$filter"), collection);
  const found = resources.filter(matches);
  const from = offset(query.get("$skiptoken"));
  const size = pageSize(query.get("$top"), call.world.pageSize);
  const next = from + size < found.length ? { "@odata.nextLink": nextLink(call, from + size) } : {};
  const selected = selection(query);
  return answer(call, {
    ...context(call.world, selected ? `${collection.name}(${selected.join(",")})` : collection.name),
    ...next,
    value: found.slice(from, from + size).map((resource) => select(resource, selected)),
  });
}

/** One object, with only the properties asked for. */
export function entityAnswer(
  call: GraphCall,
  collection: Collection,
  resource: GraphResource,
  status = 200,
): SandboxResponse {
  const selected = selection(call.request.query);
  const name = selected ? `${collection.name}(${selected.join(",")})` : collection.name;
  const { azureUrl, tenantId } = call.world;
  const place = `${azureUrl}/v2/${tenantId}/directoryObjects/${String(resource["id"])}`;
  const headers: Record<string, string> =
    status === 201 ? { Location: `${place}/Microsoft.DirectoryServices.${collection.type}` } : {};
  return answer(
    call,
    { ...context(call.world, `${name}/$entity`), ...select(resource, selected) },
    status,
    headers,
  );
}

function selection(query: URLSearchParams): string[] | undefined {
  const names = query
    .get("$select")
    ?.split(",")
    .map((name) => name.trim());
  return names?.filter((name) => name !== "");
}

function select(resource: GraphResource, names: readonly string[] | undefined): GraphResource {
  if (!names) return resource;
  const wanted = names.map((name) => name.toLowerCase());
  return Object.fromEntries(
    Object.entries(resource).filter(
      ([name]) => name === "@odata.type" || wanted.includes(name.toLowerCase()),
    ),
  );
}

function pageSize(top: string | null, worlds: number | undefined): number {
  if (top === null) return worlds ?? usualPage;
  const size = /^\d+$/.test(top) ? Number(top) : 0;
  if (size < 1 || size > largestPage) {
    throw badRequest(
      `Invalid page size specified: '${top}'. Must be between 1 and ${largestPage} inclusive.`,
    );
  }
  // A page may always be smaller than was asked for.
  return Math.min(size, worlds ?? size);
}

function offset(token: string | null): number {
  if (token === null) return 0;
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (!/^from:\d+$/.test(text)) throw badRequest("The specified skip token is invalid.");
  return Number(text.slice("from:".length));
}

function nextLink(call: GraphCall, from: number): string {
  const query = new URLSearchParams(call.request.query);
  query.set("$skiptoken", Buffer.from(`from:${from}`).toString("base64url"));
  // Option names keep their dollar sign, as Graph writes them.
  return `${call.world.azureUrl}${call.request.path}?${query.toString().replaceAll("%24", "$")}`;
}
