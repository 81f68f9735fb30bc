import { Command as CommanderCommand, CommanderError, Option as CommanderOption } from "commander";
import type { Flags } from "./answers.ts";
import {
  loadCommand,
  type Command,
  type ListedCommand,
  helpCommand,
  helpFlag,
  versionFlag,
} from "../command.ts";
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
  | { readonly kind: "complaint"; readonly message: string };

/** The program, as help describes it. */
export interface Program {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly name: string;
  readonly version: string;
  readonly commands: readonly ListedCommand[];
}

const exitCodes = `Exit codes:
  0  done, or in order             3    not signed in, or a right is missing
  1  failed, busy or timed out     4    stopped half way: the same command goes on
  2  bad usage or refused:         5    looked only, and it is not in order
     nothing was written           130  interrupted (terminated: 143)`;

/**
 * Reads a command line. Only the commands that it names are loaded.
 * @param commandLine what follows the program's name
 * @param columns the width of the terminal that help is shown on
 */
export async function readCommandLine(
  commandLine: readonly string[],
  { name, version, commands }: Program,
  columns = 80,
): Promise<Reading> {
  let chosen: Reading | undefined;
  let text = "";
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
    // The command is named somewhere among the words.
    if (!commandLine.includes(listed.name)) continue;
    const command = await loadCommand(listed);
    describeCommand(subcommand, command, name, (flags, operands) => {
      chosen = { kind: "command", command, flags, operands };
    });
  }
  program.addHelpText("after", `\n${exitCodes}`);
  try {
    if (commandLine.length === 0) program.outputHelp();
    else program.parse(commandLine, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) {
      return { kind: "complaint", message: (complaint || error.message).trim().replace(/^error: /, "") };
    }
  }
  return chosen ?? { kind: "text", text };
}

/** Adds a command as help of the program lists it; it inherits the parent's settings. */
function listCommand(
  parent: CommanderCommand,
  { name, summary, operands, hidden = false }: ListedCommand,
): CommanderCommand {
  const command = parent.command(name, { hidden }).summary(summary);
  if (operands) command.argument(operands);
  return command;
}

/** Adds what a command takes, and what its own help says. */
function describeCommand(
  subcommand: CommanderCommand,
  command: Command,
  program: string,
  chosen: (flags: Flags, operands: readonly string[]) => void,
): void {
  subcommand.description(command.description).addHelpText("after", () => afterHelp(program, command));
  for (const option of inHelpOrder(command.options)) subcommand.addOption(commanderOption(option));
  subcommand.action((...received: unknown[]) => {
    const [operands = []] = command.operands ? (received as [string | string[] | undefined]) : [];
    chosen(subcommand.opts(), [operands].flat());
  });
}

/** Commander's form of an option, without default and variable: "not given" must stay visible. */
function commanderOption(definition: OptionDefinition<unknown>): CommanderOption {
  const { flag, summary, kind, fallback, group, variable } = definition;
  const remarks = [fallback && `default: ${fallback}`, variable === undefined && "flag only"].filter(Boolean);
  const option = new CommanderOption(
    flag,
    remarks.length > 0 ? `${summary} (${remarks.join("; ")})` : summary,
  );
  // Commander would read --no-azure as the opposite of --azure.
  option.negate = false;
  if (kind === "list") {
    option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
  }
  return option.helpGroup(`${group}:`);
}

function afterHelp(program: string, { examples, options, moreHelp }: Command): string {
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
