import { setTimeout as sleep } from "node:timers/promises";

/** Why an attempt failed, as far as trying again depends on it. */
export interface FailedAttempt {
  /** HTTP status; absent when no answer came. */
  readonly status?: number | undefined;
  /** Value of the `Retry-After` header: seconds or an HTTP date. */
  readonly retryAfter?: string | null | undefined;
  /** Value of the `Date` header: a date in `Retry-After` is one of the service's clock, not of ours. */
  readonly date?: string | null | undefined;
  /** Whether doing it twice is the same as once; a refusal by 429 was not done at all. */
  readonly idempotent: boolean;
}

const tries = 4;
/** A server that refuses is alive and has done nothing yet: worth one try more. */
const triesWhenRefused = 5;
/** A service that asks for more than this is not waited for; in milliseconds. */
export const longestWaitMs = 300_000;
/** Over how long the clients of a service that has too much to do spread; in milliseconds. */
const spreadMs = 3000;

/**
 * How long to wait before the next attempt, in milliseconds, or `undefined` to give up: after four tries (five of a
 * refusal by 429), for a refusal that will not change, and when the service asks for more than five minutes.
 *
 * A service that has too much to do says so to all its clients at once, and names the same second to all: they come
 * back spread over some seconds. An answer that was lost is most often one stale connection: its first repeat comes
 * soon, and only the later ones are spread, should the service be down for all.
 * @param attempt how many attempts have been made, from 1
 * @param now the service's time, in milliseconds since 1970
 * @param random gives numbers from 0 to less than 1
 */
export function retryDelayMs(
  attempt: number,
  failed: FailedAttempt,
  now: number = serverNow(failed.date),
  random: () => number = Math.random,
): number | undefined {
  const { status, idempotent } = failed;
  const notDone = status === 429;
  const passing =
    status === undefined || status === 408 || (status >= 500 && status !== 501 && status !== 505);
  const most = notDone ? triesWhenRefused : tries;
  if (attempt >= most || !(notDone || (idempotent && passing))) return undefined;
  const asked = retryAfterMs(failed.retryAfter, now) ?? 0;
  if (asked > longestWaitMs) return undefined;
  // A time that is over is as good as none.
  if (asked > 0) return spreadWaitMs(asked, random);
  const spreads = notDone || status === 503 ? attempt : attempt - 1;
  if (spreads === 0) return 125 + random() * 125;
  return 250 + random() * spreadMs * Math.min(spreads, 2);
}

/** A wait that was asked of many at once, lengthened so that not all end theirs at the same instant; milliseconds. */
export function spreadWaitMs(leastMs: number, random: () => number = Math.random): number {
  return leastMs + random() * spreadMs;
}

/** What time it is for the service that sent this `Date` header; by our own clock when it sent none. */
export function serverNow(date: string | null | undefined): number {
  const now = Date.parse(date ?? "");
  return Number.isNaN(now) ? Date.now() : now;
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
 * @param attempt is told how much of the limit is left, in whole milliseconds, at least 1
 * @param classify says what a failure was, or `undefined` when trying again is of no use
 * @param limitMs no attempt is begun later than this after the first
 * @throws what the last attempt threw; AbortError when the signal aborts during a wait
 */
export async function withRetries<T>(
  attempt: (leftMs: number) => Promise<T>,
  classify: (error: unknown) => FailedAttempt | undefined,
  signal: AbortSignal,
  limitMs = Infinity,
): Promise<T> {
  const start = performance.now();
  for (let made = 1; ; made += 1) {
    try {
      return await attempt(Math.max(1, Math.ceil(limitMs - (performance.now() - start))));
    } catch (error) {
      const failed = signal.aborted ? undefined : classify(error);
      const delay = failed && retryDelayMs(made, failed);
      if (delay === undefined || performance.now() - start + delay >= limitMs) throw error;
      // Node warns on the user's screen when more than ten listen to one signal; to this one nobody else does.
      await sleep(delay, undefined, { signal: AbortSignal.any([signal]) });
    }
  }
}
