import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import { vi } from "vitest";
import type { Clock } from "../src/core/ports.ts";
import type { RequestLog } from "../src/sandbox/request-log.ts";

const { setImmediate: nextTurn, setTimeout: sleepReally } = timers;
const never = new AbortController().signal;

/** Pauses up to this long are common between two tries. A longer one waits until nobody else is at work. */
const longPauseMs = 10_000;
/** How long no request may be under way before a long pause ends, in real time. */
const quietMs = 5;

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/**
 * Time that moves only when somebody sleeps, and then at once. It is the `Date` of the whole process, including the
 * sandbox. Code that waits with `node:timers/promises`, as the clients do between two tries, sleeps in it too.
 * Sleepers wake in the order of their time. Timers with callbacks stay real, and so do the limits that depend on
 * them.
 */
export class VirtualClock implements Clock {
  readonly #requests: Pick<RequestLog, "entries">;
  readonly #sleepers: Sleeper[] = [];
  #pumping = false;

  /** @param requests show whether anybody is at work instead of sleeping */
  constructor(requests: Pick<RequestLog, "entries">) {
    this.#requests = requests;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    replaceSleep(async (milliseconds, value, { signal = never } = {}) => {
      await this.sleep(milliseconds ?? 1, signal);
      return value as never;
    });
  }

  now(): Date {
    return new Date();
  }

  /** Moves the time forward while nothing runs. */
  advance(milliseconds: number): void {
    this.#moveTo(Date.now() + milliseconds);
  }

  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const sleeper = {
        wakeAt: Date.now() + milliseconds,
        wake: () => {
          signal.removeEventListener("abort", stop);
          resolve();
        },
      };
      const stop = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#sleepers.push(sleeper);
      this.#sleepers.sort((one, other) => one.wakeAt - other.wakeAt);
      if (!this.#pumping) void this.#pump();
    });
  }

  /** Gives the process its real time back. */
  end(): void {
    vi.useRealTimers();
    replaceSleep(sleepReally);
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    await nextTurn();
    for (let [first] = this.#sleepers; first; [first] = this.#sleepers) {
      if (first.wakeAt - Date.now() > longPauseMs) await this.#quiet();
      // Somebody who wakes earlier may have gone to sleep meanwhile.
      const next = this.#sleepers.shift();
      if (!next) break;
      this.#moveTo(next.wakeAt);
      next.wake();
      await nextTurn();
    }
    this.#pumping = false;
  }

  async #quiet(): Promise<void> {
    const { entries } = this.#requests;
    for (let seen = -1; ;) {
      const open = entries.some(({ endedAt }) => endedAt === undefined);
      if (!open && entries.length === seen) return;
      seen = open ? -1 : entries.length;
      await sleepReally(quietMs);
    }
  }

  /** Time never goes back. */
  #moveTo(time: number): void {
    if (time > Date.now()) vi.setSystemTime(time);
  }
}

/** Also replaces it in modules that imported it by name. */
function replaceSleep(sleep: typeof sleepReally): void {
  timers.setTimeout = sleep;
  syncBuiltinESMExports();
}
