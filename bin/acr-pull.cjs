#!/usr/bin/env node
"use strict";
const { main } = require("../dist/main.cjs");

// Node exits when nothing is left to wait for. A run that did not reach its end has not succeeded.
process.once("beforeExit", () => {
  process.exitCode ??= 1;
});
void (async () => {
  process.exitCode = await main(process);
  // A sign-in that was given up may still wait for a browser or the Azure CLI, which keeps Node alive.
  setTimeout(() => process.exit(), 1000).unref();
})();
