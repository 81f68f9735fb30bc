import { listNamespaceChoices, type NamespaceChoices } from "../../../core/choices/namespace-choices.ts";
import { asking, closestName } from "../../../domain/closest-name.ts";
import type { ActionableError } from "../../../domain/errors.ts";
import { brokenRule } from "../../options/option.ts";
import { setupOptions } from "../options.ts";
import type { Choice, Prompter } from "../../ask/prompter.ts";
import { separated, warn, type SetupTalk } from "./talk.ts";

const question = "Which namespaces pull?";

/** Up to so many namespaces are listed to be ticked. More are typed. */
const mostTicked = 20;

/** The value of the choice that leads to names that are typed. */
const others = "";

/** Asks which namespaces pull. One that does not exist is created, if it is not a typing error. */
export async function askNamespaces(talk: SetupTalk): Promise<void> {
  const { sheet, prompter, connections, context, wait } = talk;
  const clusters = await connections.clusters(sheet.answers);
  const looks = listNamespaceChoices(
    clusters.map(({ cluster }) => cluster),
    context.signal,
  );
  const there = await wait("Looking through the namespaces", looks);
  for (const { context: name, error } of there.unlisted) warn(talk, unlisted(name, error));
  const own = [...new Set(clusters.map(({ defaultNamespace }) => defaultNamespace))];
  const before = sheet.has("namespaces") ? sheet.texts("namespaces") : own;
  const isTicked = there.unlisted.length === 0 && there.namespaces.length <= mostTicked;
  const names = isTicked ? await tick(prompter, before, there) : await type(prompter, before, there);
  const makes = names.some((name) => missingIn(name, there).length > 0);
  sheet.take({ namespaces: names, ...(makes && { createNamespace: ["true"] }) }, ["namespaceSelector"]);
}

function unlisted(context: string, { code, message }: ActionableError): string {
  const why = code === "kubernetes.forbidden" ? "may not be listed" : `cannot be listed: ${message}`;
  return `The namespaces of ${context} ${why}`;
}

async function tick(
  prompter: Prompter,
  before: readonly string[],
  there: NamespaceChoices,
): Promise<string[]> {
  // Those that are ticked come first.
  const names = new Set([...before, ...there.namespaces.map(({ name }) => name)]);
  const choices = [...names].map((name): Choice => {
    const without = missingIn(name, there);
    return {
      value: name,
      label: name,
      detail: without.length === 0 ? undefined : `new in ${without.join(", ")}`,
      disabled: isEnding(name, there) ? "is being deleted" : undefined,
    };
  });
  const another: Choice = { value: others, label: "others", detail: "typed next" };
  const ticked = await prompter.chooseSeveral(question, [...choices, another], before);
  const named = ticked.filter((name) => name !== others);
  return ticked.includes(others) ? [...new Set([...named, ...(await type(prompter, [], there))])] : named;
}

async function type(
  prompter: Prompter,
  before: readonly string[],
  there: NamespaceChoices,
): Promise<string[]> {
  const message = "Which namespaces pull, with commas between?";
  const text = await prompter.text(message, before.join(", "), (typed) => problem(separated(typed), there));
  const meant: string[] = [];
  for (const name of separated(text)) meant.push(await askWhichIsMeant(prompter, name, there));
  return [...new Set(meant)];
}

function problem(names: readonly string[], there: NamespaceChoices): string | undefined {
  if (names.length === 0) return "At least one is needed.";
  for (const name of names) {
    const rule = brokenRule(setupOptions.namespaces, name);
    if (rule !== undefined) return `${name} ${rule}.`;
    if (isEnding(name, there)) return `${name} is being deleted.`;
  }
  return undefined;
}

/** A typing error must not become a namespace: asks about a new name that is close to an existing one. */
async function askWhichIsMeant(prompter: Prompter, name: string, there: NamespaceChoices): Promise<string> {
  const living = there.namespaces.flatMap((one) => (one.terminating ? [] : one.name));
  const close = living.includes(name) ? undefined : closestName(name, living);
  if (close === undefined) return name;
  return await prompter.choose(asking(`There is no namespace ${name}.`, close), [
    { value: close, label: `use ${close}` },
    { value: name, label: `create ${name}` },
  ]);
}

function isEnding(name: string, { namespaces }: NamespaceChoices): boolean {
  return namespaces.some((one) => one.name === name && one.terminating);
}

/** The contexts that list their namespaces and do not have this one. */
function missingIn(name: string, { namespaces, listed }: NamespaceChoices): readonly string[] {
  const having = namespaces.find((one) => one.name === name)?.contexts ?? [];
  return listed.filter((context) => !having.includes(context));
}
