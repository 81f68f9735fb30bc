import { accessibleVariable } from "../show/terminal.ts";
import type { Variables } from "../../domain/proxy.ts";
import { closestName } from "../../domain/closest-name.ts";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { brokenRule, parsedName, type OptionDefinition, type OptionSet, type OptionsOf } from "./option.ts";

/** Where an option's texts came from. */
type Source = "flag" | "variable" | "answer";

/** One option that was given. */
export interface Given {
  readonly texts: readonly string[];
  readonly source: Source;
}

/** The options that were given, by the name of their answer. */
export type GivenOptions = ReadonlyMap<string, Given>;

/** What the parser of the command line yields: a text, several, or `true` for a switch. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** The command line cannot be carried out as it is: exit 2, before any request. */
export class UsageError extends ActionableError {
  constructor(message: string, code: string, hint?: string) {
    super(message, { code, hint, exitCode: exitCode.usage });
    this.name = "UsageError";
  }
}

/** Flags win over variables. An empty variable counts as not set, because pipelines set unknown ones to nothing. */
export function gather(options: OptionSet, flags: Flags, environment: Variables): GivenOptions {
  const given = new Map<string, Given>();
  for (const [name, option] of Object.entries(options)) {
    const flag = flags[parsedName(option.long)];
    const variable = option.variable === undefined ? undefined : environment[option.variable];
    if (flag !== undefined) {
      const texts = [flag].flat().map(String);
      given.set(name, { texts: option.commas ? texts.flatMap(separated) : texts, source: "flag" });
    } else if (variable) given.set(name, { texts: variableTexts(option, variable), source: "variable" });
  }
  return given;
}

function variableTexts({ kind }: OptionDefinition<unknown>, text: string): readonly string[] {
  if (kind === "switch") return [switchWords.get(text.toLowerCase()) ?? text];
  return kind === "list" ? separated(text) : [text];
}

function separated(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** What a variable may hold for a switch, in upper or lower case. */
const switchWords: ReadonlyMap<string, "true" | "false"> = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, "true"] as const),
  ...["false", "no", "off", "0"].map((word) => [word, "false"] as const),
]);

/**
 * The answers of all options.
 * @throws UsageError `usage.invalid-value` that names every flag or variable with a bad value, and its rule
 */
