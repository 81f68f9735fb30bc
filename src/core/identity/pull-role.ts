import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { keysOfOtherClusters } from "../../domain/ownership.ts";
import type { Application } from "../../domain/identity.ts";
import type { Registry } from "../../domain/registry.ts";
import { builtInRole, sameCondition, type BuiltInRole, type RequestedRole } from "../../domain/role.ts";
import {
  limitIn,
  modeBehind,
  pullsToday,
  wantedRights,
  type SaidRights,
  type WantedRights,
} from "../../domain/role-standing.ts";
import {
  isOurAssignment,
  type DesiredAssignment,
  type RoleAssignment,
} from "../../domain/role-assignment.ts";
import type { Action, PlannedChange } from "../plan.ts";
import type { RegistryRights } from "../ports.ts";

/** An assignment that should exist, and the one that exists for the same role. */
export interface RoleFinding {
  readonly desired: DesiredAssignment;
  readonly present: RoleAssignment | undefined;
  readonly action: Extract<Action, "created" | "updated" | "unchanged" | "reused">;
}

/** What the principal holds on the registry, compared with what it should hold. */
export interface RolesFinding {
  /** What it should hold, as a user would ask for it. */
  readonly requested: RequestedRole;
  readonly wanted: readonly RoleFinding[];
  /** Ours, for a role that is no longer wanted. They are removed once the new one is proven. */
  readonly obsolete: readonly RoleAssignment[];
  /** Not ours: reported, never touched. */
  readonly extra: readonly RoleAssignment[];
}

/** What the user asked of the principal's rights on a registry. */
export interface RoleWish {
  readonly registry: Registry;
  readonly said: SaidRights;
  /** What acr-pull granted on a moved registry under its old resource id. Undefined if it was not moved. */
  readonly before?: readonly RoleAssignment[] | undefined;
}

/**
 * Compares the existing assignments with the wanted ones, for a registry of this mode. Whatever the user did not ask
 * for stays as it is.
 * @throws ActionableError `repository.needs-abac`, `repository.limit-unreadable`, `roles.foreign-assignment`,
 *   `roles.shared-principal`, exit 2
 */
export function compareRoles(
  wish: RoleWish,
  assignments: readonly RoleAssignment[],
  application: Application | undefined,
  clusterId: string,
): RolesFinding {
  const { registry, said } = wish;
  const here = assignments.filter((one) => one.scope.toLowerCase() === registry.id.toLowerCase());
  const isOurs = (one: RoleAssignment) => isOurAssignment(registry.id, one);
  const standing = { ours: here.filter(isOurs), others: here.filter((one) => !isOurs(one)) };
  // Azure did not move the roles with the registry, and nobody asked to change what the principal may do.
  const known = standing.ours.length === 0 ? { ...standing, ours: wish.before ?? [] } : standing;
  const mode = registry.roleAssignmentMode ?? modeBehind(known.ours);
  if ((said.repositories ?? []).length > 0 && mode !== "AbacRepositoryPermissions") {
    throw refused(
      "repository.needs-abac",
      mode
        ? `${registry.name} assigns roles for the whole registry; --repository works only on a registry in ABAC mode.`
        : `This cloud's Resource Manager does not report whether ${registry.name} is in ABAC mode; --repository works only on a registry that is.`,
      "Omit --repository, or switch the registry's role assignment mode.",
      abacDocs,
    );
  }
  const rights = wantedRights(known, said, mode);
  if (rights.kind !== "wanted") throw limitInTheWay(registry, rights);
  const wanted = rights.assignments.map((desired): RoleFinding => {
    const present = here.find((one) => builtInRole(one.roleDefinitionId) === desired.role);
    if (!present) return { desired, present, action: "created" };
    if (sameCondition(present.condition, desired.condition)) {
      return { desired, present, action: isOurs(present) ? "unchanged" : "reused" };
    }
    if (!isOurs(present)) throw foreignAssignment(registry, present);
    return { desired, present, action: "updated" };
  });
  const used = new Set(wanted.map(({ present }) => present?.id));
  const others = assignments.filter((one) => !used.has(one.id));
  const obsolete = others.filter(isOurs);
  const granted = wanted.some(({ action }) => action === "created") && pullsToday(standing, mode);
  const changes = granted || obsolete.length > 0 || wanted.some(({ action }) => action === "updated");
  const sharers = application ? keysOfOtherClusters(application, clusterId) : [];
  if (changes && sharers.length > 0) throw sharedPrincipal(registry, application, sharers.length);
  const extra = others.filter((one) => !isOurs(one));
  return { requested: rights.requested, wanted, obsolete, extra };
}

const abacDocs =
  "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions";

/** Nobody asked to lift the current limit, and it cannot stay as it is. */
function limitInTheWay(
  registry: Registry,
  rights: Exclude<WantedRights, { readonly kind: "wanted" }>,
): ActionableError {
  if (rights.kind === "limit-lost") {
    return refused(
      "repository.needs-abac",
      `The service principal is limited to ${rights.repositories.join(", ")}, but ${registry.name} now assigns roles for the whole registry.`,
      "Allow the whole registry with --repository '*', or switch the registry back to ABAC mode.",
      abacDocs,
    );
  }
  const { roleDefinitionId, name } = rights.standing;
  return refused(
    "repository.limit-unreadable",
    `The service principal holds ${builtInRole(roleDefinitionId)?.name} on ${registry.name} under a condition that acr-pull did not write (${name}), which acr-pull cannot carry over to another role.`,
    "Name the repositories of the new role with --repository; --repository '*' means all of them.",
    abacDocs,
  );
}

