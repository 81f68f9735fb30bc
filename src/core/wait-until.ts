import type { Clock } from "./ports.ts";

/** How long, and what is told meanwhile. */
export interface Patience {
  readonly timeoutMs: number;
  /** Called before each pause with the milliseconds waited so far. */
  readonly onWait?: (waitedMs: number) => void;
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
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const found = await look();
    if (found !== undefined) return found;
    const waitedMs = clock.now().getTime() - start;
    if (waitedMs >= patience.timeoutMs) return undefined;
    patience.onWait?.(waitedMs);
    await clock.sleep(Math.min(pauseMs, patience.timeoutMs - waitedMs), signal);
  }
}
