import type { SetupOutcome, SetupPlan, SetupResult } from "../../core/setup/contract.ts";
import {
  finishedAnswer,
  declinedAnswer,
  plannedAnswer,
  stoppedAnswer,
  type Stopped,
} from "../show/answer.ts";
import type { Answer } from "../show/view.ts";
import type { ResultCommands } from "./renewal.ts";
import { leftLines, resultLines, type ShownInput } from "./result-lines.ts";
import { shownPlan } from "./shown-plan.ts";

const command = "setup";

/**
 * The outcome of `setup` as it is shown, in the fields of the published contract and for people.
 * @param options.width columns that the lines for people have
 * @param options.exitCodeForChanges whether a plan with changes is told by the exit code
 */
export function setupAnswer(
  outcome: SetupOutcome | Stopped<SetupResult>,
  input: ShownInput,
  options: ResultCommands & { readonly exitCodeForChanges: boolean; readonly width: number },
): Answer {
  if (outcome.kind === "stopped") {
    return stoppedAnswer(command, outcome, () => leftLines(outcome.result, options.width));
  }
  if (outcome.kind === "finished") {
    return finishedAnswer(command, outcome, () => resultLines(outcome.result, input, options));
  }
  const answer = answerOf(outcome.plan);
  return outcome.kind === "planned" ? plannedAnswer(answer, options) : declinedAnswer(answer);
}

function answerOf(plan: SetupPlan) {
  return { command, plan: shownPlan(plan), fields: { registry: plan.registry } };
}
