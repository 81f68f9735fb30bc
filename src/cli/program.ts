import { exitCode } from "../domain/exit-code.ts";
import type { Environment } from "./answers.ts";
import { readCommandLine, type Program } from "./command-line.ts";
import type { HostProcess } from "./command.ts";
import { commands } from "./commands.ts";
import type { Connect } from "./connections.ts";
import { isTerminal, writeAtOnce } from "./standard-output.ts";

/** What the program is made with. */
export interface ProgramParts extends Omit<Program, "commands"> {
  readonly process: HostProcess;
  /** Called before a command runs, never for help: loads what joins it to the world. */
  readonly begin: () => Promise<Connect>;
}

/**
 * Carries a command line out. Help and the version need no more than what reads it.
 * @param commandLine what follows the program's name
 * @returns the exit code; every failure has been shown
 */
export async function runProgram(
  commandLine: readonly string[],
  environment: Environment,
  parts: ProgramParts,
): Promise<number> {
  const program = { ...parts, commands };
  const columns = isTerminal() ? parts.process.stdout.columns : undefined;
  let reading = await readCommandLine(commandLine, program, columns);
  if (reading.kind === "text") {
    const text = isTerminal() ? reading.text : writeAtOnce(reading.text);
    if (text === "") return exitCode.ok;
    reading = { kind: "text", text };
  }
  const { carryOut } = await import("./carry-out.ts");
  return await carryOut(reading, commandLine, environment, program);
}
