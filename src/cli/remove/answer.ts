import type { RemoveOutcome, RemoveResult } from "../../core/remove/contract.ts";
import {
  finishedAnswer,
  declinedAnswer,
  plannedAnswer,
  stoppedAnswer,
  type Stopped,
} from "../show/answer.ts";
import type { Answer } from "../show/view.ts";
import { resultLines, type ResultContext } from "./result-lines.ts";
import { shownPlan } from "./shown-plan.ts";

const command = "remove";

/** How the outcome of `remove` is shown. */
interface RemoveAnswerOptions extends ResultContext {
  /** Whether a plan with changes is told by the exit code. */
  readonly exitCodeForChanges: boolean;
}

/** The outcome of `remove` as it is shown, in the fields of the published contract and for people. */
export function removeAnswer(
  outcome: RemoveOutcome | Stopped<RemoveResult>,
  options: RemoveAnswerOptions,
): Answer {
  if (outcome.kind === "stopped") {
    // How to go on is told with why it stopped.
    return stoppedAnswer(command, outcome, () => resultLines(outcome.result, { ...options, asked: false }));
  }
  if (outcome.kind === "finished") {
    return finishedAnswer(command, outcome, () => resultLines(outcome.result, options));
  }
  const { changes, warnings } = outcome.plan;
  const answer = { command, plan: shownPlan(outcome.plan), fields: {} };
  const shown = outcome.kind === "planned" ? plannedAnswer(answer, options) : declinedAnswer(answer);
  // Programs read the reasons as they are, people in words.
  return { ...shown, document: { plan: changes, warnings } };
}
