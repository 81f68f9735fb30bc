import type { Environment, GivenOptions } from "./options/answers.ts";
import type { Connect } from "./connections.ts";
import type { SignalSource } from "./interruption.ts";
import type { OptionSet, OptionsOf } from "./options/option.ts";
import type { FlowCommand, FlowTypes } from "./run-flow.ts";
import type { Streams, Terminal } from "./show/terminal.ts";
import type { View } from "./show/view.ts";

/** What a command works with; nothing of it is made by the command itself. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly view: View;
  readonly environment: Environment;
  readonly connect: Connect;
  /** The options that were given, as texts. */
  readonly given: GivenOptions;
  /** What follows the options. */
  readonly operands: readonly string[];
  /** Every command there is, for the one that completes them. */
  readonly commands: readonly ListedCommand[];
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly program: string;
  /** The process itself, for a command that hands it on to another program. */
  readonly process: HostProcess;
  /** Aborted when the run is to come to a safe point. */
  readonly signal: AbortSignal;
}

/** What the program is of the process it runs in; `process` is one. */
export interface HostProcess extends SignalSource, Streams {
  readonly argv: readonly string[];
  /** What Node itself was given on the command line. */
  readonly execArgv?: readonly string[] | undefined;
  readonly env: Environment;
  readonly execPath: string;
  readonly platform: NodeJS.Platform;
  once(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  removeListener(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/** A command as the program lists it: what it takes and does is loaded when it is meant. */
export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  /** What may follow the options, as help shows it: `[command...]`. */
  readonly operands?: string;
  /** Whether it is for programs to call, and so not listed. */
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandDefinition>;
}

/** What a command takes and does. */
export interface CommandDefinition {
  /** What more help says of it. */
  readonly description: string;
  readonly options: OptionSet;
  /** The words that an operand can be, where they are known. */
  readonly operandWords?: readonly string[];
  /** Command lines without the program's name, each with what it does. */
  readonly examples: ReadonlyArray<readonly [commandLine: string, does: string]>;
  /** Lines that help shows behind all else, told how the program is called. */
  readonly moreHelp?: (program: string) => readonly string[];
  /** Whether it does with signals as it sees fit; otherwise the first aborts `signal` and the second ends it all. */
  readonly handlesSignals?: boolean;
  run(context: CommandContext): Promise<number>;
}

/** A command with all that there is of it. */
export interface Command extends Omit<ListedCommand, "load">, CommandDefinition {}

/** Loads what a listed command takes and does. */
export async function loadCommand({ load, ...listed }: ListedCommand): Promise<Command> {
  return { ...listed, ...(await load()) };
}

/*
 * What the parser of the command line answers by itself, before any command runs.
 */

/** Shows help: for the program, and for each command. */
export const helpFlag = { flag: "-h, --help", summary: "show help" } as const;

/** Shows the program's version. */
export const versionFlag = { flag: "-V, --version", summary: "show the version" } as const;

/** Shows help too, as a command. */
export const helpCommand = { name: "help", summary: "show help for a command" } as const;

/** A command that lets a flow of the core work; what carries it out is loaded when it runs. */
export function flowCommand<Types extends FlowTypes>(command: FlowCommand<Types>): CommandDefinition {
  const { description, examples, options } = command;
  return {
    description,
    examples,
    options,
    run: async (context) => (await import("./run-flow.ts")).runFlow(command, context),
  };
}

/** A command of its own kind: ties its options to the answers it receives. */
export function defineCommand<Answers>(
  definition: Omit<CommandDefinition, "run" | "options"> & {
    readonly options: OptionsOf<Answers>;
    readonly run: (answers: Answers, context: CommandContext) => Promise<number>;
  },
): CommandDefinition {
  const { options, run } = definition;
  return {
    ...definition,
    options,
    run: async (context) => {
      const { readAnswers } = await import("./options/answers.ts");
      return await run(readAnswers(options, context.given), context);
    },
  };
}
