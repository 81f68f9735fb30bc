/** How often, and how far apart, to look. */
export interface Looks {
  readonly most: number;
  readonly betweenMs: number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Looks until an answer suffices, or until the looks are used up. Replicas of a service learn of a write one after
 * the other, and a request may meet any of them, so one answer that something does not exist proves nothing.
 * @returns the last answer
 */
export async function lookAgain<T>(
  look: () => Promise<T>,
  suffices: (found: T) => boolean,
  { most, betweenMs, sleep }: Looks,
  signal: AbortSignal,
): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    const found = await look();
    if (suffices(found) || looks >= most) return found;
    await sleep(betweenMs, signal);
  }
}

/** Whether something was found. */
export function isThere(found: unknown): boolean {
  return found !== undefined;
}
