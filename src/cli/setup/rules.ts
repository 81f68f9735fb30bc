import { isGuid } from "../../domain/names.ts";
import { missingInput, UsageError, type GivenOptions } from "../options/answers.ts";
import type { OptionDefinition } from "../options/option.ts";
import { brokenRules, type OptionRules } from "../options/option-rules.ts";
import { everyRepository, setupOptions, type SetupAnswers } from "./options.ts";

type OptionName = keyof typeof setupOptions;

const rules: OptionRules<OptionName> = {
  exclusions: [
    ["passwordStdin", "passwordFile", "a password comes from one place"],
    ["quiet", "verbose", "they ask for opposite things"],
    ["name", "servicePrincipal", "one that exists keeps its name"],
    ["serviceManagementReference", "servicePrincipal", "it is given to a new application alone"],
    ["expiresIn", "passwordStdin", "no password is made"],
    ["expiresIn", "passwordFile", "no password is made"],
    ["credentialsFile", "passwordStdin", "no password is made"],
    ["credentialsFile", "passwordFile", "no password is made"],
    ["role", "noAzure", "no role is granted"],
    ["repository", "noAzure", "no role is granted"],
    ["owner", "noAzure", "the application is not touched"],
  ],
  companions: [
    ["exitCode", "dryRun", "it says whether a plan has changes"],
    ["passwordStdin", "servicePrincipal", "it names whose password it is"],
    ["passwordFile", "servicePrincipal", "it names whose password it is"],
  ],
};

/**
 * Refuses what cannot be carried out, before anything is read or asked for.
 * @param interactive whether somebody is there to be asked
 * @throws UsageError `usage.conflict` naming every combination that cannot be, then `usage.missing-input` naming
 *   all that is missing
 */
export function checkSetup(answers: SetupAnswers, given: GivenOptions, interactive: boolean): void {
  const conflicts = [
    ...brokenRules(setupOptions, rules, answers, given),
    ...withoutAzureConflicts(answers),
    ...limitConflicts(answers),
    ...leftOutTargets(answers),
  ];
  if (conflicts.length > 0) throw new UsageError(conflicts.join("\n"), "usage.conflict");
  const missing = missingOptions(answers, interactive);
  if (missing.length > 0) throw missingInput(missing);
}

/** What is to be written cannot be left out. */
function leftOutTargets({ namespace, secretName, leaveOut }: SetupAnswers): string[] {
  return namespace
    .map((one) => `${one}/${secretName}`)
    .filter((target) => leaveOut.includes(target))
    .map((target) => `--leave-out ${target} cannot be: that secret is to be written`);
}

function limitConflicts({ repository }: SetupAnswers): string[] {
  return repository.length > 1 && repository.includes(everyRepository)
    ? ["--repository '*' lifts the limit: no other repository goes with it"]
    : [];
}

/** Without Azure nobody can be asked what a registry is called or whose a password is. */
function withoutAzureConflicts({
  noAzure,
  registry,
  servicePrincipal,
  proof,
  ...rest
}: SetupAnswers): string[] {
  if (!noAzure) return [];
  const conflicts: string[] = [];
  if (registry !== undefined && registry.kind !== "login-server") {
    conflicts.push("--no-azure needs the login server, such as myregistry.azurecr.io, for --registry");
  }
  if (servicePrincipal !== undefined && !isGuid(servicePrincipal)) {
    conflicts.push("--no-azure needs the application id, a GUID, for --service-principal");
  }
  if (!rest.passwordStdin && rest.passwordFile === undefined) {
    conflicts.push("--no-azure needs a known password: --password-stdin or --password-file");
  }
  if (proof === "entra") conflicts.push("--proof entra asks Azure, which --no-azure forbids");
  return conflicts;
}

function missingOptions(answers: SetupAnswers, interactive: boolean): Array<OptionDefinition<unknown>> {
  const missing: Array<OptionDefinition<unknown>> = [];
  const silent = !interactive && !answers.dryRun;
  // At a terminal it is asked for, but by its login server alone it is not found in any list.
  if (answers.registry === undefined && (!interactive || answers.noAzure))
    missing.push(setupOptions.registry);
  if (answers.noAzure && answers.servicePrincipal === undefined) missing.push(setupOptions.servicePrincipal);
  if (silent && !answers.yes) missing.push(setupOptions.yes);
  if (silent && answers.role === "owner" && answers.allowPrivilegedRole === undefined) {
    missing.push(setupOptions.allowPrivilegedRole);
  }
  return missing;
}
