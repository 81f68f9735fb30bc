import { v4 as uuid } from "uuid";
import { liveApplication, livePrincipal, sameId } from "../directory-records.ts";
import { byIdOrAppId, graphRoute, noContent, sentBody, type GraphCall } from "./call.ts";
import { badRequest, denied, GraphRefusal, notFound, notImplemented } from "./errors.ts";
import { ownerRoutes } from "./owners.ts";
import { passwordRoutes } from "./passwords.ts";
import { entityAnswer, listAnswer, type Collection } from "./query.ts";
import {
  firstOwners,
  mayByRole,
  mayServe,
  requireChange,
  requirePasswordChange,
  requirePrincipalCreate,
  requireRead,
} from "./rights.ts";
import { exists } from "../replication.ts";
import type { Route, SandboxResponse } from "../service.ts";
import { principalResource } from "./service-principal-resource.ts";
import type { ServicePrincipalRecord, World } from "../world.ts";

const one = `/servicePrincipals${byIdOrAppId}`;

const servicePrincipals: Collection = {
  name: "servicePrincipals",
  type: "ServicePrincipal",
  filterable: ["id", "appId", "displayName", "servicePrincipalNames", "servicePrincipalType", "tags"],
};

/** Service principals: https://learn.microsoft.com/graph/api/resources/serviceprincipal */
export function servicePrincipalRoutes(world: World): Route[] {
  let refusals = 0;
  /** Replicas that have not heard of the application refuse in two ways. This alternates between them. */
  const tooSoon = (appId: string): GraphRefusal => {
    refusals += 1;
    return refusals % 2 === 1 ? noBackingApplication(appId) : foreignApplication();
  };
  return [
    graphRoute(world, "GET", "/servicePrincipals", (call) => {
      requireRead(call.caller);
      const known = world.servicePrincipals.filter((principal) => call.view.knows(principal));
      return listAnswer(
        call,
        servicePrincipals,
        known.map((principal) => principalResource(call, principal)),
      );
    }),
    graphRoute(world, "POST", "/servicePrincipals", (call) => create(call, sentBody(call), tooSoon)),
    graphRoute(world, "GET", one, (call) => {
      requireRead(call.caller);
      return entityAnswer(call, servicePrincipals, principalResource(call, find(call)));
    }),
    graphRoute(world, "PATCH", one, (call) => {
      change(call, findToChange(call));
      return noContent(call);
    }),
    graphRoute(world, "DELETE", one, (call) => {
      findToChange(call).removedAt = Date.now();
      world.committed("service principal deleted");
      return noContent(call);
    }),
    ...passwordRoutes(world, one, (call) => findToChange(call, requirePasswordChange)),
    ...ownerRoutes(world, one, find),
  ];
}

function find(call: GraphCall): ServicePrincipalRecord {
  const { id = "", appId = "" } = call.parameters;
  const principal = call.world.servicePrincipals.find(
    (one) => call.view.knows(one) && (sameId(one.id, id) || sameId(one.appId, appId)),
  );
  if (!principal) throw notFound(id || appId);
  return principal;
}

function findToChange(call: GraphCall, require = requireChange): ServicePrincipalRecord {
  const principal = find(call);
  require(call.caller, principal.owners);
  if (principal.servicePrincipalType === "ManagedIdentity") {
    throw notImplemented("changing the service principal of a managed identity");
  }
  if (!exists(principal)) throw notFound(principal.id);
  return principal;
}

function create(
  call: GraphCall,
  body: Readonly<Record<string, unknown>>,
  tooSoon: (appId: string) => GraphRefusal,
): SandboxResponse {
  const { world, view, caller } = call;
  const byRole = mayByRole(world, caller, "servicePrincipals/create");
  if (!byRole) requirePrincipalCreate(world, caller);
  const { appId, accountEnabled = true, ...others } = body;
  refuseOthers(others);
  if (typeof appId !== "string" || typeof accountEnabled !== "boolean") {
    throw badRequest("Property appId on the service principal is required but is empty or missing.");
  }
  const application = liveApplication(world, appId);
  if (!application) throw noBackingApplication(appId);
  if (!view.knows(application)) throw tooSoon(appId);
  if (!byRole && !mayServe(caller, application.owners)) throw foreignApplication();
  if (livePrincipal(world, appId)) {
    const message = `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`;
    throw new GraphRefusal(409, "Request_MultipleObjectsWithSameKeyValue", message, [
      { code: "ObjectConflict", message, target: "servicePrincipalNames" },
    ]);
  }
  const principal: ServicePrincipalRecord = {
    id: uuid(),
    appId: application.appId,
    displayName: application.displayName,
    accountEnabled,
    servicePrincipalType: "Application",
    appOwnerOrganizationId: world.tenantId,
    // A user who creates a principal does not own it. An application may.
    owners: caller.kind === "user" ? [] : firstOwners(caller),
    passwords: [],
    graphPermissions: [],
    createdAt: Date.now(),
  };
  world.servicePrincipals.push(principal);
  world.committed("service principal created");
  return entityAnswer(call, servicePrincipals, principalResource(call, principal), 201);
}

function change(call: GraphCall, principal: ServicePrincipalRecord): void {
  const { accountEnabled = principal.accountEnabled, ...others } = sentBody(call);
  refuseOthers(others);
  if (typeof accountEnabled !== "boolean") {
    throw badRequest("Invalid value specified for property 'accountEnabled' of resource 'ServicePrincipal'.");
  }
  Object.assign(principal, { accountEnabled });
  call.world.committed("service principal changed");
}

/** Refuses properties that real Graph would store and the sandbox would not. */
function refuseOthers(others: Readonly<Record<string, unknown>>): void {
  for (const [property, value] of Object.entries(others)) {
    const empty = value === null || (Array.isArray(value) && value.length === 0);
    if (!empty) throw notImplemented(`the service principal's property ${property}`);
  }
}

function noBackingApplication(appId: string): GraphRefusal {
  const message = `The appId '${appId}' of the service principal does not reference a valid application object.`;
  return badRequest(message, [{ code: "NoBackingApplicationObject", message, target: "appId" }]);
}

function foreignApplication(): GraphRefusal {
  return denied(
    "When using this permission, the backing application of the service principal being created must in the local tenant",
  );
}
