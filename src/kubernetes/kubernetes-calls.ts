import {
  AuthorizationV1Api,
  CoreV1Api,
  createConfiguration,
  ServerConfiguration,
} from "@kubernetes/client-node";
import { ExchangeError } from "../domain/http-exchange.ts";
import { withRetries, type FailedAttempt } from "../domain/retry.ts";
import { causeOfForbidden } from "./forbidden-cause.ts";
import { ApiStatusError, failedAttempt } from "./api-status.ts";
import { kubernetesError, type ApiRequest } from "./kubernetes-errors.ts";
import type { KubernetesHttp } from "./kubernetes-http.ts";

/** What makes a call of the typed API travel by our transport. */
export interface Carrier {
  readonly httpApi: ReturnType<KubernetesHttp["library"]>;
}

/** One call of the typed API, as often as it takes. */
export type Call<T> = (api: CoreV1Api, carrier: Carrier) => Promise<T>;

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; absent or empty on the last. */
  readonly next: string | undefined;
}

/** Reads one page of a list. */
type ReadPage<T> = (
  page: { limit: number; _continue?: string },
  api: CoreV1Api,
  carrier: Carrier,
) => Promise<Page<T>>;

const pageSize = 500;
/** A page that is too large to be taken is asked for again with so many times fewer items. */
const pageDivisor = 8;
/** How often a list is begun again because its next page was forgotten (410). */
const listRestarts = 3;

/** How calls of the typed API are repeated, and their failures told. */
export class KubernetesCalls {
  readonly #http: KubernetesHttp;
  readonly #core: CoreV1Api;
  readonly #authorization: AuthorizationV1Api;

  constructor(server: string, http: KubernetesHttp) {
    this.#http = http;
    const configuration = createConfiguration({ baseServer: new ServerConfiguration(server, {}) });
    this.#core = new CoreV1Api(configuration);
    this.#authorization = new AuthorizationV1Api(configuration);
  }

  /** A read of one object; one that is not there is `undefined`. */
  async find<T>(request: ApiRequest, call: Call<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await this.#repeated((carrier) => call(this.#core, carrier), failedAttempt, signal);
    } catch (error) {
      if (error instanceof ApiStatusError && error.status.code === 404) return undefined;
      throw kubernetesError(error, request);
    }
  }

  /** A whole list, page by page, each item mapped. */
  async list<T>(request: ApiRequest, readPage: ReadPage<T>, signal: AbortSignal): Promise<T[]> {
    for (let restarts = 0; ; restarts += 1) {
      try {
        return await this.#pages(readPage, signal);
      } catch (error) {
        const forgotten = error instanceof ApiStatusError && error.status.code === 410;
        if (!forgotten || restarts >= listRestarts) throw kubernetesError(error, request);
      }
    }
  }

  async #pages<T>(readPage: ReadPage<T>, signal: AbortSignal): Promise<T[]> {
    const items: T[] = [];
    let limit = pageSize;
    let next: string | undefined;
    for (;;) {
      const page = { limit, ...(next !== undefined && { _continue: next }) };
      const read = (carrier: Carrier) => readPage(page, this.#core, carrier);
      try {
        const answer = await this.#repeated(read, failedAttempt, signal);
        items.push(...answer.items);
        if (answer.next === undefined || answer.next === "") return items;
        next = answer.next;
      } catch (error) {
        const tooLarge = error instanceof ExchangeError && error.failure === "too-large";
        if (!tooLarge || limit === 1) throw error;
        limit = Math.max(1, Math.floor(limit / pageDivisor));
      }
    }
  }

  /**
   * A write that may be sent twice, for the second of two the same is refused with 409: it creates something, or
   * names a resource version. After a try whose answer was lost a 409 may be its own echo; `landed` then looks
   * whether what was wanted is there.
   */
  async write<T>(
    request: ApiRequest,
    call: Call<T>,
    landed: () => Promise<T | undefined>,
    signal: AbortSignal,
  ): Promise<T> {
    let lost = false;
    try {
      return await this.#repeated(
        (carrier) => call(this.#core, carrier),
        (error) => {
          const failed = failedAttempt(error);
          if (failed && (failed.status === undefined || failed.status >= 500)) lost = true;
          return failed;
        },
        signal,
      );
    } catch (error) {
      if (lost && error instanceof ApiStatusError && error.status.code === 409) {
        const found = await landed();
        if (found !== undefined) return found;
      }
      const cause = await causeOfForbidden(error, request, this.#core, this.#authorization, {
        httpApi: this.#http.library(signal, this.#http.timeoutMs),
      });
      throw kubernetesError(error, request, cause);
    }
  }

  #repeated<T>(
    attempt: (carrier: Carrier) => Promise<T>,
    classify: (error: unknown) => FailedAttempt | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    return withRetries(
      (leftMs) => attempt({ httpApi: this.#http.library(signal, leftMs) }),
      classify,
      signal,
      this.#http.timeoutMs,
    );
  }
}
