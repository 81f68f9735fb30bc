import { ExchangeError } from "../domain/http-exchange.ts";
import { readPages, type Pages } from "../domain/pages.ts";
import { withRetries, type FailedAttempt } from "../domain/retry.ts";
import { hasRight, type Send } from "./access-review.ts";
import { causeOfForbidden } from "./forbidden-cause.ts";
import { ApiStatusError, failedAttempt } from "./api-status.ts";
import { kubernetesError, type ApiRequest } from "./kubernetes-errors.ts";
import type { KubernetesHttp } from "./kubernetes-http.ts";
import { resourceUrl, type Query } from "./resource-url.ts";

/** What a request says beside what it acts on. */
export interface CallDetails {
  readonly query?: Query;
  readonly body?: object | undefined;
}

/** A write, the same whether it is made or rehearsed. */
export interface Write extends CallDetails {
  readonly request: ApiRequest;
}

/** Makes of an object what it is to us. What the API server sends has the form that it promises. */
type Read<T> = (object: never) => T;

/** One page of a list, as the API server sends it. */
interface ListPage {
  readonly items: readonly never[] | null;
  readonly metadata?: { readonly continue?: string | null } | null;
}

const methods = { get: "GET", list: "GET", create: "POST", patch: "PATCH", delete: "DELETE" } as const;

const pageSize = 500;
/** A page that is too large to be taken is asked for again with so many times fewer items. */
const pageDivisor = 8;
/** How often a list is begun again because its next page was forgotten (410). */
const listRestarts = 3;

/** Requests about resources of the core API: how they are repeated, and their failures told. */
export class KubernetesCalls {
  readonly #server: string;
  readonly #http: KubernetesHttp;

  constructor(server: string, http: KubernetesHttp) {
    this.#server = server;
    this.#http = http;
  }

  /** A read of one object; one that is not there is `undefined`. */
  async find<T>(request: ApiRequest, read: Read<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return read((await this.#repeated(request, {}, failedAttempt, signal)) as never);
    } catch (error) {
      if (error instanceof ApiStatusError && error.status.code === 404) return undefined;
      throw kubernetesError(error, request);
    }
  }

  /** A whole list, page by page, each item read. */
  async list<T>(request: ApiRequest, selector: Query, read: Read<T>, signal: AbortSignal): Promise<T[]> {
    try {
      return await readPages(this.#http.timeoutMs, signal, (pages) =>
        this.#restarted(request, selector, read, pages),
      );
    } catch (error) {
      throw kubernetesError(error, request);
    }
  }

  async #restarted<T>(request: ApiRequest, selector: Query, read: Read<T>, pages: Pages): Promise<T[]> {
    for (let restarts = 0; ; restarts += 1) {
      try {
        return await this.#pages(request, selector, read, pages);
      } catch (error) {
        const forgotten = error instanceof ApiStatusError && error.status.code === 410;
        if (!forgotten || restarts >= listRestarts) throw error;
        pages.beginAgain();
      }
    }
  }

  async #pages<T>(request: ApiRequest, selector: Query, read: Read<T>, pages: Pages): Promise<T[]> {
    const items: T[] = [];
    let limit = pageSize;
    let next: string | undefined;
    for (;;) {
      const query = { ...selector, limit, continue: next };
      let page: ListPage;
      try {
        const answer = await this.#repeated(request, { query }, failedAttempt, pages.signal, isList);
        page = answer as ListPage;
      } catch (error) {
        const tooLarge = error instanceof ExchangeError && error.failure === "too-large";
        if (!tooLarge || limit === 1) throw error;
        limit = Math.max(1, Math.floor(limit / pageDivisor));
        continue;
      }
      items.push(...(page.items ?? []).map(read));
      next = page.metadata?.continue ?? undefined;
      if (next === undefined || next === "") return items;
      pages.goOn(next);
    }
  }

  /**
   * A write that may be sent twice, for the second of two the same is refused with 409: it creates something, or
   * names a resource version. After a try whose answer was lost a 409 may be its own echo; `landed` then looks
   * whether what was wanted is there.
   */
  async write<T>(
    { request, ...details }: Write,
    read: Read<T>,
    landed: () => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T> {
    let lost = false;
    try {
      const answer = await this.#repeated(
        request,
        details,
        (error) => {
          const failed = failedAttempt(error);
          if (failed && (failed.status === undefined || failed.status >= 500)) lost = true;
          return failed;
        },
        signal,
      );
      return read(answer as never);
    } catch (error) {
      const { status } = error instanceof ApiStatusError ? error : {};
      if (lost && status?.code === 409 && status.refusedBy === undefined) {
        const found = await landed();
        if (found !== undefined) return found;
      }
      throw await this.#told(error, request, signal);
    }
  }

  /**
   * Asks what the API server would say to a write: it goes through everything that a write does, and nothing is kept.
   * @throws ActionableError as the write itself would
   */
  async rehearse({ request, query, body }: Write, signal: AbortSignal): Promise<void> {
    // Of a deletion with a body the options are read from that alone, and its query says nothing:
    // https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/delete.go
    const details: CallDetails = {
      query: { ...query, dryRun: "All" },
      body: request.verb === "delete" ? { ...body, dryRun: ["All"] } : body,
    };
    try {
      await this.#repeated(request, details, failedAttempt, signal);
    } catch (error) {
      throw await this.#told(error, request, signal);
    }
  }

  async #told(error: unknown, request: ApiRequest, signal: AbortSignal): Promise<unknown> {
    const cause = await causeOfForbidden(error, request, this.#server, this.#sender(signal));
    return kubernetesError(error, request, cause);
  }

  /** Whether the caller has a right; false where that cannot be told. Without a namespace: in all of them. */
  async mayDo(right: Omit<ApiRequest, "context">, signal: AbortSignal): Promise<boolean> {
    try {
      return await hasRight(right, this.#server, this.#sender(signal));
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  }

  #sender(signal: AbortSignal): Send {
    return (method, url, body) => this.#http.send({ method, url, body }, signal, this.#http.timeoutMs);
  }

  #repeated(
    request: ApiRequest,
    { query, body }: CallDetails,
    classify: (error: unknown) => FailedAttempt | undefined,
    signal: AbortSignal,
    accept?: (answer: unknown) => boolean,
  ): Promise<unknown> {
    const sent = {
      method: methods[request.verb],
      url: resourceUrl(this.#server, request, query),
      body,
      accept,
    };
    return withRetries(
      (leftMs) => this.#http.send(sent, signal, leftMs),
      classify,
      signal,
      this.#http.timeoutMs,
    );
  }
}

/**
 * Whether an answer is a list: taken for an empty one, anything else would say that there is nothing. Go writes `null`
 * for a list that nothing was ever put into, as older API servers and proxies that sift lists do.
 */
function isList(answer: unknown): boolean {
  const { kind, items } = Object(answer) as { kind?: unknown; items?: unknown };
  return Array.isArray(items) || (items === null && typeof kind === "string" && kind.endsWith("List"));
}
