import { setTimeout as sleep } from "node:timers/promises";

/** Why an attempt failed, as far as a retry depends on it. */
export interface FailedAttempt {
  /** HTTP status; absent if no answer came. */
  readonly status?: number | undefined;
  /** Value of the `Retry-After` header: seconds or an HTTP date. */
  readonly retryAfter?: string | null | undefined;
  /** Value of the `Date` header: a date in `Retry-After` is by the service's clock. */
  readonly date?: string | null | undefined;
  /** Whether doing it twice is the same as once. A refusal with 429 did nothing at all. */
  readonly idempotent: boolean;
}

const tries = 4;
/** A server that refuses is alive and has done nothing: worth one more try. */
const triesWhenRefused = 5;
/** A longer `Retry-After` is not waited for; in milliseconds. */
const longestWaitMs = 300_000;
/** The time over which the clients of a busy service spread; in milliseconds. */
const spreadMs = 3000;

/**
 * How long to wait before the next attempt, in milliseconds. Undefined to give up: after four tries (five for a 429),
 * for a refusal that will not change, and if the service asks for more than five minutes.
 * A busy service refuses all its clients at once, and names the same second to all, so they come back spread over
 * some seconds. A lost answer is mostly due to one stale connection: its first retry comes soon, and only later ones
 * are spread, in case the service is down for everybody.
 * @param attempt how many attempts have been made, from 1
 * @param now the service's time, in milliseconds since 1970
 * @param random returns numbers from 0 to less than 1
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
  // A time in the past counts as none.
  if (asked > 0) return spreadWaitMs(asked, random);
  const spreads = notDone || status === 503 ? attempt : attempt - 1;
  if (spreads === 0) return 125 + random() * 125;
  return 250 + random() * spreadMs * Math.min(spreads, 2);
}

/**
 * Lengthens a wait that many were asked for at once, so that they do not all end at the same instant; in
 * milliseconds.
 */
function spreadWaitMs(leastMs: number, random: () => number = Math.random): number {
  return leastMs + random() * spreadMs;
}

/** The time of the service that sent this `Date` header; by our own clock if there is none. Milliseconds since 1970. */
export function serverNow(date: string | null | undefined): number {
  const now = Date.parse(date ?? "");
  return Number.isNaN(now) ? Date.now() : now;
}

/** Milliseconds in a `Retry-After` header, from seconds or a date; undefined if it is absent or unreadable. */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  if (header === null || header === undefined || header.trim() === "") return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Runs `attempt` until it succeeds or its failure is final.
 * @param attempt gets what is left of the limit, in whole milliseconds, at least 1
 * @param classify describes a failure; undefined if a retry is useless
 * @param limitMs no attempt begins later than this after the first
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
      // With more than ten listeners on one signal Node would print a warning; this signal has no other listener.
      await sleep(delay, undefined, { signal: AbortSignal.any([signal]) });
    }
  }
}
