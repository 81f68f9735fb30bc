import type { Variables } from "../../domain/proxy.ts";
import { isDeepStrictEqual } from "node:util";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { OptionDefinition, OptionSet } from "../options/option.ts";
import { rehearsalFlag, rehearsalVariable } from "../options/rehearsal-options.ts";

/** Where a suggested command line will run, and which options were given. */
export interface Shell {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly program: string;
  /** The options that were given. */
  readonly given: GivenOptions;
  readonly environment: Variables;
}

/**
 * The given options, with the context that was meant. A command that is pasted later, or elsewhere, must not depend on
 * the context that is current there, or on a variable that is not set there.
 */
export function pinned(given: GivenOptions, currentContext: string | undefined): GivenOptions {
  const texts = given.get("contexts")?.texts ?? [];
  const meant = texts.length > 0 ? texts : currentContext === undefined ? [] : [currentContext];
  if (meant.length === 0) return given;
  return new Map(given).set("contexts", { texts: meant, source: "flag" });
}

/**
 * The command line that does the same without a question, safe to paste into a shell. Options from variables are left
 * to the variables, and output options are left out. No option's value is ever a secret.
 * @param shell where it will run: an answer that equals the default is left out unless a variable says otherwise
 * @param how.asking whether it asks for what it does not say
 * @param how.yes whether it includes `--yes`; a command that only looks has no such option
 */
export function equivalentCommand(
  { program, given, environment }: Shell,
  command: string,
  options: OptionSet,
  { asking = false, yes = !asking }: { readonly asking?: boolean; readonly yes?: boolean } = {},
): string {
  const words = [...variablesSetAside(options, given, environment), program, command];
  for (const [name, option] of Object.entries(options)) {
    const answer = given.get(name);
    if (!answer || answer.source === "variable" || name === "yes" || option.group === "Output") continue;
    if (answer.source === "answer" && !asking && goesWithoutSaying(option, answer.texts, environment))
      continue;
    for (const text of answer.texts) words.push(word(option, text));
  }
  return [...words, ...rehearsedWords(environment), ...(yes ? ["--yes"] : [])].join(" ");
}

/** A command that is printed in a rehearsal is a rehearsal, too: nobody who pastes it means the real cloud. */
export function rehearsedWords(environment: Variables): string[] {
  return environment[rehearsalVariable] === "true" ? [rehearsalFlag] : [];
}

/** Clears variables that contradict an answer; an empty variable counts as not set. */
function variablesSetAside(options: OptionSet, given: GivenOptions, environment: Variables): string[] {
  return Object.entries(options).flatMap(([name, { variable, group }]) => {
    if (variable === undefined || !environment[variable] || group === "Output") return [];
    const answer = given.get(name);
    return answer === undefined || (answer.source === "answer" && answer.texts.length === 0)
      ? [`${variable}=`]
      : [];
  });
}

function goesWithoutSaying(
  { fallback, variable }: OptionDefinition<unknown>,
  texts: readonly string[],
  environment: Variables,
): boolean {
  return isDeepStrictEqual(texts, [fallback]) && (variable === undefined || !environment[variable]);
}

function word({ kind, long }: OptionDefinition<unknown>, text: string): string {
  if (kind === "switch") return long;
  // A value that starts with a dash would be read as another flag.
  return `${long}${text.startsWith("-") ? "=" : " "}${shellQuote(text)}`;
}
