import type { Variables } from "../domain/proxy.ts";
import type { GivenOptions } from "./options/answers.ts";
import type { Connect } from "./connections.ts";
import type { SignalSource } from "./interruption.ts";
import type { OptionSet, OptionsOf } from "./options/option.ts";
import type { Streams, Terminal } from "./show/terminal.ts";
import type { View } from "./show/view.ts";

/** What a command works with. It creates none of this itself. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly view: View;
  readonly environment: Variables;
  readonly connect: Connect;
  /** The given options, as texts. */
  readonly given: GivenOptions;
  /** What follows the options. */
  readonly operands: readonly string[];
  /** All commands, for the one that completes them. */
  readonly commands: readonly ListedCommand[];
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly program: string;
  /** The process itself, for a command that passes it to another program. */
  readonly process: HostProcess;
  /** Aborted when the run must stop at the next safe point. */
  readonly signal: AbortSignal;
}

/** The parts of its process that the program uses; Node's `process` fits. */
export interface HostProcess extends SignalSource, Streams {
  readonly argv: readonly string[];
  readonly env: Variables;
  readonly execPath: string;
  readonly platform: NodeJS.Platform;
  once(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  removeListener(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/** A command as the program lists it. The command itself is loaded when the command line names it. */
export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  /** What may follow the options, as help shows it: `[command...]`. */
  readonly operands?: string;
  /** Whether it is left out of help, because only programs call it. */
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandDefinition>;
}

/** What a command takes and does. */
export interface CommandDefinition {
  /** The description in its own help. */
  readonly description: string;
  readonly options: OptionSet;
  /** The words that an operand can be, if they are known. */
  readonly operandWords?: readonly string[];
  /** Command lines without the program's name, each with what it does. */
  readonly examples: ReadonlyArray<readonly [commandLine: string, does: string]>;
  /** Lines at the end of its help, for the name that the program was called by. */
  readonly moreHelp?: (program: string) => readonly string[];
  /** Whether it handles signals itself. Otherwise the first one aborts `signal` and the second one ends the process. */
  readonly handlesSignals?: boolean;
  run(context: CommandContext): Promise<number>;
}

/** A loaded command. */
export interface Command extends Omit<ListedCommand, "load">, CommandDefinition {}

/** Loads a listed command. */
export async function loadCommand({ load, ...listed }: ListedCommand): Promise<Command> {
  return { ...listed, ...(await load()) };
}

/*
 * What the command line parser answers itself, before any command runs.
 */

/** Shows help: for the program, and for each command. */
export const helpFlag = { flag: "-h, --help", summary: "show help" } as const;

/** Shows help for a command with every option. */
export const helpAllFlag = { flag: "--help-all", summary: "show help with every option" } as const;

/** Shows the program's version. */
export const versionFlag = { flag: "-V, --version", summary: "show the version" } as const;

/** Shows help too, as a command. */
export const helpCommand = { name: "help", summary: "show help for a command" } as const;

/** Defines a command that runs no flow of the core. For the others see `flowCommand`. */
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
