import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { keysOfOtherClusters } from "../../domain/ownership.ts";
import type { Application } from "../../domain/identity.ts";
import type { Registry } from "../../domain/registry.ts";
import {
  builtInRole,
  repositoryCondition,
  rolesFor,
  sameCondition,
  type RequestedRole,
} from "../../domain/role.ts";
import {
  assignmentName,
  isOurAssignment,
  type DesiredAssignment,
  type RoleAssignment,
} from "../../domain/role-assignment.ts";
import type { Action, PlannedChange } from "../plan.ts";
import type { Clock, RegistryRights, Roles } from "../ports.ts";
import type { Report } from "../progress.ts";
import { waitText, waitUntil } from "../wait-until.ts";

/** One assignment that should stand, beside what stands. */
export interface RoleFinding {
  readonly desired: DesiredAssignment;
  readonly present: RoleAssignment | undefined;
  readonly action: Extract<Action, "created" | "updated" | "unchanged" | "reused">;
}

/** What the principal holds on the registry, against what it should. */
export interface RolesFinding {
  readonly wanted: readonly RoleFinding[];
  /** Ours, for another role than the one asked. They go when the new one is proven. */
  readonly obsolete: readonly RoleAssignment[];
  /** Not ours: reported, never touched. */
  readonly extra: readonly RoleAssignment[];
}

/** The role asked for, and the repositories it is limited to. */
export interface RoleWish {
  readonly registry: Registry;
  readonly requested: RequestedRole;
  readonly repositories: readonly string[];
}

/**
 * Compares what stands with what is asked on a registry of this mode.
 * @throws ActionableError `repository.needs-abac`, `roles.foreign-assignment`, `roles.shared-principal`, exit 2
 */
export function compareRoles(
  wish: RoleWish,
  assignments: readonly RoleAssignment[],
  application: Application | undefined,
  clusterId: string,
): RolesFinding {
  const { registry, requested, repositories } = wish;
  if (repositories.length > 0 && registry.roleAssignmentMode !== "AbacRepositoryPermissions") {
    const isKnown = registry.roleAssignmentMode !== undefined;
    throw refused(
      "repository.needs-abac",
      isKnown
        ? `${registry.name} gives roles on the whole registry; --repository works only on a registry in ABAC mode.`
        : `Whether ${registry.name} is in ABAC mode the Resource Manager of this cloud does not tell; --repository works only on a registry that is.`,
      "Leave --repository out, or switch the registry's role assignment mode.",
      "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions",
    );
  }
  const here = assignments.filter((one) => one.scope.toLowerCase() === registry.id.toLowerCase());
  const wanted = rolesFor(requested, registry.roleAssignmentMode).map((role): RoleFinding => {
    const desired = { role, condition: repositoryCondition(role, repositories) };
    const present = here.find((one) => builtInRole(one.roleDefinitionId)?.guid === role.guid);
    if (!present) return { desired, present, action: "created" };
    const ours = isOurAssignment(registry.id, present);
    if (sameCondition(present.condition, desired.condition)) {
      return { desired, present, action: ours ? "unchanged" : "reused" };
    }
    if (!ours) throw foreignAssignment(registry, present);
    return { desired, present, action: "updated" };
  });
  const used = new Set(wanted.map(({ present }) => present?.id));
  const others = assignments.filter((one) => !used.has(one.id));
  const obsolete = others.filter((one) => isOurAssignment(registry.id, one));
  const changes = obsolete.length > 0 || wanted.some(({ action }) => action === "updated");
  const sharers = application ? keysOfOtherClusters(application, clusterId) : [];
  if (changes && sharers.length > 0) throw sharedPrincipal(registry, application, sharers.length);
  return { wanted, obsolete, extra: others.filter((one) => !isOurAssignment(registry.id, one)) };
}

function foreignAssignment(registry: Registry, assignment: RoleAssignment): ActionableError {
  const condition = assignment.condition === undefined ? "without a condition" : "with another condition";
  return refused(
    "roles.foreign-assignment",
    `The service principal already holds ${builtInRole(assignment.roleDefinitionId)?.name} on ${registry.name} ${condition}, by an assignment that acr-pull did not make (${assignment.name}). Azure keeps one assignment for a role, so the one asked for cannot be added.`,
    `Ask for what it gives, or have its owner delete it: az role assignment delete --ids ${assignment.id}`,
  );
}

