import { denied } from "./errors.ts";
import type { Identity } from "../entra/token.ts";
import type { World } from "../world.ts";

/*
 * Who may do what in the directory. Applications by the permissions of their token:
 * https://learn.microsoft.com/graph/permissions-reference; people by directory role, ownership and what members may:
 * https://learn.microsoft.com/entra/fundamentals/users-default-permissions
 */

/** Template ids of the directory roles that manage applications. */
export const directoryRoles = {
  globalAdministrator: "62e90394-69f5-4237-9190-012177145e10",
  applicationAdministrator: "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
  cloudApplicationAdministrator: "158c047a-c907-4556-b7ef-446551a6b5f7",
  applicationDeveloper: "cf1c38e5-3621-4004-a7cb-879624dced7c",
} as const;

const administrators: readonly string[] = [
  directoryRoles.globalAdministrator,
  directoryRoles.applicationAdministrator,
  directoryRoles.cloudApplicationAdministrator,
];

const writeDirectory = "Directory.ReadWrite.All";
const readDirectory: readonly string[] = ["Directory.Read.All", writeDirectory];

/** Sees applications and principals: every member does, an application needs a permission. */
export function requireRead(caller: Identity): void {
  const permissions = [
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    ...readDirectory,
  ];
  if (caller.kind === "service-principal" && !hasAny(caller, permissions)) throw denied();
}

/**
 * Sees deleted applications: every member does. What lets an application restore and delete for good those that it owns
 * does not let it list them: https://learn.microsoft.com/graph/api/directory-deleteditems-list
 */
export function requireDeletedRead(caller: Identity): void {
  const permissions = ["Application.Read.All", "Application.ReadWrite.All", ...readDirectory];
  if (caller.kind === "service-principal" && !hasAny(caller, permissions)) throw denied();
}

/** Sees objects of any kind by their ids: https://learn.microsoft.com/graph/api/directoryobject-getbyids */
export function requireDirectoryRead(caller: Identity): void {
  if (caller.kind === "service-principal" && !hasAny(caller, readDirectory)) throw denied();
}

/** Sees whose tenant it is: https://learn.microsoft.com/graph/api/organization-list */
export function requireOrganizationRead(caller: Identity): void {
  const permissions = ["Organization.Read.All", "Organization.ReadWrite.All", ...readDirectory];
  if (caller.kind === "service-principal" && !hasAny(caller, permissions)) throw denied();
}

/** Sees people: every member does, an application needs a permission. */
export function mayReadUsers(caller: Identity): boolean {
  return caller.kind === "user" || hasAny(caller, ["User.Read.All", ...readDirectory]);
}

/** Sees groups: every member does, an application needs a permission. */
export function mayReadGroups(caller: Identity): boolean {
  return caller.kind === "user" || hasAny(caller, ["Group.Read.All", ...readDirectory]);
}

/**
 * Registers applications. `AppRegistration.Create` is for POST, and for nothing else.
 * @param further permissions that suffice too
 */
export function requireCreate(world: World, caller: Identity, further: readonly string[] = []): void {
  const allowed =
    caller.kind === "user"
      ? administers(caller) ||
        caller.directoryRoles.includes(directoryRoles.applicationDeveloper) ||
        (world.policy.membersMayRegisterApplications ?? true)
      : hasAny(caller, ["Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", ...further]);
  if (!allowed && !mayByRole(world, caller, "applications/create")) throw denied();
}

/** Makes principals. */
export function requirePrincipalCreate(world: World, caller: Identity): void {
  requireCreate(world, caller, [writeDirectory]);
}

/**
 * Who owns what the caller makes: people and applications limited to their own do, those who may change everything
 * own nothing by it. https://learn.microsoft.com/graph/api/application-post-applications
 */
export function firstOwners(caller: Identity): string[] {
  const owns = caller.kind === "user" || hasAny(caller, ["Application.ReadWrite.OwnedBy"]);
  return owns ? [caller.objectId] : [];
}

/** Changes an application or principal that these owners own. */
export function requireChange(caller: Identity, owners: readonly string[]): void {
  if (!mayChange(caller, owners)) throw denied();
}

/**
 * Changes its passwords, which `Directory.ReadWrite.All` allows, though it allows no other change of an application:
 * https://learn.microsoft.com/graph/permissions-reference#directoryreadwriteall
 */
export function requirePasswordChange(caller: Identity, owners: readonly string[]): void {
  if (!hasAny(caller, [writeDirectory])) requireChange(caller, owners);
}

/** Whether the caller may make a principal for an application that these owners own. */
export function mayServe(caller: Identity, owners: readonly string[]): boolean {
  return hasAny(caller, [writeDirectory]) || mayChange(caller, owners);
}

/**
 * Deletes it for good. A person who owns it may delete and restore it, and no more than that:
 * https://learn.microsoft.com/graph/api/directory-deleteditems-delete
 */
export function requirePurge(caller: Identity, owners: readonly string[]): void {
  requireChange(caller, owners);
  if (caller.kind === "user" && !administers(caller)) throw denied();
}

/** Whether the caller may change an application or principal that these owners own. */
function mayChange(caller: Identity, owners: readonly string[]): boolean {
  const owns = owners.includes(caller.objectId);
  return caller.kind === "user"
    ? administers(caller) || owns
    : hasAny(caller, ["Application.ReadWrite.All"]) ||
        (owns && hasAny(caller, ["Application.ReadWrite.OwnedBy"]));
}

/**
 * Changes who owns it. `Application.ReadWrite.OwnedBy` does not suffice, and the directory must be readable:
 * https://learn.microsoft.com/graph/api/application-post-owners
 */
export function requireOwnerChange(caller: Identity, owners: readonly string[]): void {
  if (hasAny(caller, [writeDirectory])) return;
  requireChange(caller, owners);
  const allowed =
    caller.kind === "user" ||
    (hasAny(caller, ["Application.ReadWrite.All"]) && hasAny(caller, ["Directory.Read.All"]));
  if (!allowed) throw denied();
}

/**
 * Whether a role that no token names allows it: a custom one, or one held on a single application. They are assigned to
 * people and to principals alike.
 * @param permission after `microsoft.directory/`
 * @param application the one that is concerned; absent: what concerns none that is there
 */
export function mayByRole(
  { customRoles }: World,
  caller: Identity,
  permission: string,
  application?: { readonly displayName: string },
): boolean {
  return customRoles.some(
    (role) =>
      role.principalId === caller.objectId &&
      role.permissions.includes(`microsoft.directory/${permission}`) &&
      (role.application === undefined || role.application === application?.displayName),
  );
}

/** Makes policies for applications and assigns them. */
export function mayChangePolicies(caller: Identity): boolean {
  return caller.kind === "user"
    ? administers(caller)
    : hasAny(caller, ["Policy.ReadWrite.ApplicationConfiguration"]);
}

/** Reads the tenant's policies. */
export function requirePolicyRead(world: World, caller: Identity): void {
  if (!world.policy.readable && !hasAny(caller, ["Policy.Read.All"])) throw denied();
}

function administers(caller: Identity): boolean {
  return caller.directoryRoles.some((role) => administrators.includes(role));
}

function hasAny(caller: Identity, permissions: readonly string[]): boolean {
  return permissions.some((permission) => caller.roles.includes(permission));
}
