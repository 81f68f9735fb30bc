import { closestName } from "../../domain/closest-name.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { Once } from "../../domain/once.ts";
import { namespaceNames, namespaceNotFound } from "../cluster/missing-namespaces.ts";
import type { Target } from "../cluster/read-targets.ts";
import { fixesOf, noneWritable } from "../ending.ts";
import type { LeftOutTarget } from "./job.ts";

/** The targets that cannot be written. One that never can be refuses the run. One that cannot be now is left out. */
export class Exclusions {
  readonly leftOut: LeftOutTarget[] = [];
  #refused: readonly LeftOutTarget[] = [];

  /**
   * Records why a target cannot be written, by the kind of the failure.
   * @throws the failure itself if it says nothing about the target
   */
  exclude(target: Target, error: unknown, signal: AbortSignal): void {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    if (error.exitCode === exitCode.usage) this.#refused = [...this.#refused, { target, error }];
    else this.leftOut.push({ target, error });
  }

  /**
   * For namespaces that do not exist, finds those that may have been meant. Such targets come first in the message,
   * because the fix for the others can be to create the namespace.
   */
  async nameNamespaces(signal: AbortSignal): Promise<void> {
    const once = new Once();
    const named = await Promise.all(
      this.#refused.map(async ({ target, error }) => {
        if (!hasCode(error, "kubernetes.namespace-not-found")) return { target, error };
        const { cluster, namespace } = target;
        const names = await once.do("namespaces", cluster.context, () => namespaceNames([cluster], signal));
        return { target, error: namespaceNotFound(target, closestName(namespace, names)) };
      }),
    );
    const isNamed = ({ error: { meant } }: LeftOutTarget) => Object.keys(meant).length > 0;
    this.#refused = [...named.filter(isNamed), ...named.filter((one) => !isNamed(one))];
  }

  /** Refuses the run if some target can never be written, with all reasons at once. */
  refuse(): void {
    const errors = this.#refused.map(({ error }) => error);
    const [first, ...more] = errors;
    if (!first) return;
    if (more.length === 0) throw first;
    const all = errors.map(({ message }) => message).join("\n");
    throw new ActionableError(`${errors.length} targets cannot be written, so nothing was written:\n${all}`, {
      code: first.code,
      hint: fixesOf(errors),
      exitCode: exitCode.usage,
      meant: Object.assign({}, ...errors.map(({ meant }) => meant)) as ActionableError["meant"],
    });
  }

  /** Stops the run if every target had to be left out. */
  requireTargets(count: number): void {
    const [first, ...more] = this.leftOut.map(({ error }) => error);
    if (count === 0 && first) throw noneWritable([first, ...more]);
  }
}
