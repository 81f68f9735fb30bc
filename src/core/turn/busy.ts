import { formatDuration } from "../../domain/duration.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { Clock } from "../ports.ts";
import type { Report } from "../progress.ts";

/** Another run is at work on a secret, or was faster. A caller that meets this may wait and look again. */
export class BusyError extends ActionableError {
  /** As messages name it. */
  readonly secret: string;

  constructor(secret: string) {
    super(`Another run works on ${secret}; this run stopped before it changed anything there.`, {
      code: "busy",
      hint: `Wait until the other run is done, then run the same command again.`,
      retryable: true,
    });
    this.secret = secret;
  }
}

const longestWaitMs = 120_000;
/** The first pause; each one after it is this much longer than the one before. */
const pauseMs = 1_000;

/** Waits for other runs to make way, for two minutes at most. */
export class BusyWait {
  readonly #clock: Clock;
  readonly #report: Report;
  #pauses = 0;
  #waitedMs = 0;

  constructor(clock: Clock, report: Report) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Whether there is time left. */
  get mayWait(): boolean {
    return this.#waitedMs < longestWaitMs;
  }

  /** Forgets the time that was waited so far. */
  reset(): void {
    this.#pauses = 0;
    this.#waitedMs = 0;
    this.#report({ kind: "ended", id: "busy" });
  }

  /**
   * Looks at clusters and directory, and looks again as long as another run is at work.
   * @throws whatever the look throws; `busy` when the time is over
   */
  async lookWhenIdle<T>(look: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const text = "Looking at the clusters' secrets and the directory";
    this.#report({ kind: "started", id: "survey", text });
    for (;;) {
      try {
        const found = await look();
        this.reset();
        return found;
      } catch (error) {
        await this.pause(error, signal);
      } finally {
        this.#report({ kind: "ended", id: "survey" });
      }
    }
  }

  /**
   * Waits a moment after another run was met.
   * @throws the given error if it is not `busy`, or when the time is over
   */
  async pause(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof BusyError)) throw error;
    if (!this.mayWait) throw error;
    const text = `Waiting for another run to finish with ${error.secret}, up to ${formatDuration(longestWaitMs)}`;
    this.#report({ kind: "waiting", id: "busy", text });
    this.#pauses += 1;
    // Random, so that two runs that made way for each other do not meet again.
    const pause = this.#pauses * pauseMs * (0.5 + Math.random());
    this.#waitedMs += pause;
    await this.#clock.sleep(pause, signal);
  }
}
