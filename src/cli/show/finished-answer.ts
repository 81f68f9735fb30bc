import type { Finished } from "../../core/ending.ts";
import type { Answer } from "./view.ts";

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
