import { ActionableError } from "../domain/errors.ts";
import { LockLost } from "./lock.ts";
import type { Step, StepResult } from "./step.ts";
import type { World } from "./world.ts";

/** How many targets are written at once. */
export const width = 10;

/** How a list is carried out. */
export interface Applying {
  /** Called as each step ends. */
  readonly tell: (result: StepResult) => void;
  /** Called as each step begins. */
  readonly begin?: (step: Step) => void;
  /** Aborts when nothing more is to be begun. A step under way ends by itself. */
  readonly interrupted: AbortSignal;
}

/**
 * Carries steps out in their order; those of one kind that concern single targets ten at once. A step that fails ends
 * the run, but for one that concerns a target alone. Whatever happens, the same command goes on from there.
 * @throws what is a bug of ours
 */
export async function apply(
  steps: readonly Step[],
  world: World,
  { tell, begin, interrupted }: Applying,
): Promise<StepResult[]> {
  let isOver = false;
  const carryOut = async (step: Step): Promise<StepResult> => {
    if (isOver || interrupted.aborted) return { step, result: "skipped" };
    if (step.refusal) return { step, result: "failed", error: step.refusal };
    begin?.(step);
    try {
      await world.store.ensure();
      const reason = await step.run(world);
      return reason ? { step, result: "skipped", reason } : { step, result: "done" };
    } catch (error) {
      if (interrupted.aborted && error === interrupted.reason) return { step, result: "skipped" };
      if (!(error instanceof ActionableError)) {
        isOver = true;
        throw error;
      }
      isOver ||= !step.alone || error instanceof LockLost;
      return { step, result: "failed", error };
    }
  };
  const results: StepResult[] = [];
  for (const together of neighbours(steps)) {
    const queue = together.entries();
    const done: StepResult[] = [];
    const work = async () => {
      for (const [index, step] of queue) {
        const result = await carryOut(step);
        done[index] = result;
        tell(result);
      }
    };
    // All of them end before anything else is done, whatever becomes of one.
    const ended = await Promise.allSettled(Array.from({ length: Math.min(width, together.length) }, work));
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    results.push(...done);
  }
  return results;
}

/** Steps of one kind for single targets that stand side by side, and every other step by itself. */
export function neighbours<S extends Step>(steps: readonly S[]): S[][] {
  const groups: S[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (step.alone && last?.[0]?.alone && last[0].kind === step.kind) last.push(step);
    else groups.push([step]);
  }
  return groups;
}
