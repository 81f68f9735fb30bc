import type { RotateOutcome, RotateResult } from "../../core/rotate/contract.ts";
import {
  finishedAnswer,
  declinedAnswer,
  plannedAnswer,
  stoppedAnswer,
  type Stopped,
} from "../show/answer.ts";
import type { Answer } from "../show/view.ts";
import type { ResultContext } from "./result-context.ts";
import { resultLines } from "./result-lines.ts";
import { shownPlan } from "./shown-plan.ts";

const command = "rotate";

/** How the outcome of `rotate` is shown. */
export interface RotateAnswerOptions extends ResultContext {
  /** Whether a plan with changes is told by the exit code. */
  readonly exitCodeForChanges: boolean;
}

/** The outcome of `rotate` as it is shown, in the fields of the published contract and for people. */
export function rotateAnswer(
  outcome: RotateOutcome | Stopped<RotateResult>,
  options: RotateAnswerOptions,
): Answer {
  if (outcome.kind === "stopped") {
    // How to go on is told with why it stopped.
    return stoppedAnswer(command, outcome, () => resultLines(outcome.result, { ...options, asked: false }));
  }
  if (outcome.kind === "finished") {
    return finishedAnswer(command, outcome, () => resultLines(outcome.result, options));
  }
  const answer = { command, plan: shownPlan(outcome.plan, options.intent), fields: {} };
  return outcome.kind === "planned" ? plannedAnswer(answer, options) : declinedAnswer(answer);
}
