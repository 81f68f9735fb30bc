import type { Variables } from "../domain/proxy.ts";
import { setImmediate as nextTurn } from "node:timers/promises";
import { exitCode } from "../domain/exit-code.ts";
import { forgetSecrets } from "../domain/known-secrets.ts";
import { gather, peek, UsageError, variableWarnings } from "./options/answers.ts";
import { readCommandLine, type Reading, type Program } from "./options/command-line.ts";
import { loadCommand, type CommandContext, type HostProcess, type ListedCommand } from "./command.ts";
import { InterruptedError, watchSignals } from "./interruption.ts";
import type { OptionDefinition, OptionSet } from "./options/option.ts";
import { outputOptions, type OutputFormat } from "./options/output-options.ts";
import { runOptions } from "./options/shared-options.ts";
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
  const instead = reading.kind === "command" && anotherCommandLine(reading, commandLine, environment);
  if (instead) {
    const reading = await readCommandLine(instead.commandLine, program);
    return await runCommandLine(reading, instead.commandLine, instead.environment, program);
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
  const look = <A>(option: OptionDefinition<A>) => peek(option, commandLine, environment);
  const terminal = await openTerminal(program.process, environment, {
    noInput: look(runOptions.noInput),
  });
  const detail = {
    quiet: look(outputOptions.quiet),
    verbose: look(outputOptions.verbose),
    debug: look(outputOptions.debug),
  };
  if (reading.kind === "text") {
    terminal.stdout.document(reading.text);
    return exitCode.ok;
  }
  const view = await openView(look(outputOptions.output), detail, terminal);
  if (reading.kind === "command") return await runCommand(reading, environment, program, { terminal, view });
  const error = new UsageError(reading.message, "usage.command-line", reading.hint);
  return showFailure(error, view, undefined);
}

/** The view for an output format. The other one is not loaded. */
async function openView(format: OutputFormat, detail: Detail, terminal: Terminal): Promise<View> {
  const progress = new ProgressLines(terminal.stderr, detail);
  const tell = (failure: Failure) => tellFailure(terminal, detail, failure);
  if (format === "text") return openHumanView(terminal, tell, progress);
  const { openDocumentView } = await import("./show/document-view.ts");
  return openDocumentView(terminal, tell, progress);
}

async function runCommand(
  { command, flags, operands }: Choice,
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
    const given = gather(command.options, flags, environment);
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

/** The command line that an option stands for, without the option's variable. */
function anotherCommandLine(
  { command, flags }: Choice,
  commandLine: readonly string[],
  environment: Variables,
): { commandLine: readonly string[]; environment: Variables } | undefined {
  for (const [name, option] of Object.entries(command.options)) {
    if (option.instead === undefined) continue;
    const given = gather({ [name]: option }, flags, environment).get(name);
    if (given?.texts.at(-1) !== "true") continue;
    return {
      commandLine: option.instead(commandLine),
      environment: { ...environment, ...(option.variable && { [option.variable]: undefined }) },
    };
  }
  return undefined;
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
