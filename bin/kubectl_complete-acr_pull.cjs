#!/usr/bin/env node
// What kubectl runs to complete `kubectl acr-pull`. A file of its own instead of a third name for the program: where
// a package manager starts it by another path, the name is lost, and the line being typed would be carried out.
"use strict";
const { main } = require("../dist/main.cjs");

void (async () => {
  process.exitCode = await main(process, ["__complete", "kubectl", "--", ...process.argv.slice(2)]);
})();
