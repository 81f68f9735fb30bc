import { ActionableError } from "../../domain/errors.ts";
import { BusyError } from "../turn/busy.ts";

/**
 * Whether a failure concerns only one of several things, so that the run can still do the others. It is not a bug of
 * acr-pull, not a sign that another run is at work, and not the end of the whole run.
 */
export function isFailureOfOne(error: unknown, signal: AbortSignal): error is ActionableError {
  return error instanceof ActionableError && !(error instanceof BusyError) && !signal.aborted;
}

/**
 * The result of a read that the run can do without. Undefined if only this read fails.
 * @throws whatever ends the whole run
 */
export async function ifAvailable<T>(read: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isFailureOfOne(error, signal)) return undefined;
    throw error;
  }
}
