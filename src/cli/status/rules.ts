import { missingInput, UsageError, type GivenOptions } from "../options/answers.ts";
import { brokenRules, type OptionRules } from "../options/option-rules.ts";
import { statusOptions, type StatusAnswers } from "./options.ts";

const rules: OptionRules<keyof typeof statusOptions> = {
  exclusions: [["quiet", "verbose", "they ask for opposite things"]],
  companions: [
    ["dryRun", "prune", "without it nothing is written"],
    ["yes", "prune", "without it there is nothing to agree to"],
  ],
};

/**
 * Refuses what cannot be carried out, before anything is read or asked for.
 * @param interactive whether somebody is there to be asked
 * @throws UsageError `usage.conflict` naming every combination that cannot be, then `usage.missing-input`
 */
export function checkStatus(answers: StatusAnswers, given: GivenOptions, interactive: boolean): void {
  const conflicts = brokenRules(statusOptions, rules, answers, given);
  if (conflicts.length > 0) throw new UsageError(conflicts.join("\n"), "usage.conflict");
  const writes = answers.prune !== undefined && !answers.dryRun;
  if (writes && !interactive && !answers.yes) throw missingInput([statusOptions.yes]);
}
