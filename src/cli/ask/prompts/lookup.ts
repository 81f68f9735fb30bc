/** A pause in typing after which a text is worth a request. */
const pauseMs = 200;

/** Called when a lookup ends. */
interface LookupEvents<T> {
  readonly arrived: (text: string, result: T) => void;
  readonly failed: (error: unknown) => void;
}

/** Looks something up for the text typed last. A lookup for an earlier text is stopped, and its result dropped. */
export class Lookup<T> {
  readonly #look: (text: string, signal: AbortSignal) => Promise<T>;
  readonly #closed: AbortSignal;
  readonly #events: LookupEvents<T>;
  #newest: AbortController | undefined;

  /** @param closed stops every lookup */
  constructor(
    look: (text: string, signal: AbortSignal) => Promise<T>,
    closed: AbortSignal,
    events: LookupEvents<T>,
  ) {
    this.#look = look;
    this.#closed = closed;
    this.#events = events;
  }

  /** Whether something is being looked up. */
  get busy(): boolean {
    return this.#newest !== undefined;
  }

  /** Looks up a text once typing pauses; undefined looks up nothing. */
  about(text: string | undefined): void {
    this.#newest?.abort();
    this.#newest = undefined;
    if (text === undefined) return;
    this.#newest = new AbortController();
    const signal = AbortSignal.any([this.#newest.signal, this.#closed]);
    const timer = setTimeout(() => void this.#begin(text, signal), pauseMs);
    signal.addEventListener("abort", () => clearTimeout(timer));
  }

  async #begin(text: string, signal: AbortSignal): Promise<void> {
    try {
      const result = await this.#look(text, signal);
      if (!signal.aborted) this.#done(() => this.#events.arrived(text, result));
    } catch (error) {
      if (!signal.aborted) this.#done(() => this.#events.failed(error));
    }
  }

  #done(tell: () => void): void {
    this.#newest = undefined;
    tell();
  }
}
