import type { ClusterTarget } from "../../core/ports.ts";
import type { NamespaceChoice, NamespaceChoices } from "../../core/choices/namespace-choices.ts";
import { namespaceName } from "../../domain/names.ts";
import { setupOptions } from "./options.ts";
import type { Choice } from "../ask/prompter.ts";
import type { Texts } from "../ask/question.ts";
import { noteWhenKnown, unlistedWarning } from "./note-when-known.ts";
import type { QuestionParts, SetupQuestion } from "./question.ts";

/** What is asked with. */
interface Data extends NamespaceChoices {
  /** What the contexts name themselves. */
  readonly usual: readonly string[];
  /** All contexts, for a namespace that some of them lack. */
  readonly contexts: readonly string[];
}

/** Which namespaces pull; one that is typed and does not exist is made. */
export function namespacesQuestion({ lookups, prompter }: QuestionParts): SetupQuestion<Data> {
  return {
    id: "namespaces",
    subject: "the namespaces",
    options: ["namespace", "createNamespace"],
    settledBy: ["namespace", "namespaceSelector"],
    dependsOn: ["context"],
    // A context's plugin may open a browser, or ask for a touch: not while Azure is spoken of.
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
    expect: (data) => answerOf(data.usual, data),
    async ask({ answers, data, previous, canGoBack }) {
      noteWhenKnown(prompter, data, ({ unlisted }) =>
        unlisted.map(({ context, error }) =>
          unlistedWarning(`The namespaces of ${context}`, error, "they can be typed"),
        ),
      );
      // Known from the kubeconfig, while the clusters are still to answer.
      const usual = usualOf(await lookups.clusters(answers));
      const reply = await prompter.chooseSeveral({
        message: setupOptions.namespace.question ?? "",
        canGoBack,
        loading: "Looking through the namespaces",
        choices: data.then(choicesOf),
        preselected: previous["namespace"] ?? usual,
        least: 1,
        typed: (text) => ({
          value: namespaceName(text),
          label: text,
          detail: "new, or not to be seen from here",
        }),
        check: async (names) => terminatingAmong(names, await data),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: answerOf(reply.value, await data) };
    },
  };
}

/** What the contexts name themselves. */
function usualOf(clusters: readonly ClusterTarget[]): string[] {
  return [...new Set(clusters.map(({ defaultNamespace }) => defaultNamespace))];
}

function choicesOf(data: Data): Choice[] {
  return data.namespaces.map((one) => ({ value: one.name, label: one.name, detail: detailOf(one, data) }));
}

function detailOf({ terminating, contexts }: NamespaceChoice, data: Data): string | undefined {
  if (terminating) return "is being deleted";
  const lacking = lackingContexts(contexts, data);
  return lacking.length === 0 ? undefined : `new in ${lacking.join(", ")}`;
}

/** Contexts whose namespaces are known, and which do not have this one. */
function lackingContexts(having: readonly string[], { contexts, unlisted }: Data): string[] {
  return contexts.filter(
    (context) => !having.includes(context) && !unlisted.some((one) => one.context === context),
  );
}

function terminatingAmong(names: readonly string[], { namespaces }: Data): string | undefined {
  const ending = namespaces.filter(({ name, terminating }) => terminating && names.includes(name));
  return ending.length === 0
    ? undefined
    : `${ending.map(({ name }) => name).join(", ")} is being deleted; choose another.`;
}

/** The namespaces, and that those are made which some context lacks. */
function answerOf(names: readonly string[], data: Data): Texts {
  const isNew = names.some((name) => {
    const known = data.namespaces.find((one) => one.name === name);
    return lackingContexts(known?.contexts ?? [], data).length > 0;
  });
  return { namespace: names, ...(isNew && { createNamespace: ["true"] }) };
}
