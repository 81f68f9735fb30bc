import { closestName } from "../../domain/closest-name.ts";
import { registryReference, namespaceName } from "../../domain/names.ts";
import { loadCommand, type Command, type ListedCommand } from "../command.ts";
import { shortOf, type OptionDefinition } from "./option.ts";
import { byName, everyNamespace, otherCommands, otherOptions } from "./synonyms.ts";

/** Why a command line cannot be read, and what to type instead. */
interface Complaint {
  readonly kind: "complaint";
  readonly message: string;
  readonly hint: string;
}

/** The program whose command line it is. */
interface Speaker {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly name: string;
  readonly commands: readonly ListedCommand[];
  /** The long flags that every command has: `--help`. */
  readonly flags: readonly string[];
}

/** For a word that is not a command but stands in the place of one. */
export function unknownCommand(word: string, { name, commands }: Speaker): Complaint {
  const names = commands.filter(({ hidden }) => !hidden).map((command) => command.name);
  const meant = otherCommands.get(word) ?? closestName(word, names);
  const advice = meant === undefined || meant.includes(" ") ? meant : `Did you mean ${name} ${meant}?`;
  return complaint(`Unknown command ${word}.`, advice, `${name} --help`);
}

/**
 * Says in our own words what the parser complains about. It repeats no value that may have been meant as a password.
 * @param code the code of the parser's error
 * @param said the parser's own message
 * @param command the command that the line names
 * @param words the words after the command's name, or all words if the line names none
 */
export async function explained(
  { code, said }: { readonly code: string; readonly said: string },
  { command, words }: { readonly command: Command | undefined; readonly words: readonly string[] },
  speaker: Speaker,
): Promise<Complaint> {
  const quoted = /'([^']*)'/.exec(said)?.[1] ?? "";
  if (command === undefined) return withoutCommand(quoted, words, speaker);
  const help = `${speaker.name} ${command.name} --help`;
  if (code === "commander.unknownOption") {
    const flag = bare(quoted);
    const known = Object.values(command.options).find(({ long }) => long === flag);
    const ahead = known ? undefined : await aheadOfRehearsal(flag, command, speaker);
    if (ahead !== undefined) return complaint(`Unknown option ${flag}.`, ahead.advice, ahead.help);
    return known
      ? complaint(`${flag} takes no value.`, "Leave the option out for its opposite.", help)
      : complaint(`Unknown option ${flag}.`, instead(flag, command, speaker), help);
  }
  if (code === "commander.optionMissingArgument") {
    return complaint(`${longOf(quoted)} needs a value: ${quoted}.`, undefined, help);
  }
  if (code === "commander.excessArguments") return excess(command, words[0] ?? "", help);
  return complaint(`${said.replace(/^error: /, "").trim()}.`, undefined, help);
}

/** What to do about a line that has only options, or a misspelt command after them. */
function withoutCommand(flag: string, words: readonly string[], speaker: Speaker): Complaint {
  const { name, commands, flags } = speaker;
  if (flag === "-v") {
    const advice = `-V shows the version; -v shows more detail for a command, as in ${name} status -v.`;
    return complaint("Missing command.", advice, `${name} --help`);
  }
  const near = closestName(bare(flag), flags);
  if (near !== undefined)
    return complaint(`Unknown option ${bare(flag)}.`, `Did you mean ${near}?`, `${name} --help`);
  const names = commands.filter(({ hidden }) => !hidden).map((command) => command.name);
  const misspelt = words.find((word) => !word.startsWith("-") && closestName(word, names) !== undefined);
  return misspelt === undefined
    ? complaint(
        "Missing command.",
        `An option needs a command, as in ${name} status ${bare(flag)}.`,
        `${name} --help`,
      )
    : unknownCommand(misspelt, speaker);
}

/** What to type in place of an option that the command does not have. */
function instead(flag: string, { options }: Command, { flags }: Speaker): string | undefined {
  const { namespaces, allNamespaces } = options;
  if (everyNamespace.includes(flag) && namespaces && !allNamespaces) return byName;
  const definitions = Object.values(options);
  const longs = [...definitions.map(({ long }) => long), ...flags];
  const meant = otherOptions.get(flag);
  if (meant !== undefined && longs.includes(meant.split(" ")[0] ?? "")) return `Did you mean ${meant}?`;
  const shorts = definitions.flatMap((option) => shortOf(option) ?? []);
  const near = flag.startsWith("--")
    ? closestName(flag, longs)
    : shorts.find((short) => short.toLowerCase() === flag.toLowerCase());
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

/** Where to put an option that belongs to the command in which this one is rehearsed. */
async function aheadOfRehearsal(
  flag: string,
  command: Command,
  { name, commands }: Speaker,
): Promise<{ readonly advice: string; readonly help: string } | undefined> {
  for (const { instead: rehearsed } of Object.values(command.options)) {
    const [outer = "", ...line] = rehearsed?.([command.name]) ?? [];
    const listed = commands.find((one) => one.name === outer);
    if (!listed) continue;
    const taken = Object.values((await loadCommand(listed)).options).find(({ long }) => long === flag);
    if (!taken) continue;
    return {
      advice: `It goes before the command that is rehearsed: ${[name, outer, taken.flag, ...line].join(" ")}.`,
      help: `${name} ${outer} --help`,
    };
  }
  return undefined;
}

/** What to say about a word that is neither an option nor the value of one. */
function excess(command: Command, first: string, help: string): Complaint {
  if (command.operands !== undefined)
    return complaint(`${command.name} takes one argument.`, undefined, help);
  // After an option, the word may have been meant as its value, and a value may be a password.
  const shown = first.startsWith("-") ? undefined : first;
  const { registry, namespaces } = command.options;
  const likely = (
    shown === undefined
      ? [registry, namespaces]
      : [taking(registry, shown, registryReference), taking(namespaces, shown, namespaceName)]
  ).flatMap((option) => (option === undefined ? [] : [`${option.long} ${shown ?? "VALUE"}`]));
  const advice = likely.length === 0 ? undefined : `Did you mean ${likely.join(" or ")}?`;
  return complaint(
    `${command.name} takes no argument${shown === undefined ? "" : `: ${shown}`}.`,
    advice,
    help,
  );
}

function taking(
  option: OptionDefinition<unknown> | undefined,
  text: string,
  read: (text: string) => unknown,
): OptionDefinition<unknown> | undefined {
  try {
    read(text);
    return option;
  } catch {
    return undefined;
  }
}

function complaint(message: string, advice: string | undefined, help: string): Complaint {
  return {
    kind: "complaint",
    message,
    hint: [...(advice === undefined ? [] : [advice]), `See ${help}.`].join(" "),
  };
}

/** An option without the value that may follow it in the same word. */
function bare(flag: string): string {
  return flag.startsWith("--") ? (flag.split("=")[0] ?? flag) : flag.slice(0, 2);
}

function longOf(flag: string): string {
  return /--[a-z-]+/.exec(flag)?.[0] ?? flag;
}
