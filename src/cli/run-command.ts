import type { Variables } from "../domain/proxy.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import { exitCode } from "../domain/exit-code.ts";
import { forgetSecrets } from "../domain/known-secrets.ts";
import { UsageError, variableWarnings, type GivenOptions } from "./options/answers.ts";
import { readCommandLine, type Reading, type Program } from "./options/command-line.ts";
import { loadCommand, type CommandContext, type HostProcess, type ListedCommand } from "./command.ts";
import { InterruptedError, watchSignals } from "./interruption.ts";
import type { OptionSet } from "./options/option.ts";
import { rehearsalOf } from "./options/rehearsal-options.ts";
import type { Connect } from "./connections.ts";
import { openTerminal, type Terminal } from "./show/terminal.ts";
import { describeFailure, tellFailure, type Failure } from "./show/failure.ts";
import { openHumanView } from "./show/human-view.ts";
import { ProgressLines } from "./show/progress-lines.ts";
import type { Detail, View } from "./show/view.ts";

/** The program and the process that it runs in. */
export interface RunningProgram extends Program {
  readonly process: HostProcess;
  /** Loads the connections to the services. Called before a command runs, never for help. */
  readonly begin: () => Promise<Connect>;
}

type Choice = Extract<Reading, { kind: "command" }>;

/**
 * Runs the command that the command line names, or says what is wrong with the line.
 * @param commandLine the line that was read
 * @returns the exit code; every failure has been shown
 */
export async function runCommandLine(
  reading: Reading,
  commandLine: readonly string[],
  environment: Variables,
  program: RunningProgram,
): Promise<number> {
  const rehearsal =
    reading.kind === "command" && rehearsalOf(reading.command.name, reading.given, commandLine, environment);
  if (rehearsal) {
    const again = await readCommandLine(rehearsal.commandLine, program, rehearsal.environment);
    return await runCommandLine(again, rehearsal.commandLine, rehearsal.environment, program);
  }
  return await failingOnLostOutput(program.process, () =>
    runOrShow(reading, commandLine, environment, program),
  );
}

async function runOrShow(
  reading: Reading,
  commandLine: readonly string[],
  environment: Variables,
  program: RunningProgram,
): Promise<number> {
  const given: GivenOptions = reading.kind === "command" ? reading.given : new Map();
  const terminal = await openTerminal(program.process, environment, { noInput: given.has("noInput") });
  const detail = { quiet: given.has("quiet"), verbose: given.has("verbose"), debug: given.has("debug") };
  if (reading.kind === "text") {
    terminal.stdout.document(reading.text);
    return exitCode.ok;
  }
  const isJson =
    reading.kind === "command"
      ? given.get("output")?.texts.at(-1) === "json"
      : asksForJson(commandLine) || environment["ACR_PULL_OUTPUT"] === "json";
  const view = await openView(isJson, detail, terminal);
  if (reading.kind === "command") return await runCommand(reading, environment, program, { terminal, view });
  const { message, code, hint } = reading.complaint;
  return showFailure(new UsageError(message, code, hint), view, reading.command);
}

/** Whether a line that could not be read asks for JSON: a program gets it even then. */
function asksForJson(commandLine: readonly string[]): boolean {
  return /(?:^| )(?:-o ?|--output[ =])json(?: |$)/.test(commandLine.join(" ").replace(/(?:^| )-- .*/, ""));
}

/** The view for an output format. The other one is not loaded. */
async function openView(isJson: boolean, detail: Detail, terminal: Terminal): Promise<View> {
  const progress = new ProgressLines(terminal.stderr, detail);
  const tell = (failure: Failure) => tellFailure(terminal, detail, failure);
  if (!isJson) return openHumanView(terminal, tell, progress);
  const { openDocumentView } = await import("./show/document-view.ts");
  return openDocumentView(terminal, tell, progress);
}

async function runCommand(
  { command, given, operands }: Choice,
  environment: Variables,
  program: RunningProgram,
  { terminal, view }: Pick<CommandContext, "terminal" | "view">,
): Promise<number> {
  const { process, commands } = program;
  const interruption = command.handlesSignals ? undefined : watchSignals(process, () => view.close());
  const crash = new AbortController();
  const signal = AbortSignal.any([crash.signal, ...(interruption ? [interruption.signal] : [])]);
  // An error that no caller could catch ends the run, and is reported like any other.
  const crashed = new Promise<never>((_resolve, reject) => {
    crash.signal.addEventListener("abort", () => reject(crash.signal.reason as Error));
  });
  const onCrash = (error: unknown) => crash.abort(error);
  process.once("uncaughtException", onCrash);
  forgetSecrets();
  try {
    const connect = await program.begin();
    for (const text of await variableWarnings(environment, command.options, () => optionsOf(commands))) {
      view.report({ kind: "note", level: "warning", text });
    }
    const context = {
      terminal,
      view,
      environment,
      connect,
      given,
      operands,
      commands,
      program: program.name,
      process,
      signal,
    };
    return await Promise.race([command.run(context), crashed]);
  } catch (error) {
    // A run that fails after it was told to stop counts as stopped.
    const stopped = signal.aborted && !(error instanceof InterruptedError);
    return showFailure(
      stopped ? signal.reason : withHelp(error, program.name, command.name),
      view,
      command.name,
    );
  } finally {
    view.close();
    interruption?.close();
    process.removeListener("uncaughtException", onCrash);
  }
}

/** A usage error names the command's help if it has no better advice. A person who said no needs none. */
function withHelp(error: unknown, program: string, command: string): unknown {
  if (!(error instanceof UsageError) || error.hint !== undefined || error.code.endsWith(".declined"))
    return error;
  return new UsageError(error.message, error.code, `See ${program} ${command} --help-all.`);
}

function showFailure(error: unknown, view: View, command: string | undefined): number {
  const failure = describeFailure(error);
  view.failure(command, failure);
  return failure.exitCode;
}

async function optionsOf(commands: readonly ListedCommand[]): Promise<OptionSet> {
  const loaded = await Promise.all(commands.map(loadCommand));
  return Object.fromEntries(loaded.flatMap(({ options }) => Object.entries(options)));
}

/** Turns a success into a failure if the output could not be written. */
async function failingOnLostOutput(
  { stdout, stderr }: Pick<HostProcess, "stdout" | "stderr">,
  run: () => Promise<number>,
): Promise<number> {
  const unwritten: string[] = [];
  const onUnwritten = ({ code, name }: NodeJS.ErrnoException) => {
    // A reader such as `head` may stop early. The work continues, as it does on a full disk.
    if (code !== "EPIPE") unwritten.push(code ?? name);
  };
  for (const stream of [stdout, stderr]) stream.on("error", onUnwritten);
  const code = await run();
  // A stream reports a failed write only in a later turn.
  await nextTurn();
  const [reason] = unwritten;
  if (reason === undefined || code !== exitCode.ok) return code;
  stderr.write(`error: The output could not be written (${reason}).\n`);
  return exitCode.failed;
}
