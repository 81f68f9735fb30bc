import { formatDuration } from "../../domain/duration.ts";
import type { Clock } from "../ports.ts";
import type { Report } from "../progress.ts";
import { BusyError } from "./busy.ts";

const pollMs = 1_000;

/** Waits for other runs to make way, as long as was allowed from the first time that one was met. */
export class BusyWait {
  readonly #waitBusyMs: number;
  readonly #clock: Clock;
  readonly #report: Report;
  #since: number | undefined;

  /** @param waitBusyMs the longest wait, in milliseconds */
  constructor(waitBusyMs: number, clock: Clock, report: Report) {
    this.#waitBusyMs = waitBusyMs;
    this.#clock = clock;
    this.#report = report;
  }

  /** Whether there is time left. */
  get mayWait(): boolean {
    const waitedMs = this.#since === undefined ? 0 : this.#clock.now().getTime() - this.#since;
    return waitedMs < this.#waitBusyMs;
  }

  /** The next wait is counted anew. */
  reset(): void {
    this.#since = undefined;
    this.#report({ kind: "ended", id: "busy" });
  }

  /**
   * Waits a moment after another run was met.
   * @throws what it is given when that is anything else, or when the time is over
   */
  async pause(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof BusyError)) throw error;
    this.#since ??= this.#clock.now().getTime();
    if (!this.mayWait) throw error;
    const text = `Waiting for another run to finish with ${error.secret}, up to ${formatDuration(this.#waitBusyMs)}`;
    this.#report({ kind: "waiting", id: "busy", text });
    // Two runs that made way for each other must not meet again.
    await this.#clock.sleep(pollMs * (0.5 + Math.random()), signal);
  }
}
