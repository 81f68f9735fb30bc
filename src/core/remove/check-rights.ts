import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { RemovePorts } from "./contract.ts";
import { foreseeRefusedChange } from "../identity/foreseen-refusal.ts";
import type { PrincipalVerdict } from "./judge-principal.ts";
import type { Removal } from "./removal.ts";

/**
 * Whether what goes in Azure may be removed.
 * @throws ActionableError `directory.not-owner`, `roles.forbidden`, exit 3
 */
export async function checkRights(
  removals: readonly Removal[],
  { azure }: RemovePorts,
  signal: AbortSignal,
): Promise<void> {
  const verdicts = removals.flatMap((removal) => removal.verdicts);
  const changed = verdicts.filter(({ keys, keptBecause }) => keys.length > 0 || keptBecause === undefined);
  const scopes = new Set(verdicts.flatMap(({ roles }) => roles.map(({ scope }) => scope)));
  if (changed.length === 0 && scopes.size === 0) return;
  const { directory } = azure;
  const caller = await directory.caller(signal);
  await Promise.all([
    ...changed.map(async (verdict) => {
      const { application } = verdict;
      const refusal = await foreseeRefusedChange(application, { directory, caller }, signal, deedOf(verdict));
      // Nothing of what would go before it could be brought back.
      if (refusal) throw refusal;
    }),
    ...[...scopes].map((scope) => checkMayUnassign(scope, caller.name, azure, signal)),
  ]);
}

function deedOf({ keptBecause }: PrincipalVerdict): string {
  return keptBecause ? "remove a password of it" : "delete it";
}

async function checkMayUnassign(
  registryId: string,
  caller: string,
  { roles }: RemovePorts["azure"],
  signal: AbortSignal,
): Promise<void> {
  const rights = await roles.registryRights(registryId, signal);
  if (!rights || rights.deleteRoleAssignments) return;
  throw new ActionableError(
    `${caller} may not take roles back on ${registryId.split("/").at(-1)}: Microsoft.Authorization/roleAssignments/delete is missing.`,
    {
      code: "roles.forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask an Owner, User Access Administrator or Role Based Access Control Administrator of the registry to run this, or to give you one of these roles on it.",
      docs: "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-remove",
    },
  );
}
