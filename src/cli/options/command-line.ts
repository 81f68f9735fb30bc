import { Command as CommanderCommand, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Variables } from "../../domain/proxy.ts";
import {
  loadCommand,
  type Command,
  type ListedCommand,
  helpAllFlag,
  helpCommand,
  helpFlag,
  versionFlag,
} from "../command.ts";
import type { Given, GivenOptions } from "./answers.ts";
import { afterHelp, afterProgramHelp, helpLayout } from "./help.ts";
import { brokenRule, inHelpOrder, isOn, parsedName, type OptionDefinition } from "./option.ts";

/** What a command line means. */
export type Reading =
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly given: GivenOptions;
      readonly operands: readonly string[];
    }
  /** Help or the version, which no command prints. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refused"; readonly complaint: Complaint; readonly command: string | undefined };

/** What is wrong with a command line, in the fields of a usage error. */
interface Complaint {
  readonly message: string;
  readonly code: string;
  readonly hint: string;
}

/** The program, as help describes it. */
export interface Program {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly name: string;
  readonly version: string;
  readonly commands: readonly ListedCommand[];
}

/** How a line is read. */
interface ReadingParts {
  readonly environment: Variables;
  /** The width of the terminal that help is shown on. */
  readonly columns: number;
  /** Whether help shows every option. */
  readonly all: boolean;
}

/**
 * Reads a command line, and the variables of the command that it names. Only that command is loaded.
 * @param line the words after the program's name
 * @param environment commander takes the variables of options from the process: these have to be its own
 * @param columns the width of the terminal that help is shown on
 */
export async function readCommandLine(
  line: readonly string[],
  { name, version, commands }: Program,
  environment: Variables,
  columns = 80,
): Promise<Reading> {
  const end = line.indexOf("--");
  const all = line.slice(0, end < 0 ? undefined : end).includes(helpAllFlag.flag);
  const parts = { environment, columns, all };
  let chosen: Reading | undefined;
  let text = "";
  const program = new CommanderCommand(name)
    .usage("<command> [options]")
    .description("Lets any Kubernetes cluster pull images from a private Azure Container Registry.")
    .version(version, versionFlag.flag, versionFlag.summary)
    .helpOption(helpFlag.flag, helpFlag.summary)
    .helpCommand(`${helpCommand.name} [command]`, helpCommand.summary)
    // Inherited by subcommands only when set before they are made.
    .exitOverride()
    .configureHelp(helpLayout)
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
      writeErr: () => {},
      // Otherwise commander looks at the streams, and Node has to create them.
      getOutHelpWidth: () => columns,
      getOutHasColors: () => false,
    });
  for (const { load, ...listed } of commands) {
    const subcommand = program
      .command(listed.name, { hidden: listed.hidden ?? false })
      .summary(listed.summary);
    if (listed.operands) subcommand.argument(listed.operands);
    // A command whose name is not among the words is only listed.
    if (!line.includes(listed.name)) continue;
    const command = await loadCommand({ load, ...listed });
    describe(subcommand, command, name, parts);
    subcommand.action((...received: unknown[]) => {
      const [operands = []] = command.operands ? (received as [string | string[] | undefined]) : [];
      const given = givenIn(subcommand, command);
      chosen = { kind: "command", command, given, operands: [operands].flat() };
    });
  }
  program.addHelpText("after", afterProgramHelp(name, { columns, all, wrap: wrapping(program, columns) }));
  try {
    if (line.length === 0) program.outputHelp();
    else
      program.parse(
        line.map((word) => (all && word === helpAllFlag.flag ? "--help" : word)),
        { from: "user" },
      );
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) {
      const command = commands.find((one) => one.name === line[0])?.name;
      return {
        kind: "refused",
        complaint: complaintOf(error, command ? `${name} ${command}` : name),
        command,
      };
    }
  }
  return chosen ?? { kind: "text", text };
}