export function readAnswers<Answers>(options: OptionsOf<Answers>, given: GivenOptions): Answers {
  const problems: string[] = [];
  const advice: string[] = [];
  const entries = Object.entries<OptionDefinition<unknown>>(options).map(([name, option]) => {
    const { texts, source } = given.get(name) ?? { texts: [], source: "flag" };
    const where = source === "variable" ? (option.variable ?? option.long) : option.long;
    const quoted = texts.map((text) => JSON.stringify(text)).join(", ");
    if (given.has(name) && source !== "answer" && texts.length === 0) {
      problems.push(`${where} has no value.`);
    }
    if (option.kind === "value" && new Set(texts).size > 1) {
      problems.push(`${where} takes one value; given: ${quoted}.`);
    }
    try {
      return [name, option.read(texts)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(`${where} ${error.message}; given: ${quoted}.`);
      const meant = correction(option, texts);
      if (meant !== undefined) {
        advice.push(`Did you mean ${where}${source === "variable" ? "=" : " "}${meant}?`);
      }
      return [name, undefined];
    }
  });
  if (problems.length > 0) {
    throw new UsageError(problems.join("\n"), "usage.invalid-value", advice.join("\n") || undefined);
  }
  return Object.fromEntries(entries) as Answers;
}

/** The value that a person meant, if the letters of a given value show it. */
function correction(option: OptionDefinition<unknown>, texts: readonly string[]): string | undefined {
  const bad = texts.find((text) => brokenRule(option, text) !== undefined) ?? "";
  const words = Array.isArray(option.values) ? (option.values as readonly string[]) : [];
  const near = closestName(bad, words);
  const trimmed = bad.trim().toLowerCase();
  return [near, trimmed].find(
    (text) => text !== undefined && text !== "" && brokenRule(option, text) === undefined,
  );
}

/** All missing inputs in one error, each with its flag and its variable. */
export function missingInput(missing: ReadonlyArray<OptionDefinition<unknown>>): UsageError {
  const names = missing.map((option) => {
    const { variable } = option;
    return variable ? `${asTyped(option)} (${variable})` : asTyped(option);
  });
  return new UsageError(
    `Missing input: ${names.join(", ")}.`,
    "usage.missing-input",
    missing.map((option) => `Add ${asTyped(option)}: ${option.summary}.`).join("\n"),
  );
}

/** A flag with its placeholder, or with the one word that it takes. */
function asTyped({ flag, long, values }: OptionDefinition<unknown>): string {
  const placeholder = /<.*>/.exec(flag)?.[0];
  if (placeholder === undefined) return long;
  const [only, ...others] = Array.isArray(values) ? (values as readonly string[]) : [];
  return `${long} ${only !== undefined && others.length === 0 ? only : placeholder}`;
}

const variablePrefix = "ACR_PULL_";

/** The part that distinguishes one variable from another. */
function bareVariable(name: string): string {
  return name.slice(variablePrefix.length);
}

/**
 * Sentences about variables that look like ours but are not read: misspelt ones, and those for consent, which only a
 * flag gives.
 * @param own the options of the command that runs
 * @param all the options of every command, loaded only if a variable is not one of `own`
 */
export async function variableWarnings(
  environment: Variables,
  own: OptionSet,
  all: () => Promise<OptionSet>,
): Promise<string[]> {
  const unread = (options: OptionSet) => {
    const known = new Set(Object.values(options).map(({ variable }) => variable));
    return Object.keys(environment).filter(
      (name) => name.startsWith(variablePrefix) && !known.has(name) && name !== accessibleVariable,
    );
  };
  if (unread(own).length === 0) return [];
  const options = await all();
  const known = Object.values(options).flatMap(({ variable }) => variable ?? []);
  const consent = new Map(
    Object.values(options)
      .filter(({ variable }) => variable === undefined)
      .map(({ long }) => [`ACR_PULL_${long.slice(2).replaceAll("-", "_").toUpperCase()}`, long]),
  );
  return unread(options).map((name) => {
    const flag = consent.get(name);
    if (flag !== undefined) return `${name} is not read: only the flag ${flag} gives consent`;
    const near = closestName(bareVariable(name), known.map(bareVariable));
    const meant = near === undefined ? "" : `; did you mean ${variablePrefix}${near}?`;
    return `${name} is not a variable of acr-pull, and is not read${meant}`;
  });
}

/**
 * The answer of one option before the command line is parsed, so that even a bad line is answered in the requested
 * format. A bad value counts as not given.
 */
export function peek<A>(
  option: OptionDefinition<A>,
  commandLine: readonly string[],
  environment: Variables,
): A {
  const end = commandLine.indexOf("--");
  const own = end < 0 ? commandLine : commandLine.slice(0, end);
  const short = /^-[a-z]\b/.exec(option.flag)?.[0];
  const texts = own.flatMap((argument, index) => {
    if (argument === option.long || argument === short) {
      return option.kind === "switch" ? "true" : (own[index + 1] ?? []);
    }
    if (argument.startsWith(`${option.long}=`)) return argument.slice(option.long.length + 1);
    return short !== undefined && argument.startsWith(short) && !argument.startsWith("--")
      ? argument.slice(short.length).replace(/^=/, "")
      : [];
  });
  const flags = texts.length > 0 ? { [parsedName(option.long)]: texts } : {};
  const given = gather({ option }, flags, environment).get("option")?.texts ?? [];
  try {
    return option.read(given);
  } catch {
    return option.read([]);
  }
}
