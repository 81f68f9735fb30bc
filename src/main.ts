import { basename } from "node:path";
import type { HostProcess } from "./cli/command.ts";
import { runProgram } from "./cli/program.ts";

/** Set by the build, from package.json. */
declare const __ACR_PULL_VERSION__: string;

/**
 * The program: a command line in, an exit code out. Never ends the process itself; only a second signal does.
 * @param process the process it runs in
 * @param given the command line, if it is not that of the process
 */
export async function main(process: HostProcess, given?: readonly string[]): Promise<number> {
  const [, script = "acr-pull", ...commandLine] = process.argv;
  return await runProgram(given ?? commandLine, process.env, {
    // kubectl runs its plugins by this name. The user typed `kubectl acr-pull`.
    name: basename(script).startsWith("kubectl-acr_pull") ? "kubectl acr-pull" : "acr-pull",
    version: __ACR_PULL_VERSION__,
    process,
    begin: async () => {
      const { connectWith } = await import("./connect.ts");
      return connectWith(process);
    },
  });
}
