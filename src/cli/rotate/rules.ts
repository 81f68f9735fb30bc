import { missingInput, UsageError, type GivenOptions } from "../options/answers.ts";
import { formatDuration } from "../../domain/duration.ts";
import { brokenRules, type OptionRules } from "../options/option-rules.ts";
import { rotateOptions, type RotateAnswers } from "./options.ts";

const rules: OptionRules<keyof typeof rotateOptions> = {
  exclusions: [
    ["quiet", "verbose", "they ask for opposite things"],
    ["finish", "abort", "one goes on to the new key, the other back to the old one"],
    ["finish", "compromised", "one makes no new key, the other has to"],
    ["abort", "compromised", "a key that has leaked is not gone back to"],
    ["ifExpiringWithin", "finish", "no new key is begun with"],
    ["ifExpiringWithin", "abort", "no new key is begun with"],
    ["ifExpiringWithin", "compromised", "a key that has leaked is replaced whatever its age"],
    ["expiresIn", "finish", "no new key is made"],
    ["expiresIn", "abort", "no new key is made"],
    ["grace", "finish", "a retirement that stands keeps the time it was given"],
    ["grace", "abort", "the new key is removed as soon as nothing holds it"],
    ["grace", "compromised", "the old key is retired in the same run"],
    ["wait", "abort", "the new key is removed in the same run"],
    ["wait", "compromised", "the old key is retired in the same run"],
    ["noOverlapEntry", "finish", "no new key is written"],
    ["noOverlapEntry", "abort", "no new key is written"],
    ["retireKey", "abort", "the old key is used again, and stays"],
  ],
  companions: [
    ["exitCode", "dryRun", "it says whether a plan has changes"],
    ["acceptOutage", "compromised", "only for a key that has leaked pulls are put at risk"],
  ],
};

/**
 * Refuses what cannot be carried out, before anything is read or asked for.
 * @param interactive whether somebody is there to be asked
 * @throws UsageError `usage.conflict` naming every combination that cannot be, then `usage.missing-input`
 */
export function checkRotate(answers: RotateAnswers, given: GivenOptions, interactive: boolean): void {
  const conflicts = [
    ...brokenRules(rotateOptions, rules, answers, given),
    ...outlivedBy(answers),
    ...alwaysExpiring(answers),
  ];
  if (conflicts.length > 0) throw new UsageError(conflicts.join("\n"), "usage.conflict");
  if (!interactive && !answers.dryRun && !answers.yes) throw missingInput([rotateOptions.yes]);
}

/** A grace that the new key does not live to see ends with no key at all. */
function outlivedBy({ grace, expiresIn }: RotateAnswers): string[] {
  if (typeof expiresIn !== "number" || grace < expiresIn) return [];
  return [
    `${rotateOptions.grace.long} ${formatDuration(grace)} is too long for ${rotateOptions.expiresIn.long} ${formatDuration(expiresIn)}: the new key would end before the old one is retired`,
  ];
}

/** A new key that would count as about to end from its first day is replaced by every run. */
function alwaysExpiring({ ifExpiringWithin, expiresIn }: RotateAnswers): string[] {
  if (typeof expiresIn !== "number" || ifExpiringWithin === undefined || ifExpiringWithin < expiresIn)
    return [];
  return [
    `${rotateOptions.ifExpiringWithin.long} ${formatDuration(ifExpiringWithin)} is not shorter than ${rotateOptions.expiresIn.long} ${formatDuration(expiresIn)}: the new key would be replaced by the next run, and so on for ever`,
  ];
}
