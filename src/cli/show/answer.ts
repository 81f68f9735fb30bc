import type { Finished, Leave } from "../../core/ending.ts";
import type { Answer } from "./view.ts";
import { hasChanges } from "../../core/plan.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { planLines, type ShownPlan } from "./plan-lines.ts";
import { describeFailure } from "./failure.ts";

/**
 * What a flow came to, in the fields of the published contract and for people.
 * @param lines what it says to people
 */
export function finishedAnswer(
  command: string,
  { result, exitCode, error }: Finished<object>,
  lines: Answer["lines"],
): Answer {
  return {
    command,
    exitCode,
    document: { ...result },
    lines,
    failure: error && { ...error, retryable: error.retryable ?? false, exitCode },
  };
}

/** A plan that is the answer, since nothing was to be written or nobody agreed to it. */
interface PlanAnswer {
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

/** A run that was stopped, or that failed by something of its own, with what it had done by then. */
export interface Stopped<Result> {
  readonly kind: "stopped";
  readonly result: Result;
  /** What it ended with. */
  readonly error: unknown;
}

/**
 * Lets a flow work that says what it did before it throws: that is its answer then.
 * @throws what it throws without a word
 */
export async function orStopped<Outcome, Result>(
  work: (leave: Leave<Result>) => Promise<Outcome>,
): Promise<Outcome | Stopped<Result>> {
  let left: { readonly result: Result } | undefined;
  try {
    return await work((result) => (left = { result }));
  } catch (error) {
    if (!left) throw error;
    return { kind: "stopped", ...left, error };
  }
}

/**
 * What a run left that ended without an outcome, in the fields of the published contract and for people, and why it ended.
 * @param lines what it says to people
 */
export function stoppedAnswer(
  command: string,
  { result, error }: Stopped<object>,
  lines: Answer["lines"],
): Answer {
  const failure = describeFailure(error);
  return { command, exitCode: failure.exitCode, document: { ...result }, lines, failure };
}
