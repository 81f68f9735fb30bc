import type { Variables } from "../../domain/proxy.ts";
import { closest, distance } from "fastest-levenshtein";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { parsedName, type OptionDefinition, type OptionSet, type OptionsOf } from "./option.ts";

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

/** The command line cannot be carried out as it stands: exit 2, before any request. */
export class UsageError extends ActionableError {
  constructor(message: string, code: string, hint?: string) {
    super(message, { code, hint, exitCode: exitCode.usage });
    this.name = "UsageError";
  }
}

/** Flags win over variables. An empty variable counts as not set, since pipelines set unknown ones to nothing. */
export function gather(options: OptionSet, flags: Flags, environment: Variables): GivenOptions {
  const given = new Map<string, Given>();
  for (const [name, option] of Object.entries(options)) {
    const flag = flags[parsedName(option.long)];
    const variable = option.variable === undefined ? undefined : environment[option.variable];
    if (flag !== undefined) given.set(name, { texts: [flag].flat().map(String), source: "flag" });
    else if (variable) given.set(name, { texts: variableTexts(option, variable), source: "variable" });
  }
  return given;
}

function variableTexts(option: OptionDefinition<unknown>, text: string): readonly string[] {
  if (option.kind !== "list") return [text];
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/**
 * The answers of all options.
 * @throws UsageError `usage.invalid-value` that names every flag or variable with a bad value, and its rule
 */
export function readAnswers<Answers>(options: OptionsOf<Answers>, given: GivenOptions): Answers {
  const problems: string[] = [];
  const entries = Object.entries<OptionDefinition<unknown>>(options).map(([name, option]) => {
    const { texts, source } = given.get(name) ?? { texts: [], source: "flag" };
    const where = source === "variable" ? (option.variable ?? option.long) : option.long;
    try {
      if (source === "variable" && texts.length === 0) {
        problems.push(`${where} must hold a value between its commas, or be empty`);
      }
      return [name, option.read(texts)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(
        `${where} ${error.message}; given: ${texts.map((text) => JSON.stringify(text)).join(", ")}`,
      );
      return [name, undefined];
    }
  });
  if (problems.length > 0) throw new UsageError(problems.join("\n"), "usage.invalid-value");
  return Object.fromEntries(entries) as Answers;
}

/** All inputs that are missing, in one error: each by its flag and its variable. */
export function missingInput(missing: ReadonlyArray<OptionDefinition<unknown>>): UsageError {
  const names = missing.map(({ long, variable }) => (variable ? `${long} (${variable})` : long));
  return new UsageError(
    `Missing input: ${names.join(", ")}`,
    "usage.missing-input",
    "Give each by its flag, or by its environment variable where one is named. --help explains them.",
  );
}

/** Lets a shell's completion ask servers, by its one value `server`. A shell has no place for an option. */
export const completionVariable = "ACR_PULL_COMPLETION";

/**
 * Sentences about variables that look like ours and are not read: misspelt ones, and consent, which only a flag
 * gives.
 * @param own the options of the command that runs
 * @param all those of every command, asked for only when a variable is none of its own
 */
export async function variableWarnings(
  environment: Variables,
  own: OptionSet,
  all: () => Promise<OptionSet>,
): Promise<string[]> {
  const unread = (options: OptionSet) => {
    const known = new Set(Object.values(options).map(({ variable }) => variable));
    return Object.keys(environment).filter(
      (name) => name.startsWith("ACR_PULL_") && !known.has(name) && name !== completionVariable,
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
    if (flag !== undefined) return `${name} is not read: consent is given by the flag ${flag} alone`;
    const near = closest(name, known);
    const meant = distance(name, near) <= 3 ? `; did you mean ${near}?` : "";
    return `${name} is no variable of acr-pull and is not read${meant}`;
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
