import { fstatSync, writeSync } from "node:fs";
import process from "node:process";
import { exitCode } from "../domain/exit-code.ts";
import type { Variables } from "../domain/proxy.ts";
import type { RunningProgram } from "./run-command.ts";
import { readCommandLine } from "./options/command-line.ts";
import { commands } from "./commands.ts";

/**
 * Runs a command line. Help and the version load only the code that reads the line.
 * @param commandLine the words after the program's name
 * @returns the exit code; every failure has been shown
 */
export async function runProgram(
  commandLine: readonly string[],
  environment: Variables,
  parts: Omit<RunningProgram, "commands">,
): Promise<number> {
  const program = { ...parts, commands };
  // A run inside another program's process has no descriptors of its own.
  const isOwn = parts.process === process;
  const columns = isOwn && !isDevice() ? undefined : parts.process.stdout.columns || undefined;
  let reading = await readCommandLine(
    commandLine,
    program,
    environment,
    columns && Math.min(columns, widestHelp),
  );
  if (reading.kind === "text") {
    const text = isOwn && !isDevice() ? writeAtOnce(reading.text) : reading.text;
    if (text === "") return exitCode.ok;
    reading = { kind: "text", text };
  }
  const { runCommandLine } = await import("./run-command.ts");
  return await runCommandLine(reading, commandLine, environment, program);
}

/** Longer lines are hard to read, however wide the terminal is. */
const widestHelp = 100;

/*
 * Standard output without Node's stream: creating the stream takes longer than help itself.
 */

const descriptor = 1;

/** Whether it is a device: a terminal, or something like /dev/null. */
function isDevice(): boolean {
  return fstatSync(descriptor).isCharacterDevice();
}

/**
 * Writes a text synchronously.
 * @returns the rest that could not be written, for the stream to write again and to report
 */
function writeAtOnce(text: string): string {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch {
    // It is full for now or for good, or nobody reads.
  }
  return rest.toString();
}
