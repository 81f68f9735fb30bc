import { denied } from "./errors.ts";
import type { Identity } from "../entra/token.ts";
import type { World } from "../world.ts";

/*
 * Who may do what in the directory: applications by the permissions of their token, and users by directory roles, by
 * ownership and by what every member may do. Sources:
 * https://learn.microsoft.com/graph/permissions-reference
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

/** Requires the right to read applications and principals. Every member has it; an application needs a permission. */
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
 * Requires the right to read deleted applications. Every member has it. The permission by which an application may
 * restore and permanently delete those that it owns does not let it list them:
 * https://learn.microsoft.com/graph/api/directory-deleteditems-list
 */
export function requireDeletedRead(caller: Identity): void {
  const permissions = ["Application.Read.All", "Application.ReadWrite.All", ...readDirectory];
  if (caller.kind === "service-principal" && !hasAny(caller, permissions)) throw denied();
}

/** Requires the right to read objects by id: https://learn.microsoft.com/graph/api/directoryobject-getbyids */
export function requireDirectoryRead(caller: Identity): void {
  if (caller.kind === "service-principal" && !hasAny(caller, readDirectory)) throw denied();
}

/** Requires the right to read the organization: https://learn.microsoft.com/graph/api/organization-list */
export function requireOrganizationRead(caller: Identity): void {
  const permissions = ["Organization.Read.All", "Organization.ReadWrite.All", ...readDirectory];
  if (caller.kind === "service-principal" && !hasAny(caller, permissions)) throw denied();
}

/** Whether the caller may read users. Every member may; an application needs a permission. */
export function mayReadUsers(caller: Identity): boolean {
  return caller.kind === "user" || hasAny(caller, ["User.Read.All", ...readDirectory]);
}

/** Whether the caller may read groups. Every member may; an application needs a permission. */
export function mayReadGroups(caller: Identity): boolean {
  return caller.kind === "user" || hasAny(caller, ["Group.Read.All", ...readDirectory]);
}

/**
 * Requires the right to register applications. `AppRegistration.Create` suffices for POST only.
 * @param further permissions that also suffice
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

/** Requires the right to create service principals. */
export function requirePrincipalCreate(world: World, caller: Identity): void {
  requireCreate(world, caller, [writeDirectory]);
}

/**
 * The owners of an object that the caller creates. A user owns it, and so does an application that may change only
 * its own objects. An application that may change all objects does not.
 * https://learn.microsoft.com/graph/api/application-post-applications
 */
export function firstOwners(caller: Identity): string[] {
  const owns = caller.kind === "user" || hasAny(caller, ["Application.ReadWrite.OwnedBy"]);
  return owns ? [caller.objectId] : [];
}

/** Requires the right to change an application or principal that these owners own. */
export function requireChange(caller: Identity, owners: readonly string[]): void {
  if (!mayChange(caller, owners)) throw denied();
}

/**
 * Requires the right to change its passwords. `Directory.ReadWrite.All` allows that, and no other change of an
 * application:
 * https://learn.microsoft.com/graph/permissions-reference#directoryreadwriteall
 */
export function requirePasswordChange(caller: Identity, owners: readonly string[]): void {
  if (!hasAny(caller, [writeDirectory])) requireChange(caller, owners);
}

/** Whether the caller may create a principal for an application that these owners own. */
export function mayServe(caller: Identity, owners: readonly string[]): boolean {
  return hasAny(caller, [writeDirectory]) || mayChange(caller, owners);
}

/**
 * Requires the right to delete it permanently. A user who owns it may only delete and restore it:
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
 * Requires the right to change its owners. `Application.ReadWrite.OwnedBy` does not suffice, and an application must
 * also be able to read the directory:
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
 * Whether a role that no token names allows it: a custom role, or one held on a single application. Users and
 * principals can both have such roles.
 * @param permission after `microsoft.directory/`
 * @param application the one that the request is about; absent if it is not about an existing one
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

/** Whether the caller may create policies for applications and assign them. */
export function mayChangePolicies(caller: Identity): boolean {
  return caller.kind === "user"
    ? administers(caller)
    : hasAny(caller, ["Policy.ReadWrite.ApplicationConfiguration"]);
}

/** Requires the right to read the tenant's policies. */
export function requirePolicyRead(world: World, caller: Identity): void {
  if (!world.policy.readable && !hasAny(caller, ["Policy.Read.All"])) throw denied();
}

function administers(caller: Identity): boolean {
  return caller.directoryRoles.some((role) => administrators.includes(role));
}

function hasAny(caller: Identity, permissions: readonly string[]): boolean {
  return permissions.some((permission) => caller.roles.includes(permission));
}
