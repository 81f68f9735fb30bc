import { setTimeout } from "node:timers/promises";
import { lookAgain, type Looks } from "../domain/look-again.ts";

/*
 * Parts of the directory learn of a removal one after the other, and each request meets any of them.
 */

/** So many reads in a row that agree are believed. */
const agreeing: Looks = { most: 8, betweenMs: 250, sleep };
/** What was removed is shown by parts of the directory for as long as they lag; they are waited for about a minute. */
const mostTries = 60;
const betweenTriesMs = 1_000;

/** Something in the directory that is to go. */
export interface Removable {
  readonly remove: () => Promise<void>;
  /** Whether a refusal says that there is none: the part that was met does not know it, gone or still to come there. */
  readonly saysNone: (error: unknown) => boolean;
  readonly isShown: () => Promise<boolean>;
  /** What is thrown when there is none to remove, and yet it goes on being shown. */
  readonly lingers: (cause: unknown) => Error;
}

/**
 * Removes something; fine when it is gone.
 * @throws what removing fails with, and what `lingers` makes
 */
export async function removeEverywhere(
  { remove, saysNone, isShown, lingers }: Removable,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await remove();
      return;
    } catch (error) {
      if (!saysNone(error)) throw error;
      if (await isGone(isShown, signal)) return;
      if (tries === mostTries) throw lingers(error);
      await sleep(betweenTriesMs, signal);
    }
  }
}

/** Waits until it is shown by no part any more, or the time is over. */
export async function untilGone(isShown: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (let looks = 1; looks <= mostTries && !(await isGone(isShown, signal)); looks += 1) {
    await sleep(betweenTriesMs, signal);
  }
}

/** Whether no part of the directory is likely to show it any more. */
async function isGone(isShown: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return !(await lookAgain(isShown, (shown) => shown, agreeing, signal));
}

/** Waits in real time, as all of Azure's clients do. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal });
}
