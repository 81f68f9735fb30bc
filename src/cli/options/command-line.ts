import { Command as CommanderCommand, CommanderError, Option as CommanderOption } from "commander";
import type { Flags } from "./answers.ts";
import {
  loadCommand,
  type Command,
  type ListedCommand,
  helpAllFlag,
  helpCommand,
  helpFlag,
  versionFlag,
} from "../command.ts";
import { afterHelp, afterProgramHelp, helpLayout } from "./help.ts";
import { inHelpOrder, type OptionDefinition } from "./option.ts";

/** What a command line means. */
export type Reading =
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly flags: Flags;
      readonly operands: readonly string[];
    }
  /** Help or the version, which no command prints. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "complaint"; readonly message: string; readonly hint: string };

/** The program, as help describes it. */
export interface Program {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly name: string;
  readonly version: string;
  readonly commands: readonly ListedCommand[];
}

/**
 * Reads a command line. Only the commands that it names are loaded.
 * @param given the words after the program's name
 * @param columns the width of the terminal that help is shown on
 */
export async function readCommandLine(
  given: readonly string[],
  { name, version, commands }: Program,
  columns = 80,
): Promise<Reading> {
  let chosen: Reading | undefined;
  let text = "";
  let complaint = "";
  const loaded: Command[] = [];
  const commandLine = await usualOrder(given, commands);
  const speaker = { name, commands, flags: ["--help", helpAllFlag.flag, "--version"] };
  const [first, ...words] = commandLine;
  if (first !== undefined && !isWordOf(first, commands)) {
    return (await import("./complaint.ts")).unknownCommand(first, speaker);
  }
  const all = ownWords(commandLine).includes(helpAllFlag.flag);
  const program = new CommanderCommand(name)
    .usage("<command> [options]")
    .description("Lets any Kubernetes cluster pull images from a private Azure Container Registry.")
    .version(version, versionFlag.flag, versionFlag.summary)
    .helpOption(helpFlag.flag, helpFlag.summary)
    .helpCommand(`${helpCommand.name} [command]`, helpCommand.summary)
    .showSuggestionAfterError(false)
    // Inherited by subcommands only when set before they are made.
    .exitOverride()
    .configureHelp(helpLayout)
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
      writeErr: (part) => {
        complaint += part;
      },
      // Otherwise commander looks at the streams, and Node has to create them.
      getOutHelpWidth: () => columns,
      getOutHasColors: () => false,
    });
  for (const listed of commands) {
    const subcommand = listCommand(program, listed);
    // A command whose name is not among the words is only listed.
    if (!commandLine.includes(listed.name)) continue;
    const command = await loadCommand(listed);
    loaded.push(command);
    describeCommand(subcommand, command, { program: name, columns, all }, (flags, operands) => {
      chosen = { kind: "command", command, flags, operands };
    });
  }
  program.addHelpText("after", afterProgramHelp(name, { columns, all, wrap: wrapping(program, columns) }));
  try {
    if (commandLine.length === 0) program.outputHelp();
    else program.parse(all ? withPlainHelp(commandLine) : commandLine, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) {
      const { explained } = await import("./complaint.ts");
      const command = loaded.find((one) => one.name === first);
      const line = { command, words: command ? words : commandLine };
      return await explained({ code: error.code, said: complaint }, line, speaker);
    }
  }
  return chosen ?? { kind: "text", text };
}

/** Moves the command to the front, and replaces the words `help` and `version` with the options that they stand for. */
async function usualOrder(
  given: readonly string[],
  commands: readonly ListedCommand[],
): Promise<readonly string[]> {
  const [first, second, ...rest] = given;
  if (first === "version") return ["--version"];
  if (first === helpCommand.name && second !== undefined && !second.startsWith("-")) {
    return [second, "--help", ...rest];
  }
  if (second === undefined || !first?.startsWith("-")) return given;
  const { commandPlace } = await import("./command-place.ts");
  const at = await commandPlace(given, commands);
  if (at === undefined || at === 0) return given;
  return [...given.slice(at, at + 1), ...given.slice(0, at), ...given.slice(at + 1)];
}

/** Whether a command line can begin with this word. */
function isWordOf(first: string, commands: readonly ListedCommand[]): boolean {
  return first.startsWith("-") || first === helpCommand.name || commands.some(({ name }) => name === first);
}

/** The command line with `--help` in place of `--help-all`, which commander does not know. */
function withPlainHelp(commandLine: readonly string[]): readonly string[] {
  const at = commandLine.indexOf(helpAllFlag.flag);
  return [...commandLine.slice(0, at), "--help", ...commandLine.slice(at + 1)];
}

/** The words that do not belong to another program's command line. */
function ownWords(commandLine: readonly string[]): readonly string[] {
  const end = commandLine.indexOf("--");
  return end < 0 ? commandLine : commandLine.slice(0, end);
}

/** Adds a command as the program's help lists it. The command inherits the parent's settings. */
function listCommand(
  parent: CommanderCommand,
  { name, summary, operands, hidden = false }: ListedCommand,
): CommanderCommand {
  const command = parent.command(name, { hidden }).summary(summary);
  if (operands) command.argument(operands);
  return command;
}

/** Adds what a command takes, and the text of its own help. */
function describeCommand(
  subcommand: CommanderCommand,
  command: Command,
  { program, columns, all }: { readonly program: string; readonly columns: number; readonly all: boolean },
  chosen: (flags: Flags, operands: readonly string[]) => void,
): void {
  const wrap = wrapping(subcommand, columns);
  subcommand
    .description(command.description)
    .addHelpText("after", () => afterHelp(command, { program, columns, all, wrap }));
  for (const definition of inHelpOrder(command.options)) {
    const option = commanderOption(definition, all);
    if (all) option.helpGroup(`${definition.group}:`);
    subcommand.addOption(option.hideHelp(!all && !definition.common));
  }
  subcommand.action((...received: unknown[]) => {
    const [operands = []] = command.operands ? (received as [string | string[] | undefined]) : [];
    chosen(subcommand.opts(), [operands].flat());
  });
}

/** A summary with the remarks added to its last brackets. */
function withRemarks(summary: string, remarks: string): string {
  if (remarks === "") return summary;
  return summary.endsWith(")") ? `${summary.slice(0, -1)}; ${remarks})` : `${summary} (${remarks})`;
}

function wrapping(command: CommanderCommand, columns: number): (text: string) => string {
  return (text) => command.createHelp().boxWrap(text, columns);
}

/** Commander's form of an option, without default and variable: "not given" must stay visible. */
function commanderOption(
  { flag, summary, kind, fallback, variable }: OptionDefinition<unknown>,
  all: boolean,
): CommanderOption {
  const isFlagOnly = all && variable === undefined;
  const remarks = [fallback && `default: ${fallback}`, isFlagOnly && "flag only"].filter(Boolean);
  const option = new CommanderOption(flag, withRemarks(summary, remarks.join("; ")));
  // Commander would read --no-input as the opposite of --input.
  option.negate = false;
  // Every value is kept. Two different values of an option that takes one are refused later.
  if (kind !== "switch") {
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  }
  return option;
}
