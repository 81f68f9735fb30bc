import { missingInput, UsageError, type GivenOptions } from "../options/answers.ts";
import { brokenRules, type OptionRules } from "../options/option-rules.ts";
import { removeOptions, type RemoveAnswers } from "./options.ts";

const rules: OptionRules<keyof typeof removeOptions> = {
  exclusions: [["quiet", "verbose", "they ask for opposite things"]],
  companions: [["exitCode", "dryRun", "it says whether a plan has changes"]],
};

/**
 * Refuses what cannot be carried out, before anything is read or asked for. What goes is never guessed: where nobody
 * can be asked the registry has to be named.
 * @param interactive whether somebody is there to be asked
 * @throws UsageError `usage.conflict` naming every combination that cannot be, then `usage.missing-input`
 */
export function checkRemove(answers: RemoveAnswers, given: GivenOptions, interactive: boolean): void {
  const conflicts = brokenRules(removeOptions, rules, answers, given);
  if (conflicts.length > 0) throw new UsageError(conflicts.join("\n"), "usage.conflict");
  if (interactive) return;
  const missing = [
    ...(answers.registry === undefined ? [removeOptions.registry] : []),
    ...(answers.dryRun || answers.yes ? [] : [removeOptions.yes]),
  ];
  if (missing.length > 0) throw missingInput(missing);
}
