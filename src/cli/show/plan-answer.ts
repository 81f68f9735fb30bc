import { hasChanges } from "../../core/plan.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { planLines, type ShownPlan } from "./plan-lines.ts";
import type { Answer } from "./view.ts";

/** A plan that is the answer, since nothing was to be written or nobody agreed to it. */
export interface PlanAnswer {
  readonly command: string;
  readonly plan: ShownPlan;
  /** Fields of the document besides the plan and its warnings. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * The plan that was asked for.
 * @param options.exitCodeForChanges whether a plan with changes is told by the exit code
 * @param options.width columns that the lines for people have
 */
export function plannedAnswer(
  answer: PlanAnswer,
  options: { readonly exitCodeForChanges: boolean; readonly width: number },
): Answer {
  const { command, plan } = answer;
  const pending = options.exitCodeForChanges && hasChanges(plan.changes);
  return {
    command,
    exitCode: pending ? exitCode.notInOrder : exitCode.ok,
    document: documentOf(answer),
    lines: () => planLines(plan, options.width),
  };
}

/** The plan that was not agreed to. */
export function declinedAnswer(answer: PlanAnswer): Answer {
  const { command } = answer;
  const message = "Not agreed to, so nothing was done";
  return {
    command,
    exitCode: exitCode.usage,
    document: documentOf(answer),
    lines: () => [],
    failure: { code: `${command}.declined`, message, retryable: false, exitCode: exitCode.usage },
  };
}

function documentOf({ plan, fields }: PlanAnswer) {
  return { ...fields, plan: plan.changes, warnings: plan.warnings };
}
