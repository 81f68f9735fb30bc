import process from "node:process";
import { exitCode } from "../domain/exit-code.ts";
import type { Environment } from "./options/answers.ts";
import type { RunningProgram } from "./carry-out.ts";
import { readCommandLine } from "./options/command-line.ts";
import { commands } from "./commands.ts";
import { isDevice, writeAtOnce } from "./show/standard-output.ts";

/**
 * Carries a command line out. Help and the version need no more than what reads it.
 * @param commandLine what follows the program's name
 * @returns the exit code; every failure has been shown
 */
export async function runProgram(
  commandLine: readonly string[],
  environment: Environment,
  parts: Omit<RunningProgram, "commands">,
): Promise<number> {
  const program = { ...parts, commands };
  // A run that another program holds in its own process has no descriptors of its own.
  const isOwn = parts.process === process;
  const columns = isOwn && !isDevice() ? undefined : parts.process.stdout.columns;
  let reading = await readCommandLine(commandLine, program, columns);
  if (reading.kind === "text") {
    const text = isOwn && !isDevice() ? writeAtOnce(reading.text) : reading.text;
    if (text === "") return exitCode.ok;
    reading = { kind: "text", text };
  }
  const { carryOut } = await import("./carry-out.ts");
  return await carryOut(reading, commandLine, environment, program);
}
