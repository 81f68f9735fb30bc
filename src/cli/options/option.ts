/*
 * One definition of an option feeds its flag, its environment variable, its check, its help, its
 * line in docs and what a shell completes. A definition is immutable data and a pure reader of texts.
 */

/** Where help and docs list an option, in their order. */
export const optionGroups = [
  "Registry",
  "Cluster",
  "Principal",
  "Rotation",
  "Proof",
  "Consent",
  "Run",
  "Output",
  "Rehearsal",
] as const;
type OptionGroup = (typeof optionGroups)[number];

/** `value`: given once, the last wins; `list`: repeatable; `switch`: present or not. */
type OptionKind = "value" | "list" | "switch";

/** Reads one text. It may know the words that it accepts, perhaps among others. */
interface Reader<T> {
  (text: string): T;
  readonly words?: readonly string[];
}

/**
 * What a value can be, as far as is known in advance: one of these words, the name of something, a command line, or
 * whatever the option's rule allows.
 */
export type ValueHint = readonly string[] | "file" | "context" | "namespace" | "command" | "anything";

/** One option, whose answer is an `A`. */
export interface OptionDefinition<A> {
  readonly kind: OptionKind;
  /** As help shows it: `-n, --namespace <ns>`. */
  readonly flag: string;
  /** Only the long flag: `--namespace`. */
  readonly long: string;
  /** `ACR_PULL_NAMESPACE`; undefined for consent, which only a flag gives. */
  readonly variable: string | undefined;
  readonly summary: string;
  /** What its value can be; a switch has none. */
  readonly values: ValueHint;
  readonly group: OptionGroup;
  /** Whether `--help` lists it; `--help-all` lists every option. */
  readonly common: boolean;
  /** The text that is read if none is given; shown in help. */
  readonly fallback: string | undefined;
  /** The long flags of the same command that cannot be used with it. */
  readonly excludes: readonly string[];
  /** The long flag of the same command that it needs. */
  readonly needs: string | undefined;
  /**
   * The answer, from the texts that were given; no texts if it was not given.
   * @throws RangeError with the rule that a text breaks
   */
  read(texts: readonly string[]): A;
}

/** Options by the name of their answer. It is the core's name, so that answers are the flow's input. */
export type OptionSet = Readonly<Record<string, OptionDefinition<unknown>>>;

/** Options ordered by group, as help and completion list them. */
export function inHelpOrder(options: OptionSet): Array<OptionDefinition<unknown>> {
  const place = ({ group }: OptionDefinition<unknown>) => optionGroups.indexOf(group);
  return Object.values(options).sort((left, right) => place(left) - place(right));
}

/** The answers to a set of options. */
export type AnswersOf<Options extends OptionSet> = {
  readonly [Name in keyof Options]: Options[Name] extends OptionDefinition<infer A> ? A : never;
};

/** The set of options that has these answers. */
export type OptionsOf<Answers> = {
  readonly [Name in keyof Answers]: OptionDefinition<Answers[Name]>;
};

/** Some options of a set, in its order. */
export function pick<Options extends OptionSet, Name extends keyof Options>(
  options: Options,
  ...names: readonly Name[]
): Pick<Options, Name> {
  const isNamed = (name: string) => (names as readonly string[]).includes(name);
  return Object.fromEntries(Object.entries(options).filter(([name]) => isNamed(name))) as Pick<Options, Name>;
}

/** What every kind of option has. */
interface Description {
  /** As help shows it; a value called `<file>`, `<context>` or `<ns>` is completed as one. */
  readonly flag: string;
  readonly summary: string;
  readonly group: OptionGroup;
  readonly common?: boolean;
  readonly consent?: true;
  readonly excludes?: readonly string[];
  readonly needs?: string;
}

/** An option with a value, `undefined` when not given. */
export function valueOption<T>(
  description: Description & { readonly parse: Reader<T> },
): OptionDefinition<T | undefined> {
  const { parse } = description;
  return {
    ...define("value", description, parse.words),
    read(texts) {
      const text = texts.at(-1);
      return text === undefined ? undefined : parse(text);
    },
  };
}

