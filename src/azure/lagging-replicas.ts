import { setTimeout } from "node:timers/promises";
import { ActionableError } from "../domain/errors.ts";
import { lookAgain, type Looks } from "../domain/look-again.ts";

/*
 * Replicas of the directory learn of a write one after the other, and a request may reach any of them.
 */

/** Waits in real time, as all clients of Azure do. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal });
}

/** Enough to reach many replicas. */
export const tenSeconds: Looks = { most: 20, betweenMs: 500, sleep };
/** A permanent deletion was seen to succeed one second after the deletion. */
export const twoSeconds: Looks = { most: 8, betweenMs: 250, sleep };
/** About a minute: replicas that lag still show a removed object. */
const mostTries = 60;
const betweenTriesMs = 1_000;

/** Something in the directory to remove. */
interface Removable {
  /** Begins with a capital: `The key …`. */
  readonly name: string;
  readonly remove: () => Promise<void>;
  /** Whether a refusal says that this replica does not know the object, because it was removed or is still too new. */
  readonly saysNone: (error: unknown) => boolean;
  readonly isShown: () => Promise<boolean>;
}

/**
 * Removes something; succeeds if it was already removed.
 * @throws what `remove` throws; ActionableError `directory.stale-answer` if there is nothing to remove but replicas
 *   keep showing it
 */
export async function removeEverywhere(
  { name, remove, saysNone, isShown }: Removable,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await remove();
      return;
    } catch (error) {
      if (!saysNone(error)) throw error;
      if (await isGone(isShown, signal)) return;
      if (tries === mostTries) {
        throw new ActionableError(
          `${name} is unknown to the directory that is to remove it, but parts of the directory still show it.`,
          {
            code: "directory.stale-answer",
            hint: "Parts of the directory lag: run the same command again in a few minutes.",
            retryable: true,
          },
          { cause: error },
        );
      }
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

/** Whether it is likely that no replica shows it any longer: eight reads in a row agree. */
async function isGone(isShown: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  return !(await lookAgain(isShown, (shown) => shown, twoSeconds, signal));
}
