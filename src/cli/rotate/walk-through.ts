import { listRotatableKeys } from "../../core/rotate/flow.ts";
import { readAnswers } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import type { Question } from "../ask/question.ts";
import { QuestionWalk } from "../ask/question-walk.ts";
import { placeQuestions, type PlaceParts } from "../ask/questions/place.ts";
import { clusterRequest } from "../requests.ts";
import { keysQuestion } from "./keys-question.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";

/** What the questions of `rotate` are made with. */
export type RotateQuestionParts = Pick<PlaceParts, "connections" | "prompter" | "signal">;

/** The questions of `rotate` in their order. */
export function rotateQuestions(parts: RotateQuestionParts): ReadonlyArray<Question<RotateAnswers>> {
  const { connections, prompter } = parts;
  return [
    ...placeQuestions<RotateAnswers>({
      ...parts,
      signIn: (request) => connections.directory(request),
      rights: "It needs to own the application, or to be allowed to change every application.",
    }),
    keysQuestion({
      prompter,
      keys: async (answers, signal) => {
        const clusters = await connections.clusters(clusterRequest(answers));
        return await listRotatableKeys(answers, { clusters }, signal);
      },
      now: () => new Date(),
    }),
  ];
}

/** Asks a person which keys are meant, and as whom to work; nothing with `--yes` and `--dry-run`, which take the defaults. */
export function walkThrough(
  context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">,
): QuestionWalk<RotateAnswers> {
  const { signal } = context;
  return new QuestionWalk({
    context,
    read: (given) => readAnswers(rotateOptions, given),
    opening: [
      "Replaces the passwords that a cluster's pull secrets hold, with no failed pull in between.",
      "Nothing is written before the plan was shown and agreed to. Ctrl-C stops.",
    ],
    questions: ({ yes, dryRun }) =>
      yes || dryRun
        ? undefined
        : (connections, prompter) => rotateQuestions({ connections, prompter, signal }),
  });
}
