import { findOwner } from "../directory-records.ts";
import { applicationResource, applications } from "./application-resource.ts";
import { answer, context, graphRoute, sentBody, type GraphCall } from "./call.ts";
import { badRequest, GraphRefusal, notFound } from "./errors.ts";
import { directoryObject, directoryObjects, userResource } from "./owners.ts";
import { entityAnswer, listAnswer, type Collection } from "./query.ts";
import { mayReadGroups, mayReadUsers, requireDirectoryRead, requireOrganizationRead } from "./rights.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { GroupRecord, UserRecord, World } from "../world.ts";
import { denied } from "./errors.ts";

const users: Collection = {
  name: "users",
  type: "User",
  filterable: ["id", "displayName", "mail", "userPrincipalName"],
};

/** The directory's routes that are not about applications: objects by id, users, the caller, the organization. */
export function directoryRoutes(world: World): Route[] {
  return [
    graphRoute(world, "POST", "/directoryObjects/(?:microsoft\\.graph\\.)?getByIds", getByIds),
    graphRoute(world, "GET", "/directoryObjects/(?<id>[^/]+)", (call) => {
      requireDirectoryRead(call.caller);
      const { id = "" } = call.parameters;
      const found = findOwner(world, call.view, id);
      if (!found) throw notFound(id);
      return entityAnswer(call, directoryObjects, directoryObject(call, found));
    }),
    graphRoute(world, "GET", "/users", (call) => {
      if (!mayReadUsers(call.caller)) throw denied();
      return listAnswer(call, users, world.users.map(userResource));
    }),
    graphRoute(world, "GET", "/users/(?<id>[^/]+)", (call) => {
      if (!mayReadUsers(call.caller)) throw denied();
      const { id = "" } = call.parameters;
      const user = world.users.find((one) => one.id === id || one.userPrincipalName === id);
      if (!user) throw notFound(id);
      return entityAnswer(call, users, userResource(user));
    }),
    graphRoute(world, "GET", "/me", (call) => entityAnswer(call, users, userResource(me(call)))),
    graphRoute(world, "GET", "/me/ownedObjects", listOwnedObjects),
    graphRoute(world, "GET", "/organization", (call) => {
      requireOrganizationRead(call.caller);
      return listAnswer(call, { name: "organization", type: "Organization", filterable: ["id"] }, [
        {
          id: world.tenantId,
          displayName: "Sandbox",
          tenantType: "AAD",
          verifiedDomains: [{ name: "sandbox.example", isDefault: true, isInitial: true, type: "Managed" }],
        },
      ]);
    }),
  ];
}

function getByIds(call: GraphCall): SandboxResponse {
  requireDirectoryRead(call.caller);
  const { ids, types } = sentBody(call);
  if (!isTexts(ids) || (types !== undefined && !isTexts(types))) {
    throw badRequest("A value of the property 'ids' is invalid.");
  }
  const wanted = types?.map((type) => type.toLowerCase());
  const found = ids
    .flatMap((id) => {
      const owner = findOwner(call.world, call.view, id);
      if (owner) return [directoryObject(call, owner)];
      const group = call.world.groups.find((one) => one.id === id);
      return group ? [groupObject(call, group)] : [];
    })
    .filter(
      (one) =>
        !wanted ||
        wanted.includes("directoryobject") ||
        wanted.includes(String(one["@odata.type"]).slice("#microsoft.graph.".length).toLowerCase()),
    );
  return answer(call, { ...context(call.world, "directoryObjects"), value: found });
}

/** A group. If the caller may not read it, only its type and id. */
function groupObject({ caller }: GraphCall, { id, displayName }: GroupRecord): Record<string, unknown> {
  return {
    "@odata.type": "#microsoft.graph.group",
    id,
    displayName: mayReadGroups(caller) ? displayName : null,
  };
}

function listOwnedObjects(call: GraphCall): SandboxResponse {
  const { world, view } = call;
  const { id } = me(call);
  const ownedApplications = world.applications
    .filter((one) => view.knows(one) && one.owners.includes(id))
    .map((one) => ({
      "@odata.type": "#microsoft.graph.application",
      ...applicationResource(view, one),
    }));
  const ownedPrincipals = world.servicePrincipals
    .filter((one) => view.knows(one) && one.owners.includes(id))
    .map((one) => directoryObject(call, one));
  return listAnswer(call, { ...applications, name: "directoryObjects" }, [
    ...ownedApplications,
    ...ownedPrincipals,
  ]);
}

function me(call: GraphCall): UserRecord {
  const user = call.world.users.find(({ id }) => id === call.caller.objectId);
  if (!user) {
    throw new GraphRefusal(
      400,
      "BadRequest",
      "/me request is only valid with delegated authentication flow.",
    );
  }
  return user;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
