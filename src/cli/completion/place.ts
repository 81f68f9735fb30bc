import { basename } from "node:path";
import { loadCommand, type Command, type ListedCommand, helpCommand } from "../command.ts";
import { valueHint, type OptionDefinition, type ValueHint } from "../options/option.ts";
import { commandPlace } from "../options/command-place.ts";
import { readOptionWord, readWords, type Typed } from "../options/words.ts";

/** What the word under the cursor is, judged by the words before it. */
export type Place =
  /** The name of a command. After `help`, it is the command that help is wanted for. */
  | { readonly at: "command"; readonly forHelp: boolean }
  /** An option or an operand; after `--`, only an operand. */
  | {
      readonly at: "option-or-operand";
      readonly command: Command;
      readonly operandValues: ValueHint;
      readonly typed: Typed;
      readonly operands: readonly string[];
      readonly optionsEnded: boolean;
    }
  /** The value of an option, after `before` in the same word, such as `--output=`. */
  | {
      readonly at: "value";
      readonly option: OptionDefinition<unknown>;
      readonly before: string;
      readonly typed: Typed;
    }
  /** A word of another program's command line. */
  | { readonly at: "other-program" }
  /** After a word that is not a command. */
  | { readonly at: "nowhere" };

/** The names that this program is called by. */
const ownNames = new Set(["acr-pull", "kubectl-acr_pull"]);

/**
 * Finds out where the cursor is.
 * @param words the words before it and after the program's name, without quotes
 * @param current the typed part of the word under it
 */
export async function findPlace(
  words: readonly string[],
  current: string,
  commands: readonly ListedCommand[],
): Promise<Place> {
  const start = await commandPlace(words, commands);
  if (start === undefined && words.every((word, at) => at > 0 || word.startsWith("-"))) {
    return { at: "command", forHelp: false };
  }
  const name = words[start ?? 0];
  const behind = words.filter((_word, at) => at !== (start ?? 0));
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
    // Left to the shell, unless it is this program again.
    return program !== undefined && ownNames.has(basename(program))
      ? await findPlace(rest, current, commands)
      : { at: "other-program" };
  }
  const attached = optionsEnded ? undefined : attachedValue(current, Object.values(command.options));
  if (attached) return { at: "value", ...attached, typed };
  return { at: "option-or-operand", command, operandValues, typed, operands, optionsEnded };
}

/** The option whose value was begun in the word under the cursor: `--output=j`, `-oj`. */
function attachedValue(
  current: string,
  options: ReadonlyArray<OptionDefinition<unknown>>,
): { option: OptionDefinition<unknown>; before: string } | undefined {
  if (!current.startsWith("-")) return undefined;
  const { last, text } = readOptionWord(current, options);
  if (last === undefined || text === undefined) return undefined;
  return { option: last, before: current.slice(0, current.length - text.length) };
}
