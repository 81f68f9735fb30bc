import { isGuid } from "../../domain/names.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { Checks } from "../options/check.ts";
import { manifestConflicts } from "../options/manifest-options.ts";
import type { OptionDefinition } from "../options/option.ts";
import { everyRepository, setupOptions, type SetupAnswers } from "./options.ts";

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

/** Without Azure there is no way to look up a registry or a principal. */
function withoutAzureConflicts(answers: SetupAnswers): string[] {
  const { noAzure, registry, servicePrincipal, passwordStdin, proof } = answers;
  if (!noAzure) return [];
  const conflicts: string[] = [];
  if (registry !== undefined && registry.kind !== "login-server") {
    conflicts.push("--no-azure needs the login server, such as myregistry.azurecr.io, for --registry");
  }
  if (servicePrincipal !== undefined && !isGuid(servicePrincipal)) {
    conflicts.push("--no-azure needs the application id, a GUID, for --service-principal");
  }
  if (!passwordStdin) conflicts.push("--no-azure needs a known password: --password-stdin");
  if (proof === "entra") conflicts.push("--proof entra asks Azure, which --no-azure forbids");
  return conflicts;
}

function missingOptions(answers: SetupAnswers, interactive: boolean): Array<OptionDefinition<unknown>> {
  const missing: Array<OptionDefinition<unknown>> = [];
  const silent = !interactive && !answers.dryRun;
  // A terminal can ask for it, but without Azure there is no list to choose from.
  if (answers.registry === undefined && (!interactive || answers.noAzure))
    missing.push(setupOptions.registry);
  if (answers.noAzure && answers.servicePrincipal === undefined) missing.push(setupOptions.servicePrincipal);
  if (silent && !answers.yes) missing.push(setupOptions.yes);
  if (silent && answers.role === "owner" && answers.allowPrivilegedRole === undefined) {
    missing.push(setupOptions.allowPrivilegedRole);
  }
  return missing;
}
