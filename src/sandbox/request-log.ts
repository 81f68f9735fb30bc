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
  /** What the client called it; empty where it gave no name. */
  readonly clientRequestId: string;
  /** Whether it asks for a change, as the product counts mutating requests; known once the body was read. */
  mutating: boolean;
  /** Whether the service handled it: an injected fault may have refused it before, or lost the answer after. */
  handled: boolean;
  /** What was answered; undefined while it is open, and for good when no answer was sent. */
  status: number | undefined;
  /** The injected fault that it met, in a word such as `429` or `drop after commit`. */
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
 * Is told of each phase of each request, and awaited before the request goes on. Returning `drop` ends the connection
 * there: what was not yet committed never will be.
 */
export type RequestObserver = (
  phase: RequestPhase,
  entry: RequestEntry,
) => "drop" | void | Promise<"drop" | void>;

/** Every request the sandbox has met, oldest first. */
export class RequestLog {
  readonly entries: RequestEntry[] = [];
  readonly #observers = new Set<RequestObserver>();

  /** Notes a request that arrives. */
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

  /** Notes that nothing more comes. */
  close(entry: RequestEntry): void {
    entry.endedAt ??= performance.timeOrigin + performance.now();
  }

  /** Requests that asked for a change, handled or not. */
  mutating(): readonly RequestEntry[] {
    return this.entries.filter((entry) => entry.mutating);
  }

  /** Adds an observer; the answer takes it away again. */
  observe(observer: RequestObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Tells the observers of a phase, one after the other. */
  async reach(phase: RequestPhase, entry: RequestEntry): Promise<"drop" | undefined> {
    let verdict: "drop" | undefined;
    for (const observer of this.#observers) {
      if ((await observer(phase, entry)) === "drop") verdict = "drop";
    }
    return verdict;
  }
}
