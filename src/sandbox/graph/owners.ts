import { findOwner, sameId } from "../directory-records.ts";
import { graphRoute, noContent, sentBody, type GraphCall } from "./call.ts";
import { badRequest, notFound } from "./errors.ts";
import { listAnswer } from "./query.ts";
import { mayReadUsers, requireOwnerChange, requireRead } from "./rights.ts";
import type { Route, SandboxResponse } from "../service.ts";
import { principalResource } from "./service-principal-resource.ts";
import type { ServicePrincipalRecord, UserRecord, World } from "../world.ts";

/** The collection of directory objects of any kind. */
export const directoryObjects = { name: "directoryObjects", type: "DirectoryObject", filterable: ["id"] };

/**
 * Routes that list and change the owners of objects of one kind.
 * @param one pattern of the paths of these objects
 * @param find the object that a path names; throws a refusal if there is none
 */
export function ownerRoutes(
  world: World,
  one: string,
  find: (call: GraphCall) => { readonly owners: string[] },
): Route[] {
  return [
    graphRoute(world, "GET", `${one}/owners`, (call) => {
      requireRead(call.caller);
      return listOwners(call, find(call).owners);
    }),
    graphRoute(world, "POST", `${one}/owners/(?:\\$|%24)ref`, (call) => addOwner(call, find(call).owners)),
    graphRoute(world, "DELETE", `${one}/owners/(?<ownerId>[^/]+)/(?:\\$|%24)ref`, (call) =>
      removeOwner(call, find(call).owners),
    ),
  ];
}

/** The owners, as far as the replica knows them. */
function listOwners(call: GraphCall, owners: readonly string[]): SandboxResponse {
  const found = owners.map((id) => findOwner(call.world, call.view, id));
  return listAnswer(
    call,
    directoryObjects,
    found.filter((one) => one !== undefined).map((one) => directoryObject(call, one)),
  );
}

/** Adds the owner that `@odata.id` refers to. */
function addOwner(call: GraphCall, owners: string[]): SandboxResponse {
  requireOwnerChange(call.caller, owners);
  const reference = sentBody(call)["@odata.id"];
  const id = typeof reference === "string" ? /\/([0-9a-f-]{36})$/i.exec(reference)?.[1] : undefined;
  if (id === undefined) throw badRequest("Invalid URL format specified in @odata.id.");
  const owner = findOwner(call.world, call.view, id);
  if (!owner) throw notFound(id);
  if (owners.some((one) => sameId(one, id))) {
    throw badRequest(
      "One or more added object references already exist for the following modified properties: 'owners'.",
    );
  }
  owners.push(owner.id);
  call.world.committed("owner added");
  return noContent(call);
}

/** Removes an owner, even the last one. */
function removeOwner(call: GraphCall, owners: string[]): SandboxResponse {
  requireOwnerChange(call.caller, owners);
  const id = call.parameters["ownerId"] ?? "";
  const index = owners.findIndex((one) => sameId(one, id));
  if (index === -1) throw notFound(id);
  owners.splice(index, 1);
  call.world.committed("owner removed");
  return noContent(call);
}

/**
 * A user or principal as a directory object. If the caller may not read it, all but type and id are null.
 * https://devblogs.microsoft.com/microsoft365dev/upcoming-api-changes-to-return-limited-information-for-inaccessible-member-resources/
 */
export function directoryObject(
  call: GraphCall,
  record: UserRecord | ServicePrincipalRecord,
): Record<string, unknown> {
  if (!("userPrincipalName" in record)) {
    return { "@odata.type": "#microsoft.graph.servicePrincipal", ...principalResource(call, record) };
  }
  const user = userResource(record);
  const shown = mayReadUsers(call.caller)
    ? user
    : { ...Object.fromEntries(Object.keys(user).map((property) => [property, null])), id: record.id };
  return { "@odata.type": "#microsoft.graph.user", ...shown };
}

/** A user with the properties that Graph shows by default. */
export function userResource(user: UserRecord): Record<string, unknown> {
  return {
    businessPhones: [],
    displayName: user.displayName,
    givenName: null,
    id: user.id,
    jobTitle: null,
    mail: user.userPrincipalName,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: null,
    userPrincipalName: user.userPrincipalName,
  };
}