function sharedPrincipal(
  registry: Registry,
  application: Application | undefined,
  keys: number,
): ActionableError {
  return refused(
    "roles.shared-principal",
    `Another role is asked for than the one that ${inOneLine(application?.displayName ?? "the service principal")} holds on ${registry.name}, but ${keys} key(s) of other clusters sign in as it: the change would be theirs too.`,
    "Leave --service-principal out so that this cluster has an application of its own, or ask for the role it holds.",
  );
}

/**
 * Whether carrying it out needs the right to write, or to delete, role assignments.
 * @param rights undefined where they are not known: then the first write tells
 */
export function checkRoleRights(
  finding: RolesFinding,
  rights: RegistryRights | undefined,
  registry: Registry,
  caller: string,
): void {
  if (!rights) return;
  const writes = finding.wanted.some(({ action }) => action === "created" || action === "updated");
  const lacking = [
    ...(writes && !rights.writeRoleAssignments ? ["Microsoft.Authorization/roleAssignments/write"] : []),
    ...(finding.obsolete.length > 0 && !rights.deleteRoleAssignments
      ? ["Microsoft.Authorization/roleAssignments/delete"]
      : []),
  ];
  if (lacking.length === 0) return;
  throw new ActionableError(
    `${caller} may not assign roles on ${registry.name}: ${lacking.join(" and ")} is missing.`,
    {
      code: "roles.forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask an Owner, User Access Administrator or Role Based Access Control Administrator of the registry to run this, or to give you one of these roles on it.",
      docs: "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-steps",
    },
  );
}

/** The plan's lines about roles. */
export function roleChanges(finding: RolesFinding, registry: Registry): PlannedChange[] {
  const describe = (assignment: { condition: string | undefined } | undefined) =>
    assignment && { condition: assignment.condition ?? null };
  return [
    ...finding.wanted.map(({ desired, present, action }) => ({
      target: `role ${desired.role.name} on ${registry.name}`,
      action,
      before: describe(present) ?? null,
      after: describe(desired) ?? null,
    })),
    ...finding.obsolete.map((assignment) => ({
      target: `role ${builtInRole(assignment.roleDefinitionId)?.name ?? assignment.name} on ${registry.name}`,
      action: "removed" as const,
      before: describe(assignment) ?? null,
      after: null,
    })),
  ];
}

/** One role that stands now. */
export interface StandingRole {
  readonly id: string;
  readonly desired: DesiredAssignment;
  readonly action: RoleFinding["action"];
}

/**
 * Grants what is wanted. A principal that Resource Manager does not know yet is waited for; a 409 counts as
 * success only after the assignment in the way was read and is the same.
 */
export async function ensureRoles(
  finding: RolesFinding,
  wish: RoleWish,
  principalId: string,
  ports: { roles: Roles; clock: Clock; report: Report; timeoutMs: number },
  signal: AbortSignal,
): Promise<StandingRole[]> {
  const granted: StandingRole[] = [];
  for (const { desired, present, action } of finding.wanted) {
    if (present && (action === "unchanged" || action === "reused")) {
      granted.push({ id: present.id, desired, action });
      continue;
    }
    granted.push({ ...(await grant(desired, wish.registry, principalId, ports, signal)), desired, action });
  }
  return granted;
}

async function grant(
  desired: DesiredAssignment,
  registry: Registry,
  principalId: string,
  ports: { roles: Roles; clock: Clock; report: Report; timeoutMs: number },
  signal: AbortSignal,
): Promise<{ id: string }> {
  const { roles, clock, report, timeoutMs } = ports;
  const assigned = await waitUntil(
    async () => {
      const outcome = await roles.assignRole(registry.id, principalId, desired, signal);
      if (outcome.kind === "assigned") return outcome.assignment;
      if (outcome.kind === "principal-unknown") return undefined;
      return findSame(desired, registry, principalId, roles, signal);
    },
    {
      timeoutMs,
      onWait: (tries) =>
        report({
          kind: "waiting",
          id: "role",
          text: waitText("Azure Resource Manager to know the new service principal", tries, timeoutMs),
        }),
    },
    clock,
    signal,
  );
  if (assigned) return assigned;
  throw new ActionableError(
    `Azure Resource Manager did not come to know the service principal ${principalId} in time.`,
    {
      code: "roles.principal-unknown",
      hint: "Run the same command again later; it goes on from here.",
      docs: "https://aka.ms/docs-principaltype",
      retryable: true,
    },
  );
}

/** The assignment that a 409 speaks of, if it is what was wanted; `undefined` while the list does not show it yet. */
async function findSame(
  desired: DesiredAssignment,
  registry: Registry,
  principalId: string,
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
