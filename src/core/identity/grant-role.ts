import { ActionableError } from "../../domain/errors.ts";
import type { Registry } from "../../domain/registry.ts";
import { builtInRole, sameCondition } from "../../domain/role.ts";
import { assignmentName, type DesiredAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { waitReporting } from "../patience.ts";
import type { Roles } from "../ports.ts";
import type { DirectoryTools } from "./directory-tools.ts";
import { foreignAssignment, type RoleFinding, type RolesFinding } from "./pull-role.ts";

/** A role assignment that exists now. */
export interface StandingRole {
  readonly id: string;
  readonly desired: DesiredAssignment;
  readonly action: RoleFinding["action"];
}

/** Who is granted a role, and on which registry. */
export interface Grantee {
  readonly registry: Registry;
  readonly principalId: string;
}

type RoleTools = Omit<DirectoryTools, "directory"> & { readonly roles: Roles };

/**
 * Grants the wanted roles. Waits for a principal that Resource Manager does not know yet. A 409 counts as success
 * only after the conflicting assignment was read and is the same.
 */
export async function ensureRoles(
  finding: RolesFinding,
  grantee: Grantee,
  tools: RoleTools & {
    /** Called for each role as soon as it is assigned, because the next one may fail. */
    readonly onStanding: (role: StandingRole) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  for (const { desired, present, action } of finding.wanted) {
    const stands = present && (action === "unchanged" || action === "reused");
    const { id } = stands ? present : await grant(desired, grantee, tools, signal);
    tools.onStanding({ id, desired, action });
  }
}

async function grant(
  desired: DesiredAssignment,
  grantee: Grantee,
  tools: RoleTools,
  signal: AbortSignal,
): Promise<{ id: string }> {
  const { roles } = tools;
  const { registry, principalId } = grantee;
  const assigned = await waitReporting(
    async () => {
      const outcome = await roles.assignRole(registry.id, principalId, desired, signal);
      if (outcome.kind === "assigned") return outcome.assignment;
      if (outcome.kind === "principal-unknown") return undefined;
      return findSame(desired, grantee, roles, signal);
    },
    { id: "role", what: "Azure Resource Manager to recognize the new service principal" },
    tools,
    signal,
  );
  if (assigned) return assigned;
  throw new ActionableError(
    `Azure Resource Manager did not recognize the service principal ${principalId} in time.`,
    {
      code: "roles.principal-unknown",
      hint: "Run the same command again later to continue.",
      docs: "https://aka.ms/docs-principaltype",
      retryable: true,
    },
  );
}

/**
 * The assignment that caused a 409, if it is the wanted one. `undefined` while the list does not show it as wanted yet.
 */
async function findSame(
  desired: DesiredAssignment,
  { registry, principalId }: Grantee,
  roles: Roles,
  signal: AbortSignal,
): Promise<RoleAssignment | undefined> {
  const present = (await roles.listAssignments(registry.id, principalId, signal)).find(
    (one) =>
      one.scope.toLowerCase() === registry.id.toLowerCase() &&
      builtInRole(one.roleDefinitionId)?.guid === desired.role.guid,
  );
  if (present && !sameCondition(present.condition, desired.condition)) {
    if (present.name.toLowerCase() === assignmentName(registry.id, principalId, desired.role.guid))
      return undefined;
    throw foreignAssignment(registry, present);
  }
  return present;
}
