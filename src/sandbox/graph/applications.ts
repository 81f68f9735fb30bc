import { v4 as uuid } from "uuid";
import { applicationResource, applications } from "./application-resource.ts";
import { readApplicationChange, type ApplicationChange } from "./application-change.ts";
import { livePrincipal, sameId } from "../directory-records.ts";
import { byIdOrAppId, byUniqueName, graphRoute, noContent, sentBody, type GraphCall } from "./call.ts";
import { badRequest, GraphRefusal, notFound } from "./errors.ts";
import { ownerRoutes } from "./owners.ts";
import { passwordPolicyRoutes } from "./password-policies.ts";
import { passwordRoutes } from "./passwords.ts";
import { entityAnswer, listAnswer } from "./query.ts";
import {
  firstOwners,
  mayByRole,
  requireChange,
  requireCreate,
  requirePasswordChange,
  requireRead,
} from "./rights.ts";
import { exists } from "../replication.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { ApplicationRecord, World } from "../world.ts";

const one = `/applications${byIdOrAppId}`;
const named = `/applications${byUniqueName}`;

/** Applications: https://learn.microsoft.com/graph/api/resources/application */
export function applicationRoutes(world: World): Route[] {
  return [
    graphRoute(world, "GET", "/applications", list),
    graphRoute(world, "POST", "/applications", (call) => {
      requireCreate(world, call.caller, ["AppRegistration.Create"]);
      const change = readApplicationChange(sentBody(call));
      return entityAnswer(call, applications, show(call, create(call, change)), 201);
    }),
    graphRoute(world, "GET", named, get),
    graphRoute(world, "GET", one, get),
    graphRoute(world, "PATCH", one, (call) => {
      const application = findToChange(call, "basic/update");
      apply(call, application, readApplicationChange(sentBody(call)));
      return noContent(call);
    }),
    graphRoute(world, "DELETE", named, remove),
    graphRoute(world, "DELETE", one, remove),
    ...passwordRoutes(world, one, (call) => findToChange(call, "credentials/update", requirePasswordChange)),
    ...passwordPolicyRoutes(world, one),
    ...ownerRoutes(world, one, find),
    graphRoute(world, "GET", `${one}/federatedIdentityCredentials`, listFederatedCredentials),
  ];
}

function list(call: GraphCall): SandboxResponse {
  requireRead(call.caller);
  const known = call.world.applications.filter((application) => call.view.knows(application));
  return listAnswer(
    call,
    applications,
    known.map((application) => show(call, application)),
  );
}

function get(call: GraphCall): SandboxResponse {
  requireRead(call.caller);
  return entityAnswer(call, applications, show(call, find(call)));
}

/** The application that the path names, as far as the replica knows. */
function find(call: GraphCall): ApplicationRecord {
  const { id = "", appId = "", uniqueName = "" } = call.parameters;
  const application = call.world.applications.find(
    (one) =>
      call.view.knows(one) &&
      (sameId(one.id, id) || sameId(one.appId, appId) || (uniqueName !== "" && hasName(one, uniqueName))),
  );
  if (!application) throw notFound(id || appId || uniqueName);
  return application;
}

/** The same, if the caller may change it. A replica may still show a deleted application, but cannot change it. */
function findToChange(call: GraphCall, permission: string, require = requireChange): ApplicationRecord {
  const application = find(call);
  if (!mayByRole(call.world, call.caller, `applications/${permission}`, application)) {
    require(call.caller, application.owners);
  }
  if (!exists(application)) throw notFound(application.id);
  return application;
}

/**
 * Its unique name is looked up among all writes, not in the replica, so two requests cannot create two applications.
 * A name that is taken has no error detail that would distinguish it from other bad requests:
 * https://github.com/microsoftgraph/msgraph-bicep-types/issues/202
 */
function create({ world, caller }: GraphCall, change: ApplicationChange): ApplicationRecord {
  const { uniqueName = null } = change;
  if (!change.displayName) {
    throw badRequest("Property displayName on resource Application is required but is empty or missing.");
  }
  if (world.policy.serviceTreeRequired && !change.serviceManagementReference) {
    throw new GraphRefusal(
      400,
      "ServiceTreeValueMissing",
      "ServiceManagementReference field is required for Create, but is missing in the request. Refer to the TSG `https://aka.ms/service-management-reference-error` for resolving the error.",
    );
  }
  if (uniqueName !== null && world.applications.some((one) => holdsName(one, uniqueName))) {
    throw badRequest("Another object with the same value for property uniqueName already exists.");
  }
  const application: ApplicationRecord = {
    id: uuid(),
    appId: uuid(),
    displayName: change.displayName,
    uniqueName,
    tags: change.tags ?? [],
    notes: change.notes ?? null,
    serviceManagementReference: change.serviceManagementReference ?? null,
    signInAudience: change.signInAudience ?? "AzureADMyOrg",
    passwords: [],
    keyCredentials: change.keyCredentials ?? [],
    federatedCredentials: [],
    owners: firstOwners(caller),
    softDeleted: false,
    createdAt: Date.now(),
  };
  world.applications.push(application);
  world.committed("application created");
  return application;
}

function apply(call: GraphCall, application: ApplicationRecord, change: ApplicationChange): void {
  const { uniqueName, keyCredentials, ...properties } = change;
  if (uniqueName !== undefined && uniqueName !== null && !hasName(application, uniqueName)) {
    throw badRequest("Property 'uniqueName' is read-only and cannot be set.");
  }
  Object.assign(application, properties);
  if (keyCredentials)
    application.keyCredentials.splice(0, application.keyCredentials.length, ...keyCredentials);
  const principal = livePrincipal(call.world, application.appId);
  if (principal && change.displayName !== undefined) principal.displayName = change.displayName;
  call.world.committed("application changed");
}

/**
 * Soft-deletes the application: it can be restored, and its unique name is still taken. Its principal is deleted too.
 */
function remove(call: GraphCall): SandboxResponse {
  const application = findToChange(call, "delete");
  const now = Date.now();
  application.removedAt = now;
  application.softDeleted = true;
  const principal = livePrincipal(call.world, application.appId);
  if (principal) principal.removedAt = now;
  call.world.committed("application deleted");
  return noContent(call);
}

function listFederatedCredentials(call: GraphCall): SandboxResponse {
  requireRead(call.caller);
  const application = find(call);
  const collection = {
    name: `applications('${application.id}')/federatedIdentityCredentials`,
    type: "FederatedIdentityCredential",
    filterable: ["issuer", "name", "subject"],
  };
  return listAnswer(
    call,
    collection,
    application.federatedCredentials.map(({ audience, ...credential }) => ({
      ...credential,
      description: null,
      audiences: [audience],
    })),
  );
}

function show(call: GraphCall, application: ApplicationRecord): Record<string, unknown> {
  return applicationResource(call.view, application);
}

function hasName(application: ApplicationRecord, uniqueName: string): boolean {
  return application.uniqueName?.toLowerCase() === uniqueName.toLowerCase();
}

function holdsName(application: ApplicationRecord, uniqueName: string): boolean {
  return (exists(application) || application.softDeleted) && hasName(application, uniqueName);
}
