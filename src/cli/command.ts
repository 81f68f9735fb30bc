import { Option as CommanderOption, type Command as CommanderCommand } from "commander";
import { readAnswers, type Environment, type Flags, type GivenOptions } from "./answers.ts";
import type { Connect } from "./connections.ts";
import type { SignalSource } from "./interruption.ts";
import {
  optionGroups,
  valueHint,
  type AnswersOf,
  type OptionDefinition,
  type OptionSet,
  type ValueHint,
} from "./option.ts";
import type { Streams, Terminal } from "./terminal.ts";
import type { View } from "./views/view.ts";

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
  readonly commands: readonly CommandDefinition[];
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
  readonly env: Environment;
  readonly execPath: string;
  readonly platform: NodeJS.Platform;
  once(event: "uncaughtException", listener: (error: unknown) => void): unknown;
  removeListener(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/** A command as the tree of commands holds it. */
export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  /** What more help says of it. */
  readonly description: string;
  readonly options: OptionSet;
  /** What may follow the options, as help shows it: `[command...]`. */
  readonly operands: string | undefined;
  /** What such an operand can be. */
  readonly operandValues: ValueHint;
  /** Command lines without the program's name, each with what it does. */
  readonly examples: ReadonlyArray<readonly [commandLine: string, does: string]>;
  /** Lines that help shows behind all else, told how the program is called. */
  readonly moreHelp: ((program: string) => readonly string[]) | undefined;
  /** Whether it is for programs to call, and so not listed. */
  readonly hidden: boolean;
  /** Whether it does with signals as it sees fit; otherwise the first aborts `signal` and the second ends it all. */
  readonly handlesSignals: boolean;
  run(context: CommandContext): Promise<number>;
}

/** Ties a command's options to the answers it receives. */
export function defineCommand<Options extends OptionSet>(
  definition: Pick<CommandDefinition, "name" | "summary" | "description" | "examples"> & {
    readonly options: Options;
    readonly operands?: string;
    /** The words that an operand can be. */
    readonly operandWords?: readonly string[];
    readonly moreHelp?: (program: string) => readonly string[];
    readonly hidden?: boolean;
    readonly handlesSignals?: boolean;
    readonly run: (answers: AnswersOf<Options>, context: CommandContext) => Promise<number>;
  },
): CommandDefinition {
  const {
    options,
    operands,
    operandWords,
    moreHelp,
    hidden = false,
    handlesSignals = false,
    run,
  } = definition;
  return {
    ...definition,
    operands,
    operandValues: operands === undefined ? "anything" : valueHint(operands, operandWords),
    moreHelp,
    hidden,
    handlesSignals,
    run: (context) => run(readAnswers(options, context.given), context),
  };
}

/**
 * Adds a command to commander's tree, below a parent whose settings it inherits.
 * @param whole with its options, which one that is only listed does without
 */
export function addCommand(
  parent: CommanderCommand,
  definition: CommandDefinition,
  whole: boolean,
  chosen: (flags: Flags, operands: readonly string[]) => void,
): void {
  const command = parent
    .command(definition.name, { hidden: definition.hidden })
    .summary(definition.summary)
    .description(definition.description)
    .addHelpText("after", () => afterHelp(fullName(parent), definition));
  if (definition.operands) command.argument(definition.operands);
  if (whole) for (const option of inHelpOrder(definition.options)) command.addOption(commanderOption(option));
  command.action((...received: unknown[]) => {
    const [operands = []] = definition.operands ? (received as [string | string[] | undefined]) : [];
    chosen(command.opts(), [operands].flat());
  });
}

/** Options by their groups; commander lists groups in the order they turn up. */
export function inHelpOrder(options: OptionSet): Array<OptionDefinition<unknown>> {
  const place = ({ group }: OptionDefinition<unknown>) => optionGroups.indexOf(group);
  return Object.values(options).sort((left, right) => place(left) - place(right));
}

/** Commander's form of an option: without default and variable, so that "not given" stays visible. */
function commanderOption(definition: OptionDefinition<unknown>): CommanderOption {
  const { flag, summary, kind, fallback, group, variable } = definition;
  const remarks = [fallback && `default: ${fallback}`, variable === undefined && "flag only"].filter(Boolean);
  const option = new CommanderOption(
    flag,
    remarks.length > 0 ? `${summary} (${remarks.join("; ")})` : summary,
  );
  // Commander would take --no-azure for the opposite of --azure, on unless given.
  option.negate = false;
  if (kind === "list") {
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  }
  return option.helpGroup(`${group}:`);
}

function fullName(command: CommanderCommand): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function afterHelp(program: string, { examples, options, moreHelp }: CommandDefinition): string {
  const parts: string[] = [];
  if (Object.values(options).some(({ variable }) => variable !== undefined)) {
    parts.push(
      "Every option but those marked `flag only` can also be set by a variable: --secret-name is",
      "ACR_PULL_SECRET_NAME; lists have commas between, switches are true or false. A flag wins.",
    );
  }
  if (examples.length > 0) {
    parts.push(
      "",
      "Examples:",
      ...examples.flatMap(([line, does]) => [`  # ${does}`, `  ${program} ${line}`]),
    );
  }
  if (moreHelp) parts.push("", ...moreHelp(program));
  return `\n${parts.join("\n").trim()}`;
}
