import type { Connections } from "../../src/cli/connections.ts";
import { runProgram } from "../../src/cli/program.ts";

/*
 * The program with a setup that begins a step and never ends, not even when it is told to. Only a second signal ends
 * it.
 */
process.exitCode = await runProgram(process.argv.slice(2), process.env, {
  name: "acr-pull",
  version: "0.0.0",
  process,
  begin: async () => (report) => {
    const never = () => {
      report({ kind: "started", id: "key", text: "Making a key" });
      // A promise alone does not keep a process alive.
      setInterval(() => {}, 60_000);
      return new Promise<never>(() => {});
    };
    const connections: Connections = {
      azure: never,
      directory: never,
      // These only read files.
      contexts: async () => ({ current: "sandbox", contexts: [] }),
      contextNames: never,
      clusters: never,
      workplace: never,
      checkLoginServer: never,
    };
    return connections;
  },
});
