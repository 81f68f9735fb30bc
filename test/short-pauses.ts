import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";

/** As long as a pause between two looks or tries lasts then: nothing is learned late by those who are asked. */
const pauseMs = 20;

/**
 * Shortens every pause of the built program, which looks the function up each time; whoever imported it keeps his.
 * @returns gives the pauses back their length
 */
export function hurry(): () => void {
  const sleep = timers.setTimeout;
  timers.setTimeout = (milliseconds = 1, ...rest) => sleep(Math.min(milliseconds, pauseMs), ...rest);
  return () => {
    timers.setTimeout = sleep;
  };
}

/** Shortens every pause in the tests of a file, also for those who imported the function by name. */
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