/** An option with a value that has a default. */
export function defaultedOption<T>(
  description: Description & { readonly parse: Reader<T>; readonly fallback: string },
): OptionDefinition<T> {
  const { parse, fallback } = description;
  return {
    ...define("value", description, parse.words),
    fallback,
    read: (texts) => parse(texts.at(-1) ?? fallback),
  };
}

/** An option whose default yields to circumstances: `undefined` if not given. */
export function yieldingOption<T>(
  description: Description & { readonly parse: Reader<T>; readonly fallback: string },
): OptionDefinition<T | undefined> {
  return { ...valueOption(description), fallback: description.fallback };
}

/** An option that can be repeated. Commas also separate values. Duplicates count once. */
export function listOption<T>(
  description: Description & { readonly parse: Reader<T> },
): OptionDefinition<readonly T[]> {
  const { parse } = description;
  return {
    ...define("list", description, parse.words),
    read: (texts) => [...new Set(texts)].map((text) => parse(text)),
  };
}

/**
 * An option without a value; its variable is `true` or `false`.
 * @param description.turnsOff whether its answer is true unless it is given
 */
export function switchOption(
  description: Description & { readonly turnsOff?: true },
): OptionDefinition<boolean> {
  const { turnsOff = false } = description;
  return {
    ...define("switch", description, []),
    read: (texts) => (texts.at(-1) === "true") !== turnsOff,
  };
}

/** The rule that a text breaks, such as `must not be empty`; undefined if the text is a valid value. */
export function brokenRule(option: OptionDefinition<unknown>, text: string): string | undefined {
  try {
    option.read([text]);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** A parser that accepts one of these words, in upper or lower case. */
export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Reader<Choice> {
  return knowing(choices, (text) => {
    const choice = choices.find((known) => known === text.toLowerCase());
    if (choice === undefined) throw new RangeError(`must be one of ${choices.join(", ")}`);
    return choice;
  });
}

/** A parser that accepts these words, and anything else that it can read. */
export function knowing<T>(words: readonly string[], read: (text: string) => T): Reader<T> {
  return Object.assign((text: string) => read(text), { words });
}

/**
 * What a value can be: from its placeholder, such as `<file>` or `[command...]`, or else from the words that its
 * reader knows.
 */
export function valueHint(shown: string, words: readonly string[] | undefined): ValueHint {
  const called = /[<[](?<name>[a-z]+)/.exec(shown)?.groups?.["name"];
  if (called === "file" || called === "context" || called === "command") return called;
  return called === "ns" ? "namespace" : (words ?? "anything");
}

function define(
  kind: OptionKind,
  { flag, summary, group, common = false, consent, excludes = [], needs }: Description,
  words: readonly string[] | undefined,
): Omit<OptionDefinition<never>, "read"> {
  const long = /--[a-z-]+/.exec(flag)?.[0];
  if (long === undefined) throw new TypeError(`an option needs a long flag: ${flag}`);
  return {
    kind,
    flag,
    long,
    variable: consent ? undefined : `ACR_PULL_${long.slice(2).replaceAll("-", "_").toUpperCase()}`,
    summary,
    values: valueHint(flag, words),
    group,
    common,
    fallback: undefined,
    excludes,
    needs,
  };
}

/** The name that the parser of the command line gives an option: `--create-namespace` is `createNamespace`. */
export function parsedName(long: string): string {
  return long.slice(2).replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/**
 * Asks for plain lines and numbered questions, which a screen reader can read out. So does TERM=dumb. It is a variable
 * alone: whoever needs it needs it in every run.
 */
export const accessibleVariable = "ACR_PULL_ACCESSIBLE";

/** Whether the value of a variable that stands for a switch means yes. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false", "no", "off"].includes(value.toLowerCase());
}

/** `-n` of `-n, --namespace <ns>`. */
export function shortOf({ flag }: Pick<OptionDefinition<unknown>, "flag">): string | undefined {
  return /^-[A-Za-z]\b/.exec(flag)?.[0];
}
