import { shortOf, type OptionDefinition } from "./option.ts";

/** The texts that were given for options. A switch has none. */
export type Typed = ReadonlyMap<OptionDefinition<unknown>, readonly string[]>;

/** The words before the cursor, or of a whole command line, sorted by what they are. */
interface Line {
  readonly typed: Typed;
  /** The option whose value the next word is. */
  readonly awaiting: OptionDefinition<unknown> | undefined;
  readonly operands: readonly string[];
  /** Whether `--` was among the words. */
  readonly optionsEnded: boolean;
}

/** Reads words as the parser of the command line does, but skips what the parser would refuse. */
export function readWords(words: readonly string[], options: ReadonlyArray<OptionDefinition<unknown>>): Line {
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

/** A word that begins with a dash. */
interface OptionWord {
  /** The switches in it: one, or several letters after one dash. */
  readonly switches: ReadonlyArray<OptionDefinition<unknown>>;
  /** The option in it that takes a value. */
  readonly last?: OptionDefinition<unknown>;
  /** That value, if it is in the same word. */
  readonly text?: string;
}

export function readOptionWord(word: string, options: ReadonlyArray<OptionDefinition<unknown>>): OptionWord {
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
