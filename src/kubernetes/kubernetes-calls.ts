import type { CoreV1Api, HttpLibrary } from "@kubernetes/client-node";
import { ExchangeError, type HttpAnswer } from "../domain/http-exchange.ts";
import { readPages, type Pages } from "../domain/pages.ts";
import { withRetries, type FailedAttempt } from "../domain/retry.ts";
import type { ApiRequest } from "./api-request.ts";
import { ApiStatusError, failedAttempt } from "./api-status.ts";
import { accessReview } from "./forbidden.ts";
import { kubernetesError } from "./kubernetes-errors.ts";
import type { KubernetesHttp } from "./kubernetes-http.ts";
import type { TypedApi } from "./typed-api.ts";

/** The last argument of each call of the typed API: how its request is sent. */
export interface CallOptions {
  readonly httpApi: HttpLibrary;
  /** The parsed answer, after it has come. */
  readonly answer: () => unknown;
}

/** One call of the typed API. */
export type Call<T> = (core: CoreV1Api, options: CallOptions) => Promise<T>;

/** A write. It is the same whether it is made or rehearsed. */
export interface Write<T> {
  readonly request: ApiRequest;
  /** @param dryRun part of the request; if it is set, nothing is kept */
  readonly call: (core: CoreV1Api, dryRun: "All" | undefined, options: CallOptions) => Promise<T>;
}

/** One page of a list. */
interface Page<T> {
  readonly kind?: string;
  readonly items: readonly T[] | null;
  readonly metadata?: { readonly _continue?: string };
}

/** Reads one page of a list. */
export type PageCall<T> = (
  core: CoreV1Api,
  page: { readonly limit: number; readonly _continue?: string },
  options: CallOptions,
) => Promise<Page<T>>;

const pageSize = 500;
/** If a page is too large, it is requested again with its limit divided by this. */
const pageDivisor = 8;
/** How often to restart a list if the server has forgotten its next page (410). */
const listRestarts = 3;

/** Makes calls of the typed API, repeats them, and turns their failures into ActionableErrors. */
export class KubernetesCalls {
  readonly #server: string;
  readonly #http: KubernetesHttp;
  #api: TypedApi | undefined;

  constructor(server: string, http: KubernetesHttp) {
    this.#server = server;
    this.#http = http;
  }