/** Azure keeps one assignment per role, and somebody else made this one. */
export function foreignAssignment(registry: Registry, assignment: RoleAssignment): ActionableError {
  const condition = assignment.condition === undefined ? "without a condition" : "with another condition";
  return refused(
    "roles.foreign-assignment",
    `The service principal already holds ${builtInRole(assignment.roleDefinitionId)?.name} on ${registry.name} ${condition}, by an assignment that acr-pull did not make (${assignment.name}). Azure keeps one assignment per role, so this one cannot be added.`,
    `Ask for the same rights, or have its owner delete it: az role assignment delete --ids ${assignment.id}`,
  );
}

function sharedPrincipal(
  registry: Registry,
  application: Application | undefined,
  keys: number,
): ActionableError {
  return refused(
    "roles.shared-principal",
    `The rights of ${inOneLine(application?.displayName ?? "the service principal")} on ${registry.name} would change, but ${keys} key(s) of other clusters sign in as it: their rights would change too.`,
    "Omit --role and --repository to keep its rights, or omit --service-principal to give this cluster its own application.",
  );
}

/**
 * Checks that the caller has the rights to write and delete role assignments that the finding needs.
 * @param rights undefined if they are unknown: then the first write decides
 * @throws ActionableError `roles.forbidden`, exit 3
 */
export function checkRoleRights(
  finding: RolesFinding,
  rights: RegistryRights | undefined,
  registry: Registry,
  caller: string,
): void {
  if (!rights) return;
  const writes = finding.wanted.some(({ action }) => action === "created" || action === "updated");
  const missingRights = [
    ...(writes && !rights.writeRoleAssignments ? ["Microsoft.Authorization/roleAssignments/write"] : []),
    ...(finding.obsolete.length > 0 && !rights.deleteRoleAssignments
      ? ["Microsoft.Authorization/roleAssignments/delete"]
      : []),
  ];
  if (missingRights.length === 0) return;
  throw new ActionableError(
    `${caller} may not assign roles on ${registry.name}: ${missingRights.join(" and ")} is missing.`,
    {
      code: "roles.forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask an Owner, User Access Administrator or Role Based Access Control Administrator of the registry to run this, or to assign you one of these roles on it.",
      docs: "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-steps",
    },
  );
}

/** The plan's lines about roles. */
export function roleChanges(finding: RolesFinding, registry: Registry): PlannedChange[] {
  return [
    ...finding.wanted.map(({ desired: { role, condition }, present, action }) => ({
      target: `role assignment ${role.name} on ${registry.name}`,
      action,
      before: present ? reach(role, present.condition) : null,
      after: reach(role, condition),
    })),
    ...finding.obsolete.map(({ roleDefinitionId, name, condition }) => {
      const role = builtInRole(roleDefinitionId);
      return {
        target: `role assignment ${role?.name ?? name} on ${registry.name}`,
        action: "removed" as const,
        before: reach(role, condition),
        after: null,
      };
    }),
  ];
}

/**
 * How far a role reaches. For people: its repositories, if it can be limited to some. For programs: Azure's condition.
 */
function reach(role: BuiltInRole | undefined, condition: string | undefined) {
  const limited = condition !== undefined || (role?.dataActions.length ?? 0) > 0;
  return { ...(limited ? { repositories: limitText(role, condition) } : {}), condition: condition ?? null };
}

function limitText(role: BuiltInRole | undefined, condition: string | undefined): string {
  if (condition === undefined) return "all";
  return (role && limitIn(role, condition)?.join(", ")) ?? "some by a condition that acr-pull did not write";
}

/** What the principal may do before and afterwards. Undefined if that does not change. */
export function rightsChange({
  wanted,
  obsolete,
}: RolesFinding): { readonly before: string; readonly after: string } | undefined {
  const before = [...wanted.flatMap(({ present }) => present ?? []), ...obsolete].map((one) => {
    const role = builtInRole(one.roleDefinitionId);
    return roleText(role?.name ?? one.name, role, one.condition);
  });
  const changes =
    obsolete.length > 0 || wanted.some(({ action }) => action === "created" || action === "updated");
  if (before.length === 0 || !changes) return undefined;
  return { before: before.join(" and "), after: wantedText(wanted) };
}

/** What a principal is to hold, for people. */
export function wantedText(wanted: RolesFinding["wanted"]): string {
  return wanted.map(({ desired: { role, condition } }) => roleText(role.name, role, condition)).join(" and ");
}

function roleText(name: string, role: BuiltInRole | undefined, condition: string | undefined): string {
  return condition === undefined ? name : `${name}, limited to ${limitText(role, condition)}`;
}

/** Roles whose limit somebody else wrote. The limit stays as it is, and acr-pull does not know what it allows. */
export function foreignLimits({ wanted }: RolesFinding): RoleAssignment[] {
  return wanted.flatMap(({ desired: { role, condition }, present }) =>
    present && condition !== undefined && !limitIn(role, condition) ? present : [],
  );
}
