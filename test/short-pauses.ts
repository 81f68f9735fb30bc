import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";

/** How long a pause between two looks or tries then lasts. It is long enough, because nothing that is asked lags. */
const pauseMs = 20;

/**
 * Shortens every pause of the built program, which looks up the function each time. Modules that imported it keep
 * theirs.
 * @returns a function that gives the pauses back their length
 */
export function hurry(): () => void {
  const sleep = timers.setTimeout;
  timers.setTimeout = (milliseconds = 1, ...rest) => sleep(Math.min(milliseconds, pauseMs), ...rest);
  return () => {
    timers.setTimeout = sleep;
  };
}

/** Shortens every pause in the tests of a file, even in modules that imported the function by name. */
export function shortPauses(): void {
  let slowDown = () => {};
  beforeAll(() => {
    slowDown = hurry();
    syncBuiltinESMExports();
  });
  afterAll(() => {
    slowDown();
    syncBuiltinESMExports();
  });
}
