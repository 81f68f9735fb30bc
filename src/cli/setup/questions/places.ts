import type { ClusterTarget } from "../../../core/ports.ts";
import type { NamespaceChoice, NamespaceChoices } from "../../../core/choices/namespace-choices.ts";
import { asking, closestName } from "../../../domain/closest-name.ts";
import { namespaceName, objectName } from "../../../domain/names.ts";
import { setupOptions } from "../options.ts";
import type { Choice, Prompter } from "../../ask/prompter.ts";
import type { Texts } from "../../ask/question.ts";
import {
  noteWhenKnown,
  unlistedWarning,
  type SetupQuestionParts,
  type SetupQuestion,
  placeOptions,
} from "./question.ts";
import type {
  ServiceAccountChoice,
  ServiceAccountChoices,
} from "../../../core/choices/service-account-choices.ts";
import type { Line } from "../../show/terminal.ts";

/** What the question needs. */
interface NamespacesData extends NamespaceChoices {
  /** The namespaces that the contexts themselves name. */
  readonly usual: readonly string[];
  /** All contexts, for a namespace that is missing in some of them. */
  readonly contexts: readonly string[];
}

/** Asks which namespaces pull. A typed one that does not exist is created. */
export function namespacesQuestion({ lookups, prompter }: SetupQuestionParts): SetupQuestion<NamespacesData> {
  return {
    id: "namespaces",
    subject: "the namespaces",
    options: ["namespaces", "createNamespace"],
    settledBy: ["namespaces", "namespaceSelector"],
    dependsOn: ["contexts"],
    // A context's plugin may open a browser or ask for a touch, which must not happen during questions about Azure.
    fetched: "soon",
    applies: () => true,
    async look(answers) {
      const [clusters, choices] = await Promise.all([lookups.clusters(answers), lookups.namespaces(answers)]);
      return {
        ...choices,
        usual: usualOf(clusters),
        contexts: clusters.map(({ cluster }) => cluster.context),
      };
    },
    expect: (data) => namesAnswer(data.usual, data),
    async ask({ answers, data, previous, canGoBack }) {
      noteWhenKnown(prompter, data, ({ unlisted }) =>
        unlisted.map(({ context, error }) =>
          unlistedWarning(`The namespaces of ${context}`, error, "type their names instead"),
        ),
      );
      // Known from the kubeconfig before the clusters answer.
      const usual = usualOf(await lookups.clusters(answers));
      let ticked = previous["namespaces"] ?? usual;
      for (;;) {
        const reply = await prompter.chooseSeveral({
          message: setupOptions.namespaces.question ?? "",
          canGoBack,
          loading: "Looking through the namespaces",
          choices: data.then(namespaceChoices),
          preselected: ticked,
          least: 1,
          typed: (text) => ({
            value: namespaceName(text),
            label: text,
            detail: "new, or not visible from here",
          }),
          check: async (names) => terminatingAmong(names, await data),
        });
        if (reply.kind === "back") return reply;
        const meant = await askWhichAreMeant(reply.value, await data, prompter);
        if (meant) return { kind: "answer", value: namesAnswer(meant, await data) };
        ticked = reply.value;
      }
    },
  };
}

/** The namespaces that the contexts themselves name. */
function usualOf(clusters: readonly ClusterTarget[]): string[] {
  return [...new Set(clusters.map(({ defaultNamespace }) => defaultNamespace))];
}

function namespaceChoices(data: NamespacesData): Choice[] {
  return data.namespaces.map((one) => ({ value: one.name, label: one.name, detail: detailOf(one, data) }));
}

function detailOf({ terminating, contexts }: NamespaceChoice, data: NamespacesData): string | undefined {
  if (terminating) return "is being deleted";
  const without = contextsWithout(contexts, data);
  return without.length === 0 ? undefined : `new in ${without.join(", ")}`;
}

/** Contexts whose namespaces are known and do not include this one. */
function contextsWithout(having: readonly string[], { contexts, unlisted }: NamespacesData): string[] {
  return contexts.filter(
    (context) => !having.includes(context) && !unlisted.some((one) => one.context === context),
  );
}

function terminatingAmong(names: readonly string[], { namespaces }: NamespacesData): string | undefined {
  const ending = namespaces.filter(({ name, terminating }) => terminating && names.includes(name));
  return ending.length === 0
    ? undefined
    : `${ending.map(({ name }) => name).join(", ")} is being deleted; choose another.`;
}

