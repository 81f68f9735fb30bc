import type { RoleAssignmentMode } from "../domain/registry.ts";
import { builtInRole, type RolePermissions } from "../domain/role.ts";
import type { EntryFacts, HeldRole } from "./facts.ts";

const registries = "Microsoft.ContainerRegistry/registries";
const needed: Readonly<Record<RoleAssignmentMode, { actions: readonly string[]; data: readonly string[] }>> =
  {
    LegacyRegistryPermissions: { actions: [`${registries}/pull/read`], data: [] },
    AbacRepositoryPermissions: {
      actions: [],
      data: [`${registries}/repositories/content/read`, `${registries}/repositories/metadata/read`],
    },
  };

/** Permissions that are not needed to pull. */
const more = {
  actions: [
    `${registries}/push/write`,
    `${registries}/artifacts/delete`,
    `${registries}/write`,
    "Microsoft.Authorization/roleAssignments/write",
  ],
  data: [`${registries}/repositories/content/write`, `${registries}/repositories/content/delete`],
};

/** Whether a role lets its holder pull from a registry in this mode or, if the mode is not known, in either mode. */
export function givesPull(held: HeldRole, mode: RoleAssignmentMode | undefined): boolean {
  if (mode === undefined) {
    return givesPull(held, "LegacyRegistryPermissions") || givesPull(held, "AbacRepositoryPermissions");
  }
  const { role } = held;
  if (!role) return false;
  const { actions, data } = needed[mode];
  return actions.every((action) => grants(role, action)) && data.every((action) => grantsData(role, action));
}

/** Whether a role allows more than pulling. */
export function givesMore({ role }: HeldRole): boolean {
  if (!role) return false;
  return (
    more.actions.some((action) => grants(role, action)) ||
    more.data.some((action) => grantsData(role, action))
  );
}

/** A role's name for a person. */
export function roleName({ assignment, role }: HeldRole): string {
  return role?.name ?? builtInRole(assignment.roleDefinitionId)?.name ?? assignment.roleDefinitionId;
}

/** The group through which a principal holds a role; undefined if it holds the role itself. */
export function groupOf(
  { assignment: { principalId } }: HeldRole,
  { principal }: Pick<EntryFacts, "principal">,
): string | undefined {
  const objectId = principal.known ? principal.value?.objectId : undefined;
  const isItself = objectId === undefined || principalId.toLowerCase() === objectId.toLowerCase();
  return isItself ? undefined : principalId;
}

function grants({ sets }: RolePermissions, action: string): boolean {
  return sets.some(({ actions, notActions }) => matches(actions, action) && !matches(notActions, action));
}

function grantsData({ sets }: RolePermissions, action: string): boolean {
  return sets.some(
    ({ dataActions, notDataActions }) => matches(dataActions, action) && !matches(notDataActions, action),
  );
}

function matches(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => {
    const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join(".*")}$`, "i").test(action);
  });
}
