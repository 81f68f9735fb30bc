import { ActionableError } from "../../domain/errors.ts";
import { BusyError } from "../turn/busy.ts";

/**
 * Whether a failure concerns one of several things alone, so that the others can be done all the same: not a bug
 * of ours, not that another run is at work, and not the end of the whole run.
 */
export function isFailureOfOne(error: unknown, signal: AbortSignal): error is ActionableError {
  return error instanceof ActionableError && !(error instanceof BusyError) && !signal.aborted;
}

/**
 * What a read that something else can stand in for comes to; undefined where it fails by itself.
 * @throws what ends the whole run
 */
export async function ifToBeHad<T>(read: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isFailureOfOne(error, signal)) return undefined;
    throw error;
  }
}
