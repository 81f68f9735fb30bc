import type { Prospect } from "../../core/setup/flow.ts";
import { hasChanges } from "../../core/plan.ts";
import { UsageError } from "../options/answers.ts";
import { usualReply } from "../ask/approval.ts";
import { setupOptions, type SetupAnswers } from "./options.ts";
import type { Choice } from "../ask/prompter.ts";
import type { View } from "../show/view.ts";
import { reviewLines } from "./review-lines.ts";
import { shownPlan } from "./shown-plan.ts";
import { askWhatToChange } from "../ask/questions/answer-to-change.ts";
import type { QuestionParts, SetupQuestion } from "./question.ts";

/** What the review is made with. */
export interface ReviewParts extends Pick<QuestionParts, "prompter"> {
  readonly view: Pick<View, "notice">;
  /** How many columns the terminal has at the moment. */
  readonly columns: () => number;
  /** Looks at everything; undefined when another run is at work, so that only a later look tells what is to be done. */
  readonly lookAhead: (answers: SetupAnswers, signal: AbortSignal) => Promise<Prospect | undefined>;
}

const choices: readonly Choice[] = [
  { value: "yes", label: "yes, carry it out" },
  { value: "change", label: "change an answer" },
  { value: "no", label: "no, stop here", detail: "nothing was written" },
];

/** Shows who does what to what before anything is written, with a way back to every answer. */
export function reviewQuestion(parts: ReviewParts): SetupQuestion<Prospect | undefined> {
  const { prompter, view, columns, lookAhead } = parts;
  return {
    id: "review",
    subject: undefined,
    options: [],
    settledBy: [],
    dependsOn: Object.keys(setupOptions),
    fetched: "soon",
    applies: ({ dryRun, yes }) => !dryRun && !yes,
    looking: "Looking at what is there and what is to be changed",
    look: lookAhead,
    isOpen: (prospect) => prospect !== undefined && hasChanges(prospect.plan.changes),
    expect: () => ({}),
    async ask({ answers, data, canGoBack, changeable }) {
      const prospect = await data;
      if (!prospect) return { kind: "answer", value: {} };
      view.notice(["", ...reviewLines(prospect, answers, columns()), ""]);
      const reply = await prompter.choose({
        message: "Carry this out?",
        canGoBack,
        loading: "",
        choices,
        preselected: usualReply(shownPlan(prospect.plan)),
      });
      if (reply.kind === "back") return reply;
      switch (reply.value) {
        case "yes":
          return { kind: "answer", value: {} };
        case "change":
          return await askWhatToChange(prompter, changeable);
        default:
          throw new UsageError("Not agreed to, so nothing was done", "setup.declined");
      }
    },
  };
}
