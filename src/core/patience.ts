import { formatDuration } from "../domain/duration.ts";
import type { Looks } from "../domain/look-again.ts";
import type { Clock } from "./ports.ts";

/** Enough to meet every part of a service before something is taken for absent, two seconds long. */
export function oftenEnough(clock: Clock): Looks {
  return { most: 8, betweenMs: 250, sleep: (milliseconds, signal) => clock.sleep(milliseconds, signal) };
}

/** How long, and what is told meanwhile. */
export interface Patience {
  readonly timeoutMs: number;
  /** Called before each pause with the number of times it has been looked. */
  readonly onWait?: (tries: number) => void;
}

/** A wait in words: for what, which try it is, and how long it may last. */
export function waitText(whatFor: string, tries: number, timeoutMs: number): string {
  return `Waiting for ${whatFor}, try ${tries}, up to ${formatDuration(timeoutMs)}`;
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;

/**
 * Looks until `look` finds something, with growing pauses from a quarter of a second to five.
 * @returns what was found, or `undefined` when the time is over
 */
export async function waitUntil<T>(
  look: () => Promise<T | undefined>,
  patience: Patience,
  clock: Clock,
  signal: AbortSignal,
): Promise<T | undefined> {
  const start = clock.now().getTime();
  let tries = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const found = await look();
    tries += 1;
    if (found !== undefined) return found;
    const waitedMs = clock.now().getTime() - start;
    if (waitedMs >= patience.timeoutMs) return undefined;
    patience.onWait?.(tries);
    await clock.sleep(Math.min(pauseMs, patience.timeoutMs - waitedMs), signal);
  }
}
