import type { Variables } from "../../domain/proxy.ts";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { accessibleVariable, type OptionDefinition, type OptionSet, type OptionsOf } from "./option.ts";

/** One option that was given. */
export interface Given {
  readonly texts: readonly string[];
  readonly source: "flag" | "variable" | "answer";
}

/** The options that were given, by the name of their answer. */
export type GivenOptions = ReadonlyMap<string, Given>;

/** The command line cannot be carried out as it is: exit 2, before any request. */
export class UsageError extends ActionableError {
  constructor(message: string, code: string, hint?: string) {
    super(message, { code, hint, exitCode: exitCode.usage });
    this.name = "UsageError";
  }
}

/**
 * The answers of all options.
 * @throws UsageError `usage.invalid-value` if a text breaks its option's rule
 */
export function readAnswers<Answers>(options: OptionsOf<Answers>, given: GivenOptions): Answers {
  const entries = Object.entries<OptionDefinition<unknown>>(options).map(([name, option]) => {
    const { texts } = given.get(name) ?? { texts: [] };
    try {
      return [name, option.read(texts)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError(
        `${option.long} ${error.message}; given: ${texts.join(", ")}.`,
        "usage.invalid-value",
      );
    }
  });
  return Object.fromEntries(entries) as Answers;
}

/** What a command refuses before anything is read or asked for. */
export interface Checks<Answers> {
  readonly options: OptionsOf<Answers>;
  /** A sentence for each conflict that is more than two options that exclude each other. */
  readonly conflicts?: (answers: Answers, given: GivenOptions) => readonly string[];
  /**
   * Required options that were not given.
   * @param interactive whether somebody can be asked
   */
  readonly missing?: (answers: Answers, interactive: boolean) => ReadonlyArray<OptionDefinition<unknown>>;
}

/**
 * Refuses answers that no run could work with.
 * @throws UsageError `usage.conflict` with every conflict, or else `usage.missing-input` with everything missing
 */
export function check<Answers>(
  { options, conflicts, missing }: Checks<Answers>,
  answers: Answers,
  given: GivenOptions,
  interactive: boolean,
): void {
  const present = Object.entries<OptionDefinition<unknown>>(options).filter(([name]) => given.has(name));
  const longs = present.map(([, { long }]) => long);
  const lacking = present.flatMap(([, { long, needs }]) =>
    needs === undefined || longs.includes(needs) ? [] : [`${long} needs ${needs}`],
  );
  const wrong = [...lacking, ...(conflicts?.(answers, given) ?? [])];
  if (wrong.length > 0) throw new UsageError(wrong.map((one) => `${one}.`).join("\n"), "usage.conflict");
  const required = missing?.(answers, interactive) ?? [];
  if (required.length > 0) throw missingInput(required);
}

/** All missing inputs in one error, each with its flag and its variable. */
function missingInput(missing: ReadonlyArray<OptionDefinition<unknown>>): UsageError {
  const names = missing.map((option) =>
    option.variable === undefined ? asTyped(option) : `${asTyped(option)} (${option.variable})`,
  );
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
    const known = new Set([accessibleVariable, ...Object.values(options).map(({ variable }) => variable)]);
    return Object.keys(environment).filter((name) => name.startsWith("ACR_PULL_") && !known.has(name));
  };
  if (unread(own).length === 0) return [];
  return unread(await all()).map((name) => `${name} is not a variable of acr-pull, and is not read`);
}
