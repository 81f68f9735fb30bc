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

/*
 * What stands is kept: a run changes of a principal's rights on a registry what was said, and nothing else.
 */

/** What was said of a principal's rights on a registry. */
export interface SaidRights {
  /** Undefined: nothing. */
  readonly role: RequestedRole | undefined;
  /** Undefined: nothing; none: all of the registry. */
  readonly repositories: readonly string[] | undefined;
}

/** What a principal holds on the registry itself. */
export interface StandingRights {
  readonly ours: readonly RoleAssignment[];
  readonly others: readonly RoleAssignment[];
}

/** What shall stand, or why that cannot be said. */
export type WantedRights =
  | {
      readonly kind: "wanted";
      /** What it amounts to, in the words that are asked in. */
      readonly requested: RequestedRole;
      readonly assignments: readonly DesiredAssignment[];
    }
  /** The role that stands is limited by a condition that cannot be carried over to another role. */
  | { readonly kind: "limit-unreadable"; readonly standing: RoleAssignment }
  /** The role that stands is limited, and the registry limits none any more. */
  | { readonly kind: "limit-lost"; readonly repositories: readonly string[] };

interface Held extends RoleAssignment {
  readonly role: BuiltInRole;
}

/**
 * What a principal shall hold on a registry of this mode. A role or a limit that was not said is the one that stands;
 * a principal that has none gets acrpull on all of the registry. Where the registry's mode was switched, what stood
 * before is granted anew by the roles that mean the same. A role that somebody else granted is enough where it pulls.
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

/** The condition of a role that shall stand. */
function conditionOf(
  role: BuiltInRole,
  standing: readonly Held[],
  { repositories }: SaidRights,
): string | undefined | Exclude<WantedRights, { kind: "wanted" }> {
  if (repositories) return repositoryCondition(role, repositories);
  const present = standing.find((one) => one.role === role);
  // Whoever wrote it: nobody said to replace it.
  if (present) return present.condition;
  const limit = limitOf(standing);
  if (limit && "id" in limit) return { kind: "limit-unreadable", standing: limit };
  return repositoryCondition(role, limit ?? []);
}

/**
 * The repositories that assignments are limited to all together; undefined: they are not. The assignment whose
 * condition is not one of ours, where there is one: what it allows is not known.
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
 * The mode of a registry whose cloud does not tell it, by the roles that acr-pull granted when it was told: those
 * of ABAC mode serve no other. Undefined where they do not tell either.
 */
export function modeBehind(ours: StandingRights["ours"]): RoleAssignmentMode | undefined {
  const mode = "AbacRepositoryPermissions";
  return ours.flatMap(known).some(({ role }) => givesPull(role, mode)) ? mode : undefined;
}

/** Whether a principal that holds this pulls from a registry of this mode. */
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

/** What a role that we grant was asked for by. */
function meaningOf(role: BuiltInRole): RequestedRole {
  return (
    requestedRoles.find((requested) => modes.some((mode) => rolesFor(requested, mode).includes(role))) ??
    "owner"
  );
}

function isOfMode(role: BuiltInRole, mode: RoleAssignmentMode): boolean {
  return rolesFor(meaningOf(role), mode).includes(role);
}

/** In ABAC mode a role reaches images by its data actions alone, which in the other mode count for nothing. */
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
