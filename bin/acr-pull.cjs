#!/usr/bin/env node
"use strict";
const { main } = require("../dist/main.cjs");

// Node ends when it has nothing more to wait for: a run that never came to its end has not succeeded.
process.once("beforeExit", () => {
  process.exitCode ??= 1;
});
void (async () => {
  process.exitCode = await main(process);
})();
