import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Target } from "../cluster/read-targets.ts";
import { noneWritable } from "../ending.ts";
import type { LeftOut } from "./job.ts";

/** The targets that cannot be written: for ever, which refuses the run, or now, which leaves them out. */
export class Exclusions {
  readonly leftOut: LeftOut[] = [];
  readonly #refusals: ActionableError[] = [];

  /**
   * Notes why a target cannot be written, by the kind of the failure.
   * @throws the failure itself when it says nothing about the target
   */
  exclude(target: Target, error: unknown, signal: AbortSignal): void {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    if (error.exitCode === exitCode.usage) this.#refusals.push(error);
    else this.leftOut.push({ target, error });
  }

  /** Refuses the run when some target can never be written; all reasons are told at once. */
  refuse(): void {
    const [first, ...more] = this.#refusals;
    if (!first) return;
    if (more.length === 0) throw first;
    const all = this.#refusals.map(({ message }) => message).join("\n");
    throw refused(
      first.code,
      `${this.#refusals.length} targets cannot be written, so none was:\n${all}`,
      first.hint,
    );
  }

  /** Stops the run when every target had to be left out. */
  requireTargets(count: number): void {
    const [first, ...more] = this.leftOut.map(({ error }) => error);
    if (count === 0 && first) throw noneWritable([first, ...more]);
  }
}
