import type { PrunePlan, StatusOutcome } from "../../core/status/contract.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { finishedAnswer, declinedAnswer, plannedAnswer } from "../show/answer.ts";
import type { ShownPlan } from "../show/plan-lines.ts";
import type { Answer } from "../show/view.ts";
import { statusLines, type StatusContext } from "./lines.ts";

const command = "status";

/** The outcome of `status` as it is shown, in the fields of the published contract and for people. */
export function statusAnswer(
  outcome: StatusOutcome,
  shownPlan: (plan: PrunePlan) => ShownPlan,
  context: Omit<StatusContext, "inOrder">,
): Answer {
  if (outcome.kind === "finished") {
    const inOrder = outcome.exitCode === exitCode.ok;
    return finishedAnswer(command, outcome, () => statusLines(outcome.result, { ...context, inOrder }));
  }
  const answer = { command, plan: shownPlan(outcome.plan), fields: {} };
  return outcome.kind === "planned"
    ? plannedAnswer(answer, { exitCodeForChanges: false, width: context.width })
    : declinedAnswer(answer);
}
