import { applicationResource, applications } from "./application-resource.ts";
import { sameId } from "../directory-records.ts";
import { graphRoute, noContent, type GraphCall } from "./call.ts";
import { notFound } from "./errors.ts";
import { entityAnswer, listAnswer, type Collection } from "./query.ts";
import { requireChange, requireDeletedRead, requirePurge } from "./rights.ts";
import type { Route, SandboxResponse } from "../service.ts";
import type { ApplicationRecord, World } from "../world.ts";

const folder = "/directory/deletedItems";
const one = `${folder}/(?<id>[^/.]+)`;

/** Its index is smaller: it cannot be filtered by unique name, so a client that looks for one has to read the list. */
const deletedItems: Collection = {
  name: "directoryObjects",
  type: "Application",
  filterable: ["id", "appId", "displayName"],
};

/** Deleted applications: https://learn.microsoft.com/graph/api/resources/directory */
export function deletedItemRoutes(world: World): Route[] {
  return [
    graphRoute(world, "GET", `${folder}/microsoft\\.graph\\.application`, (call) => {
      requireDeletedRead(call.caller);
      return listAnswer(
        call,
        deletedItems,
        world.applications
          .filter((application) => lies(call, application))
          .map((application) => applicationResource(call.view, application)),
      );
    }),
    graphRoute(world, "GET", one, (call) => {
      requireDeletedRead(call.caller);
      return entityAnswer(call, deletedItems, typed(call, find(call)));
    }),
    graphRoute(world, "POST", `${one}/(?:microsoft\\.graph\\.)?restore`, restore),
    graphRoute(world, "DELETE", one, (call) => {
      const application = find(call);
      requirePurge(call.caller, application.owners);
      application.softDeleted = false;
      application.removedAt ??= Date.now();
      world.committed("application deleted for good");
      return noContent(call);
    }),
  ];
}

/** Restores an application with its passwords, but without its principal, which is another object. */
function restore(call: GraphCall): SandboxResponse {
  const { world } = call;
  const application = find(call);
  requireChange(call.caller, application.owners);
  const { removedAt: _, ...kept } = application;
  // To the replicas it is new, so they learn of it one after the other.
  const restored: ApplicationRecord = { ...kept, softDeleted: false, createdAt: Date.now() };
  world.applications.splice(world.applications.indexOf(application), 1, restored);
  world.committed("application restored");
  return entityAnswer(call, { ...applications, name: "directoryObjects" }, typed(call, restored));
}

/** Whether the replica lists it as deleted: not while it still shows it as existing. */
function lies(call: GraphCall, application: ApplicationRecord): boolean {
  return application.softDeleted && !call.view.knows(application);
}

function find(call: GraphCall): ApplicationRecord {
  const { id = "" } = call.parameters;
  const application = call.world.applications.find((one) => sameId(one.id, id) && lies(call, one));
  if (!application) throw notFound(id);
  return application;
}

function typed(call: GraphCall, application: ApplicationRecord): Record<string, unknown> {
  return { "@odata.type": "#microsoft.graph.application", ...applicationResource(call.view, application) };
}
