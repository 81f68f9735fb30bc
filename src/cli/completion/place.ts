import { basename } from "node:path";
import { loadCommand, type Command, type ListedCommand, helpCommand } from "../command.ts";
import { valueHint, type OptionDefinition, type ValueHint } from "../options/option.ts";

/** The texts that were given for options, none of a switch. */
export type Typed = ReadonlyMap<OptionDefinition<unknown>, readonly string[]>;

/** What the word under the cursor is, by the words before it. */
export type Place =
  /** The name of a command; behind `help`, of one that help is wanted for. */
  | { readonly at: "command"; readonly forHelp: boolean }
  /** An option or an operand; behind `--` an operand only. */
  | {
      readonly at: "option-or-operand";
      readonly command: Command;
      readonly operandValues: ValueHint;
      readonly typed: Typed;
      readonly operands: readonly string[];
      readonly optionsEnded: boolean;
    }
  /** The value of an option, behind `before` in the same word, such as `--output=`. */
  | {
      readonly at: "value";
      readonly option: OptionDefinition<unknown>;
      readonly before: string;
      readonly typed: Typed;
    }
  /** A word of another program's command line. */
  | { readonly at: "other-program" }
  /** Behind what is no command. */
  | { readonly at: "nowhere" };

/** This program, however it is called. */
const ownNames = new Set(["acr-pull", "kubectl-acr_pull"]);

/**
 * Finds out where the cursor is.
 * @param words what stands before it behind the program's name, without quotes
 * @param current what has been typed of the word it is in
 */
export async function findPlace(
  words: readonly string[],
  current: string,
  commands: readonly ListedCommand[],
): Promise<Place> {
  const start = words.findIndex((word) => !word.startsWith("-"));
  if (start < 0) return { at: "command", forHelp: false };
  const name = words[start];
  const behind = words.slice(start + 1);
  if (name === helpCommand.name) {
    return behind.length === 0 ? { at: "command", forHelp: true } : { at: "nowhere" };
  }
  const listed = commands.find((one) => one.name === name && !one.hidden);
  if (listed === undefined) return { at: "nowhere" };
  const command = await loadCommand(listed);
  const operandValues =
    command.operands === undefined ? "anything" : valueHint(command.operands, command.operandWords);
  const line = readWords(behind, Object.values(command.options));
  const { typed, awaiting, optionsEnded, operands } = line;
  if (awaiting) return { at: "value", option: awaiting, before: "", typed };
  if (optionsEnded && operandValues === "command") {
    const [program, ...rest] = operands;
    // Left to the shell, unless it is this same program once more.
    return program !== undefined && ownNames.has(basename(program))
      ? await findPlace(rest, current, commands)
      : { at: "other-program" };
  }
  const attached = optionsEnded ? undefined : attachedValue(current, Object.values(command.options));
  if (attached) return { at: "value", ...attached, typed };
  return { at: "option-or-operand", command, operandValues, typed, operands, optionsEnded };
}

interface Line {
  readonly typed: Typed;
  /** The option that the next word is the value of. */
  readonly awaiting: OptionDefinition<unknown> | undefined;
  readonly operands: readonly string[];
  /** Whether `--` came. */
  readonly optionsEnded: boolean;
}

/** Reads words as the parser of the command line does; what it would refuse is passed over. */
function readWords(words: readonly string[], options: ReadonlyArray<OptionDefinition<unknown>>): Line {
  const typed = new Map<OptionDefinition<unknown>, string[]>();
  const note = (option: OptionDefinition<unknown>, ...texts: readonly string[]) => {
    typed.set(option, [...(typed.get(option) ?? []), ...texts]);
  };
  const operands: string[] = [];
  let awaiting: OptionDefinition<unknown> | undefined;
  for (const [index, word] of words.entries()) {
    if (awaiting) {
      note(awaiting, word);
      awaiting = undefined;
    } else if (word === "--") {
      return { typed, awaiting, operands: [...operands, ...words.slice(index + 1)], optionsEnded: true };
    } else if (!word.startsWith("-") || word === "-") {
      operands.push(word);
    } else {
      const { switches, last, text } = readOptionWord(word, options);
      for (const option of switches) note(option);
      if (last) note(last, ...(text === undefined ? [] : [text]));
      if (text === undefined) awaiting = last;
    }
  }
  return { typed, awaiting, operands, optionsEnded: false };
}

interface OptionWord {
  /** The switches in it: one, or several letters behind one dash. */
  readonly switches: ReadonlyArray<OptionDefinition<unknown>>;
  /** The option that takes a value. */
  readonly last?: OptionDefinition<unknown>;
  /** That value, when it is in the same word. */
  readonly text?: string;
}

function readOptionWord(word: string, options: ReadonlyArray<OptionDefinition<unknown>>): OptionWord {
  if (word.startsWith("--")) {
    const [long = word, ...rest] = word.split("=");
    const option = options.find((one) => one.long === long);
    if (option === undefined) return { switches: [] };
    if (option.kind === "switch") return { switches: [option] };
    return { switches: [], last: option, ...(rest.length > 0 && { text: rest.join("=") }) };
  }
  const switches: Array<OptionDefinition<unknown>> = [];
  for (let at = 1; at < word.length; at += 1) {
    const option = options.find((one) => shortOf(one) === `-${word[at]}`);
    if (option === undefined) break;
    if (option.kind !== "switch") {
      const text = word.slice(at + 1);
      return { switches, last: option, ...(text !== "" && { text }) };
    }
    switches.push(option);
  }
  return { switches };
}

/** The option whose value has been begun in the word under the cursor: `--output=j`, `-oj`. */
function attachedValue(
  current: string,
  options: ReadonlyArray<OptionDefinition<unknown>>,
): { option: OptionDefinition<unknown>; before: string } | undefined {
  if (!current.startsWith("-")) return undefined;
  const { last, text } = readOptionWord(current, options);
  if (last === undefined || text === undefined) return undefined;
  return { option: last, before: current.slice(0, current.length - text.length) };
}

/** `-n` of `-n, --namespace <ns>`. */
export function shortOf({ flag }: Pick<OptionDefinition<unknown>, "flag">): string | undefined {
  return /^-[A-Za-z]\b/.exec(flag)?.[0];
}
