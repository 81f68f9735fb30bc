import { type ListedCommand, helpAllFlag, helpCommand, helpFlag, versionFlag } from "../command.ts";
import type { NamedContext } from "../../core/ports.ts";
import { isUnsafe, oneLine } from "../show/foreign-text.ts";
import { inHelpOrder, shortOf, type OptionDefinition, type ValueHint } from "../options/option.ts";
import { clusterOptions } from "../options/shared-options.ts";
import type { Typed } from "../options/words.ts";
import { findPlace, type Place } from "./place.ts";

/** One word that the word under the cursor can become. */
interface Candidate {
  /** The whole word, without quotes. */
  readonly word: string;
  /** What it is, in one line; may be empty. */
  readonly summary: string;
}

/** What the word under the cursor can become. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the shell completes by itself: nothing, names of files, or the command line after `--`. */
  readonly leftToShell: "nothing" | "files" | "command";
}

/** Where the candidates come from. */
export interface Sources {
  readonly commands: readonly ListedCommand[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The contexts in this kubeconfig file, or in the kubeconfig that a run would take. */
  readonly contextNames: (file: string | undefined) => Promise<readonly NamedContext[]>;
}

/**
 * What a word can become, whatever was typed of it: the shell decides which candidates fit.
 * @param words the words before it and after the program's name, without quotes
 * @param current the typed part of it
 */
export async function complete(
  words: readonly string[],
  current: string,
  sources: Sources,
): Promise<Completion> {
  const place = await findPlace(words, current, sources.commands);
  if (place.at === "command") return only(commandNames(place.forHelp, current, sources.commands));
  if (place.at === "option-or-operand") return only(optionsAndOperands(place, current));
  if (place.at === "value") return await values(place, sources);
  return { candidates: [], leftToShell: place.at === "other-program" ? "command" : "nothing" };
}

function only(candidates: readonly Candidate[]): Completion {
  return { candidates, leftToShell: "nothing" };
}

function commandNames(
  forHelp: boolean,
  current: string,
  commands: readonly ListedCommand[],
): readonly Candidate[] {
  const listed = commands
    .filter(({ hidden }) => !hidden)
    .map(({ name, summary }) => ({ word: name, summary }));
  if (forHelp) return listed;
  if (current.startsWith("-")) return [helpFlag, versionFlag].map(flagCandidate);
  return [...listed, { word: helpCommand.name, summary: helpCommand.summary }];
}

function flagCandidate({ flag, summary }: { readonly flag: string; readonly summary: string }): Candidate {
  return { word: /--[a-z-]+/.exec(flag)?.[0] ?? flag, summary };
}

function optionsAndOperands(
  { command, operandValues, typed, operands, optionsEnded }: Extract<Place, { at: "option-or-operand" }>,
  current: string,
): readonly Candidate[] {
  const isOption = current.startsWith("-");
  // A command without operands takes only options. One that runs another command needs `--` before that.
  if (!optionsEnded && (isOption || command.operands === undefined || operandValues === "command")) {
    const open = inHelpOrder(command.options).filter(
      (option) => option.kind === "list" || !typed.has(option),
    );
    const dashes = operandValues === "command" && operands.length === 0 ? [commandFollows] : [];
    return [
      ...open.map((option) => optionCandidate(option, current)),
      ...dashes,
      ...[helpFlag, helpAllFlag].map(flagCandidate),
    ];
  }
  if (operands.length > 0 || typeof operandValues === "string") return [];
  return operandValues.map((word) => ({ word, summary: "" }));
}

const commandFollows: Candidate = { word: "--", summary: "followed by the command to run" };

/** Offers the long flag, or the letter if that was typed out: one of the two is enough to choose from. */
function optionCandidate(option: OptionDefinition<unknown>, current: string): Candidate {
  const short = shortOf(option);
  return { word: short === current ? short : option.long, summary: option.summary };
}

async function values(
  { option, before, typed }: Extract<Place, { at: "value" }>,
  sources: Sources,
): Promise<Completion> {
  if (option.values === "file") return { candidates: [], leftToShell: "files" };
  const given = option.kind === "list" ? (typed.get(option) ?? []) : [];
  const candidates = await named(option, typed, sources);
  return only(
    candidates
      .filter(({ word }) => !given.includes(word))
      .map(({ word, summary }) => ({ word: before + word, summary })),
  );
}

async function named(
  { values }: OptionDefinition<unknown>,
  typed: Typed,
  sources: Sources,
): Promise<readonly Candidate[]> {
  if (typeof values !== "string") return values.map((word) => ({ word, summary: "" }));
  const found = await foundNames(values, typed, sources);
  // Nobody types a name with an invisible character in it, and such a name must not reach a prompt.
  return found
    .filter(({ word }) => !isUnsafe(word))
    .map(({ word, summary }) => ({ word, summary: oneLine(summary) }));
}

async function foundNames(
  kind: ValueHint,
  typed: Typed,
  { contextNames, environment }: Sources,
): Promise<readonly Candidate[]> {
  if (kind !== "context" && kind !== "namespace") return [];
  const contexts = await contextNames(kubeconfigOf(typed, environment));
  return kind === "context" ? contexts.map(contextCandidate) : namespaceCandidates(contexts);
}

function contextCandidate({ name, namespace, isCurrent }: NamedContext): Candidate {
  const said = [...(isCurrent ? ["current"] : []), ...(namespace ? [`namespace ${namespace}`] : [])];
  return { word: name, summary: said.join(", ") };
}

function namespaceCandidates(contexts: readonly NamedContext[]): readonly Candidate[] {
  const naming = new Map<string, string[]>();
  for (const { name, namespace } of contexts) {
    if (namespace !== undefined) naming.set(namespace, [...(naming.get(namespace) ?? []), name]);
  }
  return [...naming].map(([word, names]) => ({ word, summary: `of context ${names.join(", ")}` }));
}

/** The kubeconfig that the line names, or else that option's variable. The shell has not expanded the line yet. */
function kubeconfigOf(typed: Typed, environment: Sources["environment"]): string | undefined {
  const { kubeconfig } = clusterOptions;
  const text = typed.get(kubeconfig)?.at(-1);
  if (text === undefined) return environment[kubeconfig.variable ?? ""] || undefined;
  const { HOME: home } = environment;
  return home === undefined ? text : text.replace(/^~(?=\/)/, home);
}
