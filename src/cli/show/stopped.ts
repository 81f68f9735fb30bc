import type { Leave } from "../../core/ending.ts";
import { describeFailure } from "./failure.ts";
import type { Answer } from "./view.ts";

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