/**
 * Asks about each new namespace whose name is close to an existing one: a typing error must not become a namespace.
 * @returns the namespaces that are meant; undefined to choose again
 */
async function askWhichAreMeant(
  names: readonly string[],
  data: NamespacesData,
  prompter: Pick<Prompter, "choose">,
): Promise<readonly string[] | undefined> {
  const there = data.namespaces.filter(({ terminating }) => !terminating).map(({ name }) => name);
  const meant: string[] = [];
  for (const name of names) {
    const close = isNew(name, data) && !there.includes(name) ? closestName(name, there) : undefined;
    const reply = close === undefined ? name : await askWhichIsMeant(name, close, prompter);
    if (reply === undefined) return undefined;
    meant.push(reply);
  }
  return [...new Set(meant)];
}

async function askWhichIsMeant(
  name: string,
  close: string,
  prompter: Pick<Prompter, "choose">,
): Promise<string | undefined> {
  const reply = await prompter.choose({
    message: asking(`There is no namespace ${name}.`, close),
    canGoBack: true,
    loading: "",
    preselected: close,
    choices: [
      { value: close, label: `use ${close}` },
      { value: name, label: `create ${name}` },
    ],
  });
  return reply.kind === "back" ? undefined : reply.value;
}

/** The namespaces, and consent to create those that are missing in some context. */
function namesAnswer(names: readonly string[], data: NamespacesData): Texts {
  const makes = names.some((name) => isNew(name, data));
  return { namespaces: names, ...(makes && { createNamespace: ["true"] }) };
}

/** Whether some context that lists its namespaces does not have this one. */
function isNew(name: string, data: NamespacesData): boolean {
  const known = data.namespaces.find((one) => one.name === name);
  return contextsWithout(known?.contexts ?? [], data).length > 0;
}

/** Asks which service accounts get the secret, so that their pods do not have to name it. */
export function serviceAccountsQuestion({
  lookups,
  prompter,
}: SetupQuestionParts): SetupQuestion<ServiceAccountChoices> {
  return {
    id: "service-accounts",
    subject: "the service accounts",
    options: ["serviceAccounts"],
    settledBy: ["serviceAccounts"],
    dependsOn: placeOptions,
    fetched: "early",
    applies: () => true,
    look: (answers) => lookups.serviceAccounts(answers),
    expect: () => ({ serviceAccounts: [] }),
    async ask({ data, previous, canGoBack }) {
      noteWhenKnown(prompter, data, ({ unlisted }) => unlistedWarnings(unlisted));
      const reply = await prompter.chooseSeveral({
        message: setupOptions.serviceAccounts.question ?? "",
        intro: [
          "None is fine: then each Pod names the secret in imagePullSecrets. Running pods are not changed.",
        ],
        canGoBack,
        loading: "Looking through the service accounts",
        choices: data.then(({ accounts }) => accounts.map(choiceOf)),
        preselected: previous["serviceAccounts"] ?? [],
        least: 0,
        typed: (text) => ({ value: objectName(text), label: text, detail: "not visible from here" }),
        check: async (names) => missing(names, await data),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { serviceAccounts: reply.value } };
    },
  };
}

function choiceOf({ name, missingIn }: ServiceAccountChoice): Choice {
  const usual = name === "default" ? "pods that name no service account" : undefined;
  const absent = missingIn.length === 0 ? undefined : `not in ${missingIn.join(", ")}`;
  return {
    value: name,
    label: name,
    detail: [usual, absent].filter((part) => part !== undefined).join("; ") || undefined,
  };
}

/** An account must exist wherever the secret is written, as far as can be seen. */
function missing(
  names: readonly string[],
  { accounts, unlisted }: ServiceAccountChoices,
): string | undefined {
  for (const name of names) {
    const known = accounts.find((account) => account.name === name);
    if (known && known.missingIn.length > 0)
      return `There is no service account ${name} in ${known.missingIn.join(", ")}.`;
    if (!known && unlisted.length === 0)
      return `There is no service account ${name} in any of the namespaces.`;
  }
  return undefined;
}

/** One warning for all: what keeps one namespace from being listed usually keeps all of them. */
function unlistedWarnings(unlisted: ServiceAccountChoices["unlisted"]): Line[] {
  const [first] = unlisted;
  if (!first) return [];
  const places = unlisted.map(({ context, namespace }) => `${context}/${namespace}`).join(", ");
  return [unlistedWarning(`The service accounts of ${places}`, first.error, "type their names instead")];
}
