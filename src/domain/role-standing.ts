import type { RoleAssignmentMode } from "./registry.ts";
import {
  builtInRole,
  repositoriesIn,
  repositoryCondition,
  requestedRoles,
  rolesFor,
  sameCondition,
  type BuiltInRole,
  type RequestedRole,
} from "./role.ts";
import type { DesiredAssignment, RoleAssignment } from "./role-assignment.ts";

/* Of a principal's rights on a registry, a run changes only what the user asked for, and keeps everything else. */

/** What the user asked for about a principal's rights on a registry. */
export interface SaidRights {
  /** Undefined if it was not asked for. */
  readonly role: RequestedRole | undefined;
  /** Undefined if it was not asked for; empty for the whole registry. */
  readonly repositories: readonly string[] | undefined;
}

/** What a principal has on the registry itself. */
export interface StandingRights {
  readonly ours: readonly RoleAssignment[];
  readonly others: readonly RoleAssignment[];
}

/** The assignments that should exist, or why that cannot be decided. */
export type WantedRights =
  | {
      readonly kind: "wanted";
      /** The role that they amount to, as a user would ask for it. */
      readonly requested: RequestedRole;
      readonly assignments: readonly DesiredAssignment[];
    }
  /** The current role is limited by a condition that cannot be transferred to another role. */
  | { readonly kind: "limit-unreadable"; readonly standing: RoleAssignment }
  /** The current role is limited, but the registry no longer supports limits. */
  | { readonly kind: "limit-lost"; readonly repositories: readonly string[] };

interface Held extends RoleAssignment {
  readonly role: BuiltInRole;
}

/**
 * The rights that a principal should have on a registry of this mode. A role or limit that was not asked for stays as
 * it is; a principal without a role gets acrpull on the whole registry. If the registry's mode was switched, the
 * equivalent roles of the new mode are granted. A role granted by somebody else is enough if it allows pulls.
 */
export function wantedRights(
  { ours, others }: StandingRights,
  said: SaidRights,
  mode: RoleAssignmentMode = "LegacyRegistryPermissions",
): WantedRights {
  const held = ours.flatMap(known);
  const ofMode = held.filter(({ role }) => isOfMode(role, mode));
  const pulls = ofMode.some(({ role }) => givesPull(role, mode));
  const given = others
    .flatMap(known)
    .filter(({ role }) => givesPull(role, mode) && meaningOf(role) !== "owner");
  const standing = pulls ? ofMode : held.length > 0 ? held : given;
  const enough = held.length === 0 && (said.repositories ?? []).length === 0 ? lowest(given) : undefined;
  const requested =
    said.role ?? highest(pulls ? ofMode : held) ?? (enough && meaningOf(enough.role)) ?? "acrpull";
  const kept = pulls ? ofMode : enough ? [enough] : [];
  const roles =
    said.role === undefined && kept.length > 0 ? kept.map(({ role }) => role) : rolesFor(requested, mode);
  const assignments: DesiredAssignment[] = [];
  for (const role of roles) {
    const condition = conditionOf(role, standing, said);
    if (typeof condition === "object") return condition;
    assignments.push({ role, condition });
  }
  if (mode === "LegacyRegistryPermissions" && said.repositories === undefined) {
    const limit = limitOf(standing);
    if (Array.isArray(limit)) return { kind: "limit-lost", repositories: limit };
  }
  return { kind: "wanted", requested, assignments };
}

/** The condition of a role that should exist. */
function conditionOf(
  role: BuiltInRole,
  standing: readonly Held[],
  { repositories }: SaidRights,
): string | undefined | Exclude<WantedRights, { kind: "wanted" }> {
  if (repositories) return repositoryCondition(role, repositories);
  const present = standing.find((one) => one.role === role);
  // It is kept, no matter who wrote it, because nobody asked to replace it.
  if (present) return present.condition;
  const limit = limitOf(standing);
  if (limit && "id" in limit) return { kind: "limit-unreadable", standing: limit };
  return repositoryCondition(role, limit ?? []);
}

/**
 * The repositories that the assignments together are limited to; undefined if they are not limited. If a condition is
 * not one of ours, that assignment: nobody knows what it allows.
 */
function limitOf(standing: readonly Held[]): string[] | RoleAssignment | undefined {
  const limited = standing.filter(
    ({ role, condition }) => role.dataActions.length > 0 || condition !== undefined,
  );
  if (limited.length === 0 || limited.some(({ condition }) => condition === undefined)) return undefined;
  const foreign = limited.find(({ role, condition }) => limitIn(role, condition) === undefined);
  if (foreign) return foreign;
  return [...new Set(limited.flatMap(({ role, condition }) => limitIn(role, condition) ?? []))].sort();
}

/** The repositories of a condition that we could have written for this role; undefined for any other. */
export function limitIn(role: BuiltInRole, condition: string | undefined): string[] | undefined {
  const repositories = repositoriesIn(condition ?? "");
  const own = repositoryCondition(role, repositories);
  return own !== undefined && sameCondition(own, condition) ? repositories : undefined;
}

/**
 * The mode of a registry whose cloud does not report it, judging by the roles that acr-pull granted earlier: those of
 * ABAC mode are useless in the other. Undefined if they do not show it either.
 */
export function modeBehind(ours: StandingRights["ours"]): RoleAssignmentMode | undefined {
  const mode = "AbacRepositoryPermissions";
  return ours.flatMap(known).some(({ role }) => givesPull(role, mode)) ? mode : undefined;
}

/** Whether a principal with these rights can pull from a registry of this mode. */
export function pullsToday(
  { ours, others }: StandingRights,
  mode: RoleAssignmentMode = "LegacyRegistryPermissions",
): boolean {
  return [...ours, ...others].flatMap(known).some(({ role }) => givesPull(role, mode));
}

function known(assignment: RoleAssignment): Held[] {
  const role = builtInRole(assignment.roleDefinitionId);
  return role ? [{ ...assignment, role }] : [];
}

const modes: readonly RoleAssignmentMode[] = ["LegacyRegistryPermissions", "AbacRepositoryPermissions"];

/** The role that was asked for when this one was granted. */
function meaningOf(role: BuiltInRole): RequestedRole {
  return (
    requestedRoles.find((requested) => modes.some((mode) => rolesFor(requested, mode).includes(role))) ??
    "owner"
  );
}

function isOfMode(role: BuiltInRole, mode: RoleAssignmentMode): boolean {
  return rolesFor(meaningOf(role), mode).includes(role);
}

/** In ABAC mode only data actions reach images; in the other mode they count for nothing. */
function givesPull(role: BuiltInRole, mode: RoleAssignmentMode): boolean {
  return isOfMode(role, mode) && role.dataActions.length > 0 === (mode === "AbacRepositoryPermissions");
}

function highest(held: readonly Held[]): RequestedRole | undefined {
  const meanings = held.map(({ role }) => meaningOf(role));
  return requestedRoles.findLast((requested) => meanings.includes(requested));
}

function lowest(held: readonly Held[]): Held | undefined {
  return requestedRoles
    .map((requested) => held.find(({ role }) => meaningOf(role) === requested))
    .find((one) => one !== undefined);
}
