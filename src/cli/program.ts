import { Command as CommanderCommand, CommanderError } from "commander";
import { exitCode } from "../domain/exit-code.ts";
import { gather, peek, UsageError, variableWarnings, type Environment, type Flags } from "./answers.ts";
import { addCommand, type CommandDefinition, type HostProcess } from "./command.ts";
import { completeCommand } from "./commands/complete.ts";
import { completionCommand } from "./commands/completion.ts";
import { removeCommand } from "./commands/remove.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import { rotateCommand } from "./commands/rotate.ts";
import { setupCommand } from "./commands/setup.ts";
import { statusCommand } from "./commands/status.ts";
import { verifyCommand } from "./commands/verify.ts";
import type { Connect } from "./connections.ts";
import { InterruptedError, watchSignals } from "./interruption.ts";
import type { OptionDefinition, OptionSet } from "./option.ts";
import { outputOptions, runOptions } from "./options.ts";
import { helpCommand, helpFlag, versionFlag } from "./standard-flags.ts";
import { openTerminal } from "./terminal.ts";
import { describeFailure } from "./views/failure.ts";
import { openView } from "./views/open-view.ts";
import type { View } from "./views/view.ts";

/** Every command, in the order help lists them. */
export const commands: readonly CommandDefinition[] = [
  setupCommand,
  rotateCommand,
  verifyCommand,
  statusCommand,
  removeCommand,
  sandboxCommand,
  completionCommand,
  completeCommand,
];

/** What the program is made with. */
export interface ProgramParts {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly name: string;
  readonly version: string;
  readonly process: HostProcess;
  readonly connect: Connect;
  /** Called before a command runs; never for help. */
  readonly onStart: () => Promise<void>;
}

interface Choice {
  readonly definition: CommandDefinition;
  readonly flags: Flags;
  readonly operands: readonly string[];
}

const exitCodes = `Exit codes:
  0  done, or in order             3    not signed in, or a right is missing
  1  failed, busy or timed out     4    stopped half way: the same command goes on
  2  bad usage or refused:         5    looked only, and it is not in order
     nothing was written           130  interrupted (terminated: 143)`;

/**
 * Carries a command line out.
 * @param commandLine what follows the program's name
 * @returns the exit code; every failure has been shown
 */
export async function runProgram(
  commandLine: readonly string[],
  environment: Environment,
  parts: ProgramParts,
): Promise<number> {
  const look = <A>(option: OptionDefinition<A>) => peek(option, commandLine, environment);
  const terminal = openTerminal(parts.process, environment, {
    color: look(outputOptions.color),
    noInput: look(runOptions.noInput),
    accessible: look(outputOptions.accessible),
  });
  const detail = {
    quiet: look(outputOptions.quiet),
    verbose: look(outputOptions.verbose),
    debug: look(outputOptions.debug),
  };
  const view = () => openView(look(outputOptions.output), detail, terminal);

  let choice: Choice | undefined;
  try {
    choice = parse(commandLine, parts);
  } catch (error) {
    return showFailure(error, await view(), undefined);
  }
  if (choice === undefined) return exitCode.ok;
  const instead = anotherCommandLine(choice, commandLine, environment);
  if (instead) return await runProgram(instead.commandLine, instead.environment, parts);
  return await runCommand(choice, environment, parts, { terminal, view: await view() });
}

async function runCommand(
  { definition, flags, operands }: Choice,
  environment: Environment,
  parts: ProgramParts,
  { terminal, view }: Pick<Parameters<CommandDefinition["run"]>[0], "terminal" | "view">,
): Promise<number> {
  const { name: program, process, connect } = parts;
  const interruption = definition.handlesSignals ? undefined : watchSignals(process, () => view.close());
  const crash = new AbortController();
  const signal = AbortSignal.any([crash.signal, ...(interruption ? [interruption.signal] : [])]);
  // Thrown where no caller could catch it: the run is over, and so that it is told like any other failure.
  const crashed = new Promise<never>((_resolve, reject) => {
    crash.signal.addEventListener("abort", () => reject(crash.signal.reason as Error));
  });
  const onCrash = (error: unknown) => crash.abort(error);
  process.once("uncaughtException", onCrash);
  try {
    await parts.onStart();
    for (const text of variableWarnings(environment, everyOption())) {
      view.report({ kind: "note", level: "warning", text });
    }
    const given = gather(definition.options, flags, environment);
    const context = {
      terminal,
      view,
      environment,
      connect,
      given,
      operands,
      commands,
      program,
      process,
      signal,
    };
    return await Promise.race([definition.run(context), crashed]);
  } catch (error) {
    // Whatever a run fails with after it was told to stop, it stopped because of that.
    const stopped = signal.aborted && !(error instanceof InterruptedError);
    return showFailure(stopped ? signal.reason : error, view, definition.name);
  } finally {
    view.close();
    interruption?.close();
    process.removeListener("uncaughtException", onCrash);
  }
}

function showFailure(error: unknown, view: View, command: string | undefined): number {
  const failure = describeFailure(error);
  view.failure(command, failure);
  return failure.exitCode;
}

/** The command line that an option stands for; its variable does not go with it. */
function anotherCommandLine(
  { definition, flags }: Choice,
  commandLine: readonly string[],
  environment: Environment,
): { commandLine: readonly string[]; environment: Environment } | undefined {
  for (const [name, option] of Object.entries(definition.options)) {
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

/**
 * Reads the command line.
 * @returns `undefined` when help or the version was asked for and shown
 * @throws UsageError `usage.command-line`
 */
function parse(commandLine: readonly string[], { name, version, process }: ProgramParts): Choice | undefined {
  let choice: Choice | undefined;
  let complaint = "";
  const program = new CommanderCommand(name)
    .description("Lets any Kubernetes cluster pull images from a private Azure Container Registry.")
    .version(version, versionFlag.flag, versionFlag.summary)
    .helpOption(helpFlag.flag, helpFlag.summary)
    .helpCommand(`${helpCommand.name} [command]`, helpCommand.summary)
    .showSuggestionAfterError()
    // Inherited by subcommands only when set before they are made.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => {
        complaint += text;
      },
    });
  for (const definition of commands) {
    // The one that is meant is named among the words, whatever stands before it; the others need no options.
    addCommand(program, definition, commandLine.includes(definition.name), (flags, operands) => {
      choice = { definition, flags, operands };
    });
  }
  program.addHelpText("after", `\n${exitCodes}`);
  try {
    if (commandLine.length === 0) program.outputHelp();
    else program.parse(commandLine, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const message = (complaint || error.message).trim().replace(/^error: /, "");
    throw new UsageError(message, "usage.command-line", `See ${name} --help.`);
  }
  return choice;
}

function everyOption(): OptionSet {
  return Object.fromEntries(commands.flatMap(({ options }) => Object.entries(options)));
}
