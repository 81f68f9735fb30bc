import type { SetupOutcome } from "../../core/flows/setup-contract.ts";
import { hasChanges } from "../../core/plan.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { planLines } from "../views/plan-lines.ts";
import type { Answer } from "../views/view.ts";
import { resultLines, type ShownInput } from "./result-lines.ts";

const command = "setup";

/**
 * The outcome of `setup` as it is shown, in the fields of the published contract and for people.
 * @param options.again the command line that does the same
 * @param options.width columns that the lines for people have
 * @param options.exitCodeForChanges whether a plan with changes is told by the exit code
 */
export function setupAnswer(
  outcome: SetupOutcome,
  input: ShownInput,
  options: { readonly again: string; readonly exitCodeForChanges: boolean; readonly width: number },
): Answer {
  if (outcome.kind === "finished") {
    const { result, error } = outcome;
    return {
      command,
      exitCode: outcome.exitCode,
      document: { ...result },
      lines: resultLines(result, input, options),
      failure: error && { ...error, retryable: error.retryable ?? false, exitCode: outcome.exitCode },
    };
  }
  const { plan } = outcome;
  const document = { registry: plan.registry, plan: plan.changes, warnings: plan.warnings };
  if (outcome.kind === "declined") {
    const message = "Not agreed to, so nothing was done";
    return {
      command,
      exitCode: exitCode.usage,
      document,
      lines: [],
      failure: { code: "setup.declined", message, retryable: false, exitCode: exitCode.usage },
    };
  }
  const pending = options.exitCodeForChanges && hasChanges(plan.changes);
  return {
    command,
    exitCode: pending ? exitCode.notInOrder : exitCode.ok,
    document,
    lines: planLines(plan, options.width),
  };
}
