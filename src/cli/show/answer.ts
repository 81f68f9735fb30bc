import { hasChanges, type PlannedChange } from "../../core/plan.ts";
import type { Finished, Leave, Outcome } from "../../core/ending.ts";
import { exitCode, type ExitCode } from "../../domain/exit-code.ts";
import { describeFailure } from "./failure.ts";
import type { Shell } from "./equivalent-command.ts";
import { planLines, type ShownPlan } from "./plan-lines.ts";
import type { Line } from "./terminal.ts";
import type { Answer } from "./view.ts";

/** A plan as every flow makes it. */
export interface Plan {
  readonly changes: readonly PlannedChange[];
  readonly warnings: readonly string[];
}

/** What the lines of an answer depend on, apart from the result. */
export interface Setting<Answers> {
  readonly answers: Answers;
  /** Where the suggested command lines will run. */
  readonly shell: Shell;
  /** Whether a person answered a question. */
  readonly asked: boolean;
  readonly now: Date;
  /** Columns that the terminal has. */
  readonly width: number;
}

/** The options that decide the form of an answer, in every command that has them. */
interface ViewAnswers {
  readonly exitCode?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

/** How the run ended. */
export interface Ended {
  readonly exitCode: ExitCode;
  /** Whether it ended without an outcome. The reason for that then says how to resume. */
  readonly stopped: boolean;
}

/** How a command words what its flow planned and did. */
export interface FlowText<Answers, FlowPlan, Result> {
  /** The plan as it is shown. */
  plan(plan: FlowPlan, answers: Answers): ShownPlan;
  /** What the flow did, for people. */
  lines(result: Result, setting: Setting<Answers> & Ended): readonly Line[];
  /** What is not as it should be: the only thing that `--quiet` leaves. If it is empty, nothing is said. */
  troubles(result: Result, setting: Setting<Answers> & Ended): readonly Line[];
  /** The fields of the published contract, if they are not those of the result. */
  document?(result: Result, answers: Answers): Readonly<Record<string, unknown>>;
}

/** A run that was stopped, or that failed by an error of its own, with what it had done until then. */
interface Stopped<Result> {
  readonly kind: "stopped";
  readonly result: Result;
  /** The error that ended it. */
  readonly error: unknown;
}

/**
 * Runs a flow. If it says what it did before it throws, that becomes the answer.
 * @throws the flow's error if it said nothing
 */
export async function orStopped<FlowOutcome, Result>(
  work: (leave: Leave<Result>) => Promise<FlowOutcome>,
): Promise<FlowOutcome | Stopped<Result>> {
  let left: { readonly result: Result } | undefined;
  try {
    return await work((result) => (left = { result }));
  } catch (error) {
    if (!left) throw error;
    return { kind: "stopped", ...left, error };
  }
}

/**
 * How a flow ended, in the fields of the published contract and in lines for people.
 * @param command its name
 */
export function commandAnswer<Answers extends ViewAnswers, FlowPlan extends Plan, Result extends object>(
  command: string,
  text: FlowText<Answers, FlowPlan, Result>,
  outcome: Outcome<FlowPlan, Result> | Stopped<Result>,
  setting: Setting<Answers>,
): Answer {
  if (outcome.kind === "planned" || outcome.kind === "declined") {
    const { plan, kind } = outcome;
    const { answers, width } = setting;
    const shown = text.plan(plan, answers);
    const document = { ...shown.fields, plan: plan.changes, warnings: allWarnings(shown) };
    const changes = hasChanges(plan.changes);
    if (kind === "declined") return { command, document, ...declined(command) };
    const isSilent = answers.quiet === true && !changes && allWarnings(shown).length === 0;
    const pending = answers.exitCode === true && changes;
    return {
      command,
      exitCode: pending ? exitCode.notInOrder : exitCode.ok,
      document,
      lines: () => (isSilent ? [] : planLines(shown, width, answers.verbose)),
    };
  }
  const { result } = outcome;
  const document = { ...(text.document?.(result, setting.answers) ?? result) } as Answer["document"];
  if (outcome.kind === "stopped") {
    const failure = describeFailure(outcome.error);
    const ended = { asked: false, stopped: true, exitCode: failure.exitCode };
    const lines = () => linesOf(text, result, { ...setting, ...ended });
    return { command, exitCode: failure.exitCode, document, lines, failure };
  }
  const ended = { stopped: false, exitCode: outcome.exitCode };
  const lines = () => linesOf(text, result, { ...setting, ...ended });
  const failure = failureOf(outcome);
  return { command, exitCode: outcome.exitCode, document, lines, failure };
}

function linesOf<Answers extends ViewAnswers, FlowPlan, Result>(
  text: FlowText<Answers, FlowPlan, Result>,
  result: Result,
  setting: Setting<Answers> & Ended,
): readonly Line[] {
  return setting.answers.quiet ? text.troubles(result, setting) : text.lines(result, setting);
}

/** The warnings of a plan, each in a sentence that names what it is about. */
function allWarnings({ warnings, lasting = [], leftOut = [] }: ShownPlan): string[] {
  return [
    ...warnings,
    ...lasting,
    ...leftOut.map(
      ({ context, namespace, name, error }) =>
        `${context}/${namespace}/${name} is left out: ${error?.message ?? ""}`,
    ),
  ];
}

/** A plan that was not agreed to. */
function declined(command: string): Pick<Answer, "exitCode" | "lines" | "failure"> {
  const failure = {
    code: `${command}.declined`,
    message: "Not agreed to, so nothing was done.",
    retryable: false,
    exitCode: exitCode.usage,
  };
  return { exitCode: exitCode.usage, lines: () => [], failure };
}

function failureOf({ error, exitCode }: Finished<object>): Answer["failure"] {
  return error && { ...error, retryable: error.retryable ?? false, exitCode };
}
