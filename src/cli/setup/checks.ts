import { isGuid } from "../../domain/names.ts";
import type { Checks, GivenOptions } from "../options/answers.ts";
import { manifestConflicts } from "../options/manifest-options.ts";
import type { OptionDefinition } from "../options/option.ts";
import { everyRepository, isWithoutAzure, setupOptions, type SetupAnswers } from "./options.ts";

/** What `setup` refuses before anything is read or asked for. */
export const setupChecks: Checks<SetupAnswers> = {
  options: setupOptions,
  conflicts: (answers, given) => [
    ...withoutAzureConflicts(answers),
    ...limitConflicts(given),
    ...manifestConflicts(answers),
  ],
  missing: missingOptions,
};

function limitConflicts(given: GivenOptions): string[] {
  const said = new Set(given.get("repositories")?.texts);
  return said.size > 1 && said.has(everyRepository)
    ? ["--repository '*' lifts the limit, so it cannot be used with another --repository"]
    : [];
}

/** Without Azure no principal is looked up, and no role is granted. */
function withoutAzureConflicts(answers: SetupAnswers): string[] {
  if (!isWithoutAzure(answers)) return [];
  const { servicePrincipal, role, repositories, owners, proof } = answers;
  const needless = [
    ...(role === undefined ? [] : ["--role"]),
    ...(repositories === undefined ? [] : ["--repository"]),
    ...(owners.length === 0 ? [] : ["--owner"]),
    ...(proof === "entra" ? ["--proof entra"] : []),
    ...(servicePrincipal === undefined || isGuid(servicePrincipal) ? [] : ["a --service-principal by name"]),
  ];
  return needless.map(
    (one) =>
      `${one} needs Azure, which is not called for a known password and a login server: name the registry by its name`,
  );
}

function missingOptions(answers: SetupAnswers, interactive: boolean): Array<OptionDefinition<unknown>> {
  const missing: Array<OptionDefinition<unknown>> = [];
  const silent = !interactive && !answers.dryRun;
  if (answers.registry === undefined && !interactive) missing.push(setupOptions.registry);
  if (silent && !answers.yes) missing.push(setupOptions.yes);
  if (silent && answers.role === "owner" && answers.allowPrivilegedRole === undefined) {
    missing.push(setupOptions.allowPrivilegedRole);
  }
  return missing;
}
