"use strict";
// Preloaded into a process of the program to cut its pauses short, as `hurry` in short-pauses.ts does for a run in
// the tests' process.
const timers = require("node:timers/promises");

const pauseMs = 20;
const sleep = timers.setTimeout;
timers.setTimeout = (milliseconds = 1, ...rest) => sleep(Math.min(milliseconds, pauseMs), ...rest);
