import { listRemovableRegistries } from "../../core/remove/flow.ts";
import { readAnswers } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import type { Question } from "../ask/question.ts";
import { QuestionWalk } from "../ask/question-walk.ts";
import { placeQuestions, type PlaceParts } from "../ask/questions/place.ts";
import { clusterRequest } from "../requests.ts";
import { registryQuestion } from "./registry-question.ts";
import { removeOptions, type RemoveAnswers } from "./options.ts";

/** What the questions of `remove` are made with. */
type RemoveQuestionParts = Pick<PlaceParts, "connections" | "prompter" | "signal">;

/** Without it nothing can be done; for all else `--yes` and `--dry-run` take the defaults. */
const indispensable = "registry";

/** The questions of `remove` in their order. */
function removeQuestions(parts: RemoveQuestionParts): ReadonlyArray<Question<RemoveAnswers>> {
  const { connections, prompter } = parts;
  return [
    ...placeQuestions<RemoveAnswers>({
      ...parts,
      signIn: (request) => connections.azure(request),
      rights: "It needs to own the application, and to be allowed to take roles back on the registry.",
    }),
    registryQuestion({
      prompter,
      registries: async (answers, signal) => {
        const clusters = await connections.clusters(clusterRequest(answers));
        const wish = { ...answers, namespaces: answers.namespace };
        return await listRemovableRegistries(wish, { clusters }, signal);
      },
    }),
  ];
}

/** Asks a person which registry is meant, where, and as whom to work, where `remove` was not told. */
export function walkThrough(
  context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">,
): QuestionWalk<RemoveAnswers> {
  const { signal } = context;
  return new QuestionWalk({
    context,
    read: (given) => readAnswers(removeOptions, given),
    opening: [
      "Takes back what acr-pull setup gave a cluster for one registry.",
      "Nothing is written before the plan was shown and agreed to. Ctrl-C stops.",
    ],
    questions: ({ yes, dryRun, registry }) => {
      const takesDefaults = yes || dryRun;
      if (takesDefaults && registry !== undefined) return undefined;
      return (connections, prompter) => {
        const all = removeQuestions({ connections, prompter, signal });
        return takesDefaults ? all.filter(({ id }) => id === indispensable) : all;
      };
    },
  });
}
