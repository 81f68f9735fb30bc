import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../core/ports.ts";

/** Node's timers count no further, and would end at once: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const longestTimerMs = 2 ** 31 - 1;

/** This machine's time. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(milliseconds, signal) {
    let left = milliseconds;
    do {
      await sleep(Math.min(left, longestTimerMs), undefined, { signal });
      left -= longestTimerMs;
    } while (left > 0);
  },
};