/** Adds what a command takes, and the text of its own help. */
function describe(
  subcommand: CommanderCommand,
  command: Command,
  program: string,
  { environment, columns, all }: ReadingParts,
): void {
  const wrap = wrapping(subcommand, columns);
  subcommand
    .description(command.description)
    .addHelpText("after", () => afterHelp(command, { program, columns, all, wrap }));
  for (const definition of inHelpOrder(command.options)) {
    const option = commanderOption(definition, environment, all);
    if (all) option.helpGroup(`${definition.group}:`);
    subcommand.addOption(option);
  }
  if (all) return;
  const rare = new Set(Object.values(command.options).flatMap(({ common, long }) => (common ? [] : [long])));
  // Only now: commander suggests no hidden option for a misspelt one.
  subcommand.addHelpText("beforeAll", () => {
    for (const option of subcommand.options) option.hideHelp(rare.has(option.long ?? ""));
    return "";
  });
}

/** Commander's form of an option. Its value is the list of the given texts, or `true` for a switch. */
function commanderOption(
  definition: OptionDefinition<unknown>,
  environment: Variables,
  all: boolean,
): Option {
  const { flag, summary, kind, fallback, variable, excludes } = definition;
  const remarks = [fallback && `default: ${fallback}`, all && variable === undefined && "flag only"];
  const option = new Option(flag, withRemarks(summary, remarks.filter(Boolean).join("; ")));
  // Commander would read --no-input as the opposite of --input.
  option.negate = false;
  option.conflicts(excludes.map(parsedName));
  // Commander takes any value of a switch's variable for a yes, and an empty text for a value.
  const value = variable && environment[variable];
  if (variable && value && (kind !== "switch" || isOn(value))) option.env(variable);
  if (kind === "switch") return option;
  return option.argParser((text: string, previous: readonly string[] | undefined) => {
    const before = previous ?? [];
    const texts = kind === "list" ? separated(text) : [text];
    const broken =
      texts.length === 0 ? "has no value" : texts.flatMap((one) => brokenRule(definition, one) ?? [])[0];
    if (broken !== undefined) throw new InvalidArgumentError(`It ${broken}.`);
    if (kind === "value" && before.length > 0 && before[0] !== text) {
      throw new InvalidArgumentError("It takes one value.");
    }
    return [...before, ...texts];
  });
}

function separated(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** What was given by flags and variables, by the names of the answers. */
function givenIn(subcommand: CommanderCommand, { options }: Command): GivenOptions {
  const given = new Map<string, Given>();
  for (const [name, { long }] of Object.entries(options)) {
    const value = subcommand.getOptionValue(parsedName(long)) as readonly string[] | true | undefined;
    if (value === undefined) continue;
    const source = subcommand.getOptionValueSource(parsedName(long)) === "env" ? "variable" : "flag";
    given.set(name, { texts: value === true ? ["true"] : value, source });
  }
  return given;
}

const errorCodes = new Map([
  ["commander.conflictingOption", "usage.conflict"],
  ["commander.invalidArgument", "usage.invalid-value"],
]);

/**
 * Commander's complaint in our words. What follows an option in the same word may be a password, so it is not
 * repeated.
 * @param command as a user types it
 */
function complaintOf({ code, message }: CommanderError, command: string): Complaint {
  const [said = "", meant = ""] = message.replace(/^error: /, "").split("\n");
  const cut = code === "commander.unknownOption" ? said.replace(/'(--[^=']*=|-[^-'])[^']+'/, "'$1…'") : said;
  const sentence = code.startsWith("commander.help")
    ? "Unknown command"
    : cut.replace(/^./, (one) => one.toUpperCase());
  const hint = [...(meant === "" ? [] : [meant.slice(1, -1)]), `See ${command} --help.`].join(" ");
  return {
    message: `${sentence.replace(/\.$/, "")}.`,
    code: errorCodes.get(code) ?? "usage.command-line",
    hint,
  };
}

/** A summary with the remarks added to its last brackets. */
function withRemarks(summary: string, remarks: string): string {
  if (remarks === "") return summary;
  return summary.endsWith(")") ? `${summary.slice(0, -1)}; ${remarks})` : `${summary} (${remarks})`;
}

function wrapping(command: CommanderCommand, columns: number): (text: string) => string {
  return (text) => command.createHelp().boxWrap(text, columns);
}
