import { setTimeout as sleep } from "node:timers/promises";

/** Why an attempt failed, as far as trying again depends on it. */
export interface FailedAttempt {
  /** HTTP status; absent when no answer came. */
  readonly status?: number | undefined;
  /** Value of the `Retry-After` header: seconds or an HTTP date. */
  readonly retryAfter?: string | null | undefined;
  /** Whether doing it twice is the same as once; a refusal by 429 was not done at all. */
  readonly idempotent: boolean;
}

const tries = 4;
const longestWaitMs = 300_000;

/**
 * How long to wait before the next attempt, in milliseconds, or `undefined` to give up: after four tries, for a
 * refusal that will not change, and when the service asks for more than five minutes.
 * @param attempt how many attempts have been made, from 1
 */
export function retryDelayMs(
  attempt: number,
  failed: FailedAttempt,
  now: number = Date.now(),
): number | undefined {
  const { status, idempotent } = failed;
  const notDone = status === 429;
  const passing =
    status === undefined || status === 408 || (status >= 500 && status !== 501 && status !== 505);
  if (attempt >= tries || !(notDone || (idempotent && passing))) return undefined;
  const asked = retryAfterMs(failed.retryAfter, now);
  if (asked !== undefined) return asked > longestWaitMs ? undefined : asked + Math.random() * 100;
  const ceiling = 250 * 4 ** (attempt - 1);
  return ceiling / 2 + Math.random() * (ceiling / 2);
}

/** Milliseconds that a `Retry-After` header asks for: seconds or a date; junk is as if it were absent. */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  if (header === null || header === undefined || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Runs `attempt` until it succeeds or its failure is final.
 * @param classify says what a failure was, or `undefined` when trying again is of no use
 * @param limitMs no attempt is begun later than this after the first
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  classify: (error: unknown) => FailedAttempt | undefined,
  signal: AbortSignal,
  limitMs = Infinity,
): Promise<T> {
  const start = performance.now();
  for (let made = 1; ; made += 1) {
    try {
      return await attempt();
    } catch (error) {
      const failed = signal.aborted ? undefined : classify(error);
      const delay = failed && retryDelayMs(made, failed);
      if (delay === undefined || performance.now() - start + delay >= limitMs) throw error;
      await sleep(delay, undefined, { signal });
    }
  }
}
