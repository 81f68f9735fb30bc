import { refused } from "../../domain/errors.ts";
import type { Application, Caller, Certified, Owner, ServicePrincipal } from "../../domain/identity.ts";
import { isThere } from "../../domain/look-again.ts";
import type { Registry } from "../../domain/registry.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { applicationDisplayName, applicationTag, applicationUniqueName } from "../../domain/ownership.ts";
import type { PlannedChange } from "../plan.ts";
import type { Clock, Directory, NewApplication, Roles } from "../ports.ts";
import { untilBelievable } from "../patience.ts";
import { refuseForeignKeys, refuseUnlessOurs, type OwnershipWish } from "./application-ownership.ts";
import { nameOf } from "./directory-names.ts";

/** What the directory holds for one cluster's application, and what it may be used for. */
export type ApplicationFinding =
  | {
      readonly kind: "found";
      readonly application: Application;
      readonly principal: ServicePrincipal | undefined;
      readonly assignments: readonly RoleAssignment[];
      /** Named by the user, and not made by acr-pull for this cluster. */
      readonly shared: boolean;
      readonly missingOwners: readonly string[];
    }
  | {
      readonly kind: "deleted";
      readonly application: Application & Certified;
      readonly missingOwners: readonly string[];
    }
  | { readonly kind: "absent"; readonly create: NewApplication; readonly missingOwners: readonly string[] };

/** What determines which application is meant. */
export interface ApplicationWish extends OwnershipWish {
  readonly registry: Registry;
  readonly displayName: string | undefined;
  /** The application that the user chose to reuse. */
  readonly reference: string | undefined;
  readonly serviceManagementReference: string | undefined;
  /** Whether a mark in the cluster says that an application was in use here. Then a 404 may be a stale answer. */
  readonly expected: boolean;
  /** The application that such a mark names. Its principal is looked up at the same time as the application. */
  readonly expectedAppId: string | undefined;
  /** Lets another run go first if one may be at work on this application, which has no role of ours. @throws `busy` */
  makeWayFor(application: Application): Promise<void>;
}

/** What the lookup needs. */
export interface LookupPorts {
  readonly directory: Directory;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly caller: Caller;
}

/** Looks up the application, and refuses one that is not provably ours. */
export async function inspectApplication(
  wish: ApplicationWish,
  ports: LookupPorts,
  signal: AbortSignal,
): Promise<ApplicationFinding> {
  const { directory, clock, caller } = ports;
  if (wish.reference !== undefined) {
    const application = await findNamed(wish.reference, directory, signal);
    const held = await principalWithRoles(wish, application.appId, ports, signal);
    return { kind: "found", application, ...held, shared: true, missingOwners: [] };
  }
  const uniqueName = applicationUniqueName(wish.registry.loginServer, wish.clusterId);
  const findDeleted = () => directory.findDeletedApplication(uniqueName, signal);
  // What will probably be needed next is requested at once: each answer costs the user a round trip.
  const [application, foreseen, deletedToo] = await Promise.all([
    untilBelievable(
      () => findOurs(uniqueName, wish, directory, signal),
      // If the search misses an application that exists, its registration finds it.
      (found) => found !== undefined || !wish.expected,
      clock,
      signal,
    ),
    wish.expectedAppId === undefined
      ? undefined
      : principalWithRoles(wish, wish.expectedAppId, ports, signal),
    wish.expected ? undefined : findDeleted(),
  ]);
  if (application) {
    const { appId } = application;
    const held =
      foreseen && appId === wish.expectedAppId
        ? foreseen
        : await principalWithRoles(wish, appId, ports, signal);
    const holdsOurRole = held.assignments.some((one) => isOurAssignment(wish.registry.id, one));
    if (!holdsOurRole) await wish.makeWayFor(application);
    const needsOwners = !holdsOurRole || wish.owners.length > 0;
    const owners = needsOwners ? await directory.listOwners(application.objectId, signal) : [];
    if (!holdsOurRole) {
      await refuseUnlessOurs(
        { application, owners, principal: held.principal },
        wish,
        { caller, directory },
        signal,
      );
    }
    return { kind: "found", application, ...held, shared: false, missingOwners: missingOwners(wish, owners) };
  }
  const deleted = wish.expected ? await findDeleted() : deletedToo;
  if (deleted) {
    await refuseForeignKeys(deleted, wish);
    return { kind: "deleted", application: deleted, missingOwners: wish.owners };
  }
  return {
    kind: "absent",
    create: {
      uniqueName,
      displayName: wish.displayName ?? applicationDisplayName(wish.registry.name, wish.clusterId),
      tags: [applicationTag],
      serviceManagementReference: wish.serviceManagementReference,
    },
    missingOwners: wish.owners,
  };
}