  /** Reads one object; undefined if it does not exist. */
  async find<T, R>(
    request: ApiRequest,
    call: Call<T>,
    read: (object: T) => R,
    signal: AbortSignal,
  ): Promise<R | undefined> {
    try {
      return read(await this.#repeated(call, failedAttempt, signal));
    } catch (error) {
      if (error instanceof ApiStatusError && error.status.code === 404) return undefined;
      throw kubernetesError(error, request);
    }
  }

  /** Reads a whole list, page by page. */
  async list<T, R>(
    request: ApiRequest,
    call: PageCall<T>,
    read: (item: T) => R,
    signal: AbortSignal,
  ): Promise<R[]> {
    try {
      return await readPages(this.#http.timeoutMs, signal, (pages) => this.#restarted(call, read, pages));
    } catch (error) {
      throw kubernetesError(error, request);
    }
  }

  async #restarted<T, R>(call: PageCall<T>, read: (item: T) => R, pages: Pages): Promise<R[]> {
    for (let restarts = 0; ; restarts += 1) {
      try {
        return await this.#pages(call, read, pages);
      } catch (error) {
        const forgotten = error instanceof ApiStatusError && error.status.code === 410;
        if (!forgotten || restarts >= listRestarts) throw error;
        pages.beginAgain();
      }
    }
  }

  async #pages<T, R>(call: PageCall<T>, read: (item: T) => R, pages: Pages): Promise<R[]> {
    const items: R[] = [];
    let limit = pageSize;
    let next = "";
    for (;;) {
      const wanted = { limit, ...(next !== "" && { _continue: next }) };
      let page: Page<T>;
      try {
        page = await this.#repeated(
          async (core, options) => listed(await call(core, wanted, options)),
          failedAttempt,
          pages.signal,
        );
      } catch (error) {
        const tooLarge = error instanceof ExchangeError && error.failure === "too-large";
        if (!tooLarge || limit === 1) throw error;
        limit = Math.max(1, Math.floor(limit / pageDivisor));
        continue;
      }
      items.push(...(page.items ?? []).map(read));
      next = page.metadata?._continue ?? "";
      if (next === "") return items;
      pages.goOn(next);
    }
  }

  /**
   * Makes a write. It may be sent twice, because it creates something or names a resource version: the second try is
   * refused with 409. If an earlier try's answer was lost, that try may be the cause of the 409.
   * @param landed called in that case: returns what the write was to make, if it is there
   */
  async write<T, R>(
    { request, call }: Write<T>,
    read: (object: T) => R,
    landed: () => Promise<R | undefined>,
    signal: AbortSignal,
  ): Promise<R> {
    let lost = false;
    try {
      const answer = await this.#repeated(
        (core, options) => call(core, undefined, options),
        (error) => {
          const failed = failedAttempt(error);
          if (failed && (failed.status === undefined || failed.status >= 500)) lost = true;
          return failed;
        },
        signal,
      );
      return read(answer);
    } catch (error) {
      const { status } = error instanceof ApiStatusError ? error : {};
      if (lost && status?.code === 409 && status.refusedBy === undefined) {
        const found = await landed();
        if (found !== undefined) return found;
      }
      throw kubernetesError(error, request);
    }
  }

  /**
   * Asks the API server what it would say to a write: everything is checked and nothing is kept.
   * @throws ActionableError as the write itself would
   */
  async rehearse({ request, call }: Write<unknown>, signal: AbortSignal): Promise<void> {
    try {
      await this.#repeated((core, options) => call(core, "All", options), failedAttempt, signal);
    } catch (error) {
      throw kubernetesError(error, request);
    }
  }

  /** Whether the caller has a right, in all namespaces if none is given; false if the cluster does not say. */
  async mayDo(right: Omit<ApiRequest, "context">, signal: AbortSignal): Promise<boolean> {
    return (await this.#allows(right, signal)) === true;
  }

  /** Whether the API server says that the caller has not got a right. */
  async isDenied(right: Omit<ApiRequest, "context">, signal: AbortSignal): Promise<boolean> {
    return (await this.#allows(right, signal)) === false;
  }

  /** Undefined if the cluster does not say. */
  async #allows(right: Omit<ApiRequest, "context">, signal: AbortSignal): Promise<boolean | undefined> {
    try {
      const body = accessReview(right);
      const { status } = await this.#once(
        ({ authorization }, options) => authorization.createSelfSubjectAccessReview({ body }, options),
        signal,
      );
      return status?.allowed;
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    }
  }

  #repeated<T>(
    call: Call<T>,
    classify: (error: unknown) => FailedAttempt | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    return withRetries(
      (leftMs) => this.#once(({ core }, options) => call(core, options), signal, leftMs),
      classify,
      signal,
      this.#http.timeoutMs,
    );
  }

  /** @throws ApiStatusError for every answer except a success that can be read */
  async #once<T>(
    call: (api: TypedApi, options: CallOptions) => Promise<T>,
    signal: AbortSignal,
    limitMs = this.#http.timeoutMs,
  ): Promise<T> {
    const { openTypedApi, httpLibrarySending } = await import("./typed-api.ts");
    this.#api ??= openTypedApi(this.#server);
    let answer: HttpAnswer | undefined;
    const httpApi = httpLibrarySending(
      async (request) => (answer = await this.#http.send(request, signal, limitMs)),
    );
    const parsed = () => JSON.parse(answer?.body.toString("utf8") ?? "") as unknown;
    try {
      const read = await call(this.#api, { httpApi, answer: parsed });
      if (isObject(read)) return read;
    } catch (error) {
      // The client cannot read the answer, and its message may quote it.
      if (!answer || !(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    }
    if (!answer) throw new TypeError("no request was made");
    throw new ApiStatusError(answer);
  }
}

/**
 * The page, if it is a list. Anything else must not pass for an empty list. Older API servers, and proxies that filter
 * lists, send Go's `null` for an empty list.
 * @throws TypeError
 */
function listed<T>(page: Page<T>): Page<T> {
  const { kind, items } = page;
  if (items?.every(isObject) || (items === null && kind?.endsWith("List"))) return page;
  throw new TypeError("no list");
}

/** Whether the client read an object. If the answer is a string, a number or a list, it makes an empty object. */
function isObject(read: unknown): boolean {
  return typeof read === "object" && read !== null && Object.keys(read).length > 0;
}
