import { builtInRole, type RolePermissions } from "../../../domain/role.ts";
import type { RoleAssignmentMode } from "../../../domain/registry.ts";
import { isGuid } from "../../../domain/names.ts";
import type { EntryFacts, HeldRole } from "../facts.ts";

/* Conclusions that several checks draw from the same facts. */

/** Whether the registry let the credential in, whatever it may do there. */
export function signedIn({ pull }: Pick<EntryFacts, "pull">): boolean {
  return pull !== undefined && pull.kind !== "refused";
}

/** Whether it may pull what was asked for. */
export function pulls({ pull }: Pick<EntryFacts, "pull">): boolean {
  return pull?.kind === "allowed" || pull?.kind === "image-missing";
}

/** Whether the user name is an application's id. A registry's tokens and its admin user are not principals of Entra. */
export function isPrincipal({ credential }: Pick<EntryFacts, "credential">): boolean {
  return isGuid(credential.username) && !/^[0-]+$/.test(credential.username);
}

/** The number of Entra's refusal; undefined if it refused nothing or was not asked. */
export function refusalOf({ signIn }: Pick<EntryFacts, "signIn">): number | undefined {
  return signIn.known && signIn.value.kind === "refused" ? signIn.value.number : undefined;
}

/** The registry as commands name it. */
export function registryOf({ registry, expectedHost, host, mark }: EntryFacts): string {
  const name = registry.known ? registry.value?.name : undefined;
  const marked = /\/registries\/(?<name>[^/]+)$/i.exec(mark?.registry ?? "")?.groups?.["name"];
  return name ?? marked ?? expectedHost ?? host;
}

/** The group through which a principal holds a role, as the end of a phrase; empty if it holds the role itself. */
export function byGroup({ assignment }: HeldRole, { principal }: Pick<EntryFacts, "principal">): string {
  return isByGroup({ assignment }, { principal }) ? ` through the group ${assignment.principalId}` : "";
}

/** Whether a principal holds a role through a group that it is a member of. */
export function isByGroup(
  { assignment }: Pick<HeldRole, "assignment">,
  { principal }: Pick<EntryFacts, "principal">,
): boolean {
  const objectId = principal.known ? principal.value?.objectId : undefined;
  return objectId !== undefined && assignment.principalId.toLowerCase() !== objectId.toLowerCase();
}

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
