import type { NamedContext } from "../../core/ports.ts";
import { helpAllFlag, helpCommand, loadCommand, type Command, type ListedCommand } from "../command.ts";
import { inHelpOrder, shortOf, type OptionDefinition } from "../options/option.ts";
import { clusterOptions } from "../options/shared-options.ts";

/** One word that the word under the cursor can become. */
interface Candidate {
  readonly word: string;
  /** What it is, in one line; may be empty. */
  readonly summary: string;
}

/** Where candidates come from. */
interface Sources {
  readonly commands: readonly ListedCommand[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The contexts in this kubeconfig file, or in the kubeconfig that a run would take. */
  readonly contextNames: (file: string | undefined) => Promise<readonly NamedContext[]>;
}

/** Not all shells quote what they insert, and the next press of the key runs what was inserted. */
const needsNoQuotes = /^[\w@%+=:,./-]+$/;

/**
 * What a word can become. Where there is nothing, a shell completes names of files.
 * @param words the words after the program's name; the last one, perhaps empty, is under the cursor
 */
export async function candidatesFor(
  words: readonly string[],
  sources: Sources,
): Promise<readonly Candidate[]> {
  const current = words.at(-1) ?? "";
  const found = await allFor(words.slice(0, -1), current, sources);
  return found.filter(({ word }) => word.startsWith(current) && needsNoQuotes.test(word));
}

async function allFor(
  [name, ...before]: readonly string[],
  current: string,
  sources: Sources,
): Promise<readonly Candidate[]> {
  const listed = sources.commands.filter(({ hidden }) => !hidden);
  if (name === undefined || name === helpCommand.name) {
    return [...listed, helpCommand].map((one) => ({ word: one.name, summary: one.summary }));
  }
  const named = listed.find((one) => one.name === name);
  if (!named || before.includes("--")) return [];
  const command = await loadCommand(named);
  const options = inHelpOrder(command.options);
  const taking = (word: string | undefined) =>
    options.find(
      (one) => one.kind !== "switch" && word !== undefined && [one.long, shortOf(one)].includes(word),
    );
  const [long, attached] = current.split("=");
  if (attached !== undefined) {
    const values = await valuesOf(taking(long), before, sources);
    return values.map((word) => ({ word: `${long}=${word}`, summary: "" }));
  }
  const option = taking(before.at(-1));
  if (option) return (await valuesOf(option, before, sources)).map((word) => ({ word, summary: "" }));
  return optionsOrOperands(command, before, current);
}

function optionsOrOperands(
  { options, operandWords = [] }: Command,
  before: readonly string[],
  current: string,
): readonly Candidate[] {
  if (operandWords.length > 0 && !current.startsWith("-")) {
    return before.length > 0 ? [] : operandWords.map((word) => ({ word, summary: "" }));
  }
  const open = inHelpOrder(options).filter((one) => one.kind === "list" || !before.includes(one.long));
  return [
    ...open.map((one) => ({ word: shortOf(one) === current ? current : one.long, summary: one.summary })),
    { word: "--help", summary: "show help" },
    { word: helpAllFlag.flag, summary: helpAllFlag.summary },
  ];
}

/** The words that an option takes, or the names that the kubeconfig has for it. */
async function valuesOf(
  option: OptionDefinition<unknown> | undefined,
  before: readonly string[],
  { contextNames, environment }: Sources,
): Promise<readonly string[]> {
  const values = option?.values ?? "anything";
  if (typeof values !== "string") return values;
  if (values !== "context" && values !== "namespace") return [];
  const { long, variable = "" } = clusterOptions.kubeconfig;
  const at = before.lastIndexOf(long);
  // The shell has not expanded the line yet.
  const typed = at < 0 ? undefined : before[at + 1]?.replace(/^~(?=\/)/, environment["HOME"] ?? "~");
  const contexts = await contextNames(typed ?? (environment[variable] || undefined));
  if (values === "context") return contexts.map(({ name }) => name);
  return [...new Set(contexts.flatMap(({ namespace }) => namespace ?? []))];
}
