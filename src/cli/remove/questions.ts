import { registryName } from "../../core/cluster/registry-meant.ts";
import { registryText } from "../show/registry-text.ts";
import type { RemovableRegistry } from "../../core/remove/contract.ts";
import { listRemovableRegistries } from "../../core/remove/flow.ts";
import { refused } from "../../domain/errors.ts";
import { registryReference } from "../../domain/names.ts";
import { placeQuestions } from "../ask/common-questions.ts";
import type { Questionnaire, QuestionParts } from "../flow-command.ts";
import type { Choice, Prompter } from "../ask/prompter.ts";
import type { Question } from "../ask/question.ts";
import type { RemoveTypes } from "./options.ts";
import { removeOptions, type RemoveAnswers } from "./options.ts";

/** Nothing can be done without it. For everything else, `--yes` and `--dry-run` take the defaults. */
const indispensable = "registry";

/** The questions of `remove`: which account, which clusters, and which registry. */
export const removeQuestionnaire: Questionnaire<RemoveTypes> = {
  opening: () => [
    "Removes what acr-pull setup gave a cluster for one registry.",
    "Nothing is written before you agree to the plan. Ctrl-C stops.",
  ],
  questions({ yes, dryRun, registry }) {
    const takesDefaults = yes || dryRun;
    if (takesDefaults && registry !== undefined) return undefined;
    return (parts) => {
      const all = removeQuestions(parts);
      return { questions: takesDefaults ? all.filter(({ id }) => id === indispensable) : all };
    };
  },
};

/** The questions of `remove` in their order. */
function removeQuestions({
  connections,
  prompter,
  context,
}: QuestionParts<RemoveTypes>): ReadonlyArray<Question<RemoveAnswers>> {
  return [
    ...placeQuestions<RemoveAnswers>({
      connections,
      prompter,
      signal: context.signal,
      signIn: (request) => connections.azure(request),
      rights: "It needs to own the application, and to remove role assignments on the registry.",
    }),
    registryQuestion({
      prompter,
      registries: async (answers, signal) =>
        listRemovableRegistries(answers, { clusters: await connections.clusters(answers) }, signal),
    }),
  ];
}

/** What the question needs. */
interface RegistryParts {
  readonly prompter: Pick<Prompter, "choose">;
  /** The registries that the chosen clusters' secrets have entries for. */
  readonly registries: (answers: RemoveAnswers, signal: AbortSignal) => Promise<readonly RemovableRegistry[]>;
}

/** Asks which registry: one that secrets have entries for, or a typed one whose secrets are already gone. */
function registryQuestion({
  prompter,
  registries,
}: RegistryParts): Question<RemoveAnswers, readonly RemovableRegistry[]> {
  return {
    id: "registry",
    subject: "the registry",
    options: ["registry"],
    settledBy: ["registry"],
    dependsOn: ["contexts", "namespaces", "namespaceSelector", "secretName"],
    // A context's plugin may open a browser or ask for a touch, which must not happen during questions about Azure.
    fetched: "soon",
    applies: () => true,
    looking: "Looking for the registries that secrets have entries for",
    async look(answers, signal) {
      const found = await registries(answers, signal);
      if (found.length > 0) return found;
      throw refused(
        "remove.nothing-found",
        "No visible secret has an entry that acr-pull manages.",
        "Check --context and -n. To remove what is left in Azure after the secrets are gone, or what setup --attach granted, add --registry.",
      );
    },
    expect: () => ({}),
    async ask({ data, previous, canGoBack }) {
      const found = await data;
      const reply = await prompter.choose({
        message: removeOptions.registry.question ?? "",
        canGoBack,
        loading: "",
        choices: found.map(choiceOf),
        preselected: previous["registry"]?.[0],
        typed,
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { registry: [reply.value] } };
    },
  };
}

function choiceOf({ registry, loginServer, secrets }: RemovableRegistry): Choice {
  return {
    value: loginServer,
    label: registryText(registryName(registry, loginServer), loginServer),
    detail: secrets.length === 1 ? "one secret" : `${secrets.length} secrets`,
  };
}

function typed(text: string): Choice | undefined {
  if (!/[/.:]/.test(text)) return undefined;
  registryReference(text);
  return { value: text, label: `use ${text}` };
}
