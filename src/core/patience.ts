import { formatDuration } from "../domain/duration.ts";
import { lookAgain } from "../domain/look-again.ts";
import type { Clock } from "./ports.ts";
import type { Report } from "./progress.ts";

/*
 * Parts of the directory and of Resource Manager learn of writes one after the other, and a request may reach any of
 * them. A run waits for them in one of two ways. If something may not exist at all, it looks often enough to meet
 * every part. If this run has just made it, it looks until it appears or a time is over.
 */

/** Enough looks to meet every part of a service before something counts as absent. They take two seconds. */
const mostLooks = 8;
const betweenLooksMs = 250;

/**
 * Looks until an answer suffices, or often enough to meet every part of the service.
 * @returns the last answer
 */
export function untilBelievable<T>(
  look: () => Promise<T>,
  suffices: (found: T) => boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const sleep = (milliseconds: number) => clock.sleep(milliseconds, signal);
  return lookAgain(look, suffices, { most: mostLooks, betweenMs: betweenLooksMs, sleep }, signal);
}

/** How long to wait, and what to report meanwhile. */
export interface Patience {
  readonly timeoutMs: number;
  /** Called before each pause, with the number of looks so far. */
  readonly onWait?: (tries: number) => void;
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;

/**
 * Looks until `look` finds something, with pauses that grow from a quarter of a second to five seconds.
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

/** What waiting needs. */
export interface WaitTools {
  readonly clock: Clock;
  readonly report: Report;
  readonly timeoutMs: number;
}

/** What is waited for, and the step that reports it. */
interface Expected {
  readonly id: string;
  /** As in "Entra to recognize the new application". */
  readonly what: string;
}

/** Like `waitUntil`, and reports each try. */
export function waitReporting<T>(
  look: () => Promise<T | undefined>,
  { id, what }: Expected,
  { clock, report, timeoutMs }: WaitTools,
  signal: AbortSignal,
): Promise<T | undefined> {
  const longest = formatDuration(timeoutMs);
  const onWait = (tries: number) => {
    report({ kind: "waiting", id, text: `Waiting for ${what}, try ${tries}, up to ${longest}` });
  };
  return waitUntil(look, { timeoutMs, onWait }, clock, signal);
}