async function findNamed(reference: string, directory: Directory, signal: AbortSignal): Promise<Application> {
  const found = await directory.findApplications(reference, signal);
  const [first, second] = found;
  if (!first) {
    throw refused(
      "service-principal.not-found",
      `No application or service principal has the id or name ${JSON.stringify(reference)} in this tenant.`,
      "Give its application id, its object id or its exact display name. Omit --service-principal to create one.",
    );
  }
  if (second) {
    const candidates = found.map(nameOf).join(", ");
    throw refused(
      "service-principal.ambiguous",
      `${found.length} applications are called ${JSON.stringify(reference)}: ${candidates}.`,
      `Name one by its application id: --service-principal ${first.appId}`,
    );
  }
  return first;
}

/**
 * Finds it by the unique name, or by the application id in the cluster's marks if that application has the unique name.
 */
async function findOurs(
  uniqueName: string,
  { expectedAppId }: ApplicationWish,
  directory: Directory,
  signal: AbortSignal,
): Promise<Application | undefined> {
  const found = await directory.findApplicationByUniqueName(uniqueName, signal);
  if (found || expectedAppId === undefined) return found;
  const named = await directory.findApplicationByAppId(expectedAppId, signal);
  return named?.uniqueName === uniqueName ? named : undefined;
}

/** The principal of an application, and the roles that it holds on the registry. */
export async function principalWithRoles(
  wish: ApplicationWish,
  appId: string,
  { directory, roles, clock }: LookupPorts,
  signal: AbortSignal,
) {
  const { id } = wish.registry;
  const looks = clock;
  const principal = await untilBelievable(
    () => directory.findServicePrincipal(appId, signal),
    isThere,
    looks,
    signal,
  );
  if (!principal) return { principal, assignments: [] };
  // If a stale answer hides a role, that role may be narrower than the one that would then be granted.
  const assignments = await untilBelievable(
    () => roles.listAssignments(id, principal.objectId, signal),
    (some) => some.length > 0,
    looks,
    signal,
  );
  return { principal, assignments };
}

function missingOwners(wish: ApplicationWish, owners: readonly Owner[]): readonly string[] {
  const present = new Set(owners.map((owner) => owner.objectId.toLowerCase()));
  return wish.owners.filter((owner) => !present.has(owner.toLowerCase()));
}

/** The plan's lines about the application and its principal. */
export function applicationChanges(finding: ApplicationFinding): PlannedChange[] {
  const changes: PlannedChange[] = [];
  if (finding.kind === "absent") {
    const { displayName, uniqueName } = finding.create;
    changes.push({
      target: `application ${displayName}`,
      action: "created",
      before: null,
      after: { displayName, uniqueName },
    });
    changes.push({
      target: `service principal ${displayName}`,
      action: "created",
      before: null,
      after: { displayName },
    });
  } else {
    const { displayName, appId } = finding.application;
    const deleted = finding.kind === "deleted";
    changes.push({
      target: `application ${displayName}`,
      action: deleted ? "updated" : "unchanged",
      before: { appId, deleted },
      after: { appId, deleted: false },
    });
    if (deleted || !finding.principal) {
      changes.push({
        target: `service principal ${displayName}`,
        action: "created",
        before: null,
        after: { appId },
      });
    }
  }
  if (finding.missingOwners.length > 0) {
    changes.push({
      target: "owners of the application",
      action: "updated",
      before: null,
      after: finding.missingOwners,
    });
  }
  return changes;
}
