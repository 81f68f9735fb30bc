/** One request that reached a service of the sandbox. */
export interface RequestEntry {
  /** Counts from 1 over all services, in order of arrival. */
  readonly index: number;
  /** `azure`, `registry myregistry`, `cluster sandbox`. */
  readonly service: string;
  readonly method: string;
  /** Doubled slashes collapsed, no query. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  readonly userAgent: string;
  /** The client's own id of the request. Empty if it sent none. */
  readonly clientRequestId: string;
  /** Whether it asks for a change, as the product counts mutating requests. Known once the body has been read. */
  mutating: boolean;
  /** Whether the service handled it. An injected fault may have refused it before, or lost the answer after. */
  handled: boolean;
  /** The status of the answer. Undefined while the request is open, and afterwards if no answer was sent. */
  status: number | undefined;
  /** The injected fault that struck it, such as `429` or `drop after commit`. */
  fault: string | undefined;
  /** A bug of the sandbox: what the service threw. */
  exception: unknown;
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  endedAt: number | undefined;
}

/**
 * How far a request has come: `arrived` (request line and headers), `read` (the body too, nothing done), `committed`
 * (handled, no answer sent), `answered` (the answer is sent).
 */
export type RequestPhase = "arrived" | "read" | "committed" | "answered";

/**
 * Called for each phase of each request, and awaited before the request continues. If it returns `drop`, the
 * connection ends there, and what was not committed yet never will be.
 */
export type RequestObserver = (
  phase: RequestPhase,
  entry: RequestEntry,
) => "drop" | void | Promise<"drop" | void>;

/** Every request that the sandbox has received, oldest first. */
export class RequestLog {
  readonly entries: RequestEntry[] = [];
  readonly #observers = new Set<RequestObserver>();

  /** Adds a request that arrives. */
  open(
    request: Pick<RequestEntry, "service" | "method" | "path" | "query" | "userAgent" | "clientRequestId">,
  ): RequestEntry {
    const entry: RequestEntry = {
      index: this.entries.length + 1,
      service: request.service,
      method: request.method,
      path: request.path,
      query: request.query,
      userAgent: request.userAgent,
      clientRequestId: request.clientRequestId,
      mutating: false,
      handled: false,
      status: undefined,
      fault: undefined,
      exception: undefined,
      startedAt: performance.timeOrigin + performance.now(),
      endedAt: undefined,
    };
    this.entries.push(entry);
    return entry;
  }

  /** Notes that the request has ended. */
  close(entry: RequestEntry): void {
    entry.endedAt ??= performance.timeOrigin + performance.now();
  }

  /** Requests that asked for a change, handled or not. */
  mutating(): readonly RequestEntry[] {
    return this.entries.filter((entry) => entry.mutating);
  }

  /** Adds an observer. Returns a function that removes it. */
  observe(observer: RequestObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Calls the observers for a phase, one after the other. */
  async reach(phase: RequestPhase, entry: RequestEntry): Promise<"drop" | undefined> {
    let verdict: "drop" | undefined;
    for (const observer of this.#observers) {
      if ((await observer(phase, entry)) === "drop") verdict = "drop";
    }
    return verdict;
  }
}
