#!/usr/bin/env node
// kubectl runs this to complete `kubectl acr-pull`. It is a file of its own instead of a third name for the program:
// if a package manager starts the program by another path, that name is lost, and the line being typed would be
// executed.
"use strict";
const { main } = require("../dist/main.cjs");

void (async () => {
  process.exitCode = await main(process, ["__complete", "kubectl", "--", ...process.argv.slice(2)]);
})();
