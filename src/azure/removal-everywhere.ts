import { setTimeout } from "node:timers/promises";
import { ActionableError } from "../domain/errors.ts";
import { lookAgain, type Looks } from "../domain/look-again.ts";

/*
 * Replicas of the directory learn of a removal one after the other, and a request may reach any of them.
 */

/** How many reads in a row must agree before acr-pull believes them. */
const agreeing: Looks = { most: 8, betweenMs: 250, sleep };
/** About a minute: replicas that lag still show a removed object. */
const mostTries = 60;
const betweenTriesMs = 1_000;

/** Something in the directory to remove. */
export interface Removable {
  readonly remove: () => Promise<void>;
  /** Whether a refusal says that this replica does not know the object, because it was removed or is still too new. */
  readonly saysNone: (error: unknown) => boolean;
  readonly isShown: () => Promise<boolean>;
  /** The error to throw if there is nothing to remove but replicas keep showing it. */
  readonly lingers: (cause: unknown) => Error;
}

/**
 * Removes something; succeeds if it was already removed.
 * @throws what `remove` throws, and what `lingers` returns
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

/** Waits until no replica shows it, or the time runs out. */
export async function untilGone(isShown: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  for (let looks = 1; looks <= mostTries && !(await isGone(isShown, signal)); looks += 1) {
    await sleep(betweenTriesMs, signal);
  }
}

/** Whether it is likely that no replica shows it any longer. */
async function isGone(isShown: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return !(await lookAgain(isShown, (shown) => shown, agreeing, signal));
}

/** The error for a removal that some replicas do not seem to know of. */
export function lingers(code: string, message: string, cause: unknown): ActionableError {
  const hint = "Parts of the directory lag: run the same command again in a few minutes.";
  return new ActionableError(message, { code, hint, retryable: true }, { cause });
}

/** Waits in real time, as all clients of Azure do. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal });
}
