import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, Caller, Certified, Owner, ServicePrincipal } from "../../domain/identity.ts";
import { isThere, lookAgain } from "../../domain/look-again.ts";
import type { Registry } from "../../domain/registry.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { applicationDisplayName, applicationTag, applicationUniqueName } from "../../domain/ownership.ts";
import type { PlannedChange } from "../plan.ts";
import type { Clock, Directory, NewApplication, RegisteredApplication, Roles } from "../ports.ts";
import { oftenEnough, waitUntil } from "../patience.ts";
import { refuseForeignKeys, refuseUnlessOurs, type OwnershipWish } from "./application-ownership.ts";
import { nameOf, ownerName } from "./directory-names.ts";
import { ifToBeHad } from "../cluster/failure-of-one.ts";

/** What the directory holds for one cluster's application, and what it may be used for. */
export type ApplicationFinding =
  | {
      readonly kind: "found";
      readonly application: Application;
      readonly principal: ServicePrincipal | undefined;
      readonly assignments: readonly RoleAssignment[];
      /** Named by the user, and not one that acr-pull made for this cluster. */
      readonly shared: boolean;
      readonly missingOwners: readonly string[];
    }
  | {
      readonly kind: "deleted";
      readonly application: Application & Certified;
      readonly missingOwners: readonly string[];
    }
  | { readonly kind: "absent"; readonly create: NewApplication; readonly missingOwners: readonly string[] };

/** What decides which application it is. */
export interface ApplicationWish extends OwnershipWish {
  readonly registry: Registry;
  readonly displayName: string | undefined;
  /** Reuse this one, on purpose. */
  readonly reference: string | undefined;
  readonly serviceManagementReference: string | undefined;
  /** Whether a mark in the cluster says that an application was at work here: then a 404 may be a stale answer. */
  readonly expected: boolean;
  /** The application that such a mark names: its principal is looked up without waiting for it. */
  readonly expectedAppId: string | undefined;
  /** Lets another run go first that may be at work on an application which holds no role of ours yet. @throws `busy` */
  makeWayFor(application: Application): Promise<void>;
}

/** What looking up takes. */
export interface LookupPorts {
  readonly directory: Directory;
  readonly roles: Roles;
  readonly clock: Clock;
  readonly caller: Caller;
}

/** Looks up the application; refuses one that is not provably ours. */
export async function inspectApplication(
  wish: ApplicationWish,
  ports: LookupPorts,
  signal: AbortSignal,
): Promise<ApplicationFinding> {
  const { directory, clock, caller } = ports;
  if (wish.reference !== undefined) {
    const application = await findNamed(wish.reference, directory, signal);
    const held = await withRoles(wish, application.appId, ports, signal);
    return { kind: "found", application, ...held, shared: true, missingOwners: [] };
  }
  const uniqueName = applicationUniqueName(wish.registry.loginServer, wish.clusterId);
  const findDeleted = () => directory.findDeletedApplication(uniqueName, signal);
  // What will probably be needed next is asked for at once: each answer costs the user a round trip.
  const [application, foreseen, deletedToo] = await Promise.all([
    lookAgain(
      () => findOurs(uniqueName, wish, directory, signal),
      // One that is made although it is there is found when it is registered.
      (found) => found !== undefined || !wish.expected,
      oftenEnough(clock),
      signal,
    ),
    wish.expectedAppId === undefined ? undefined : withRoles(wish, wish.expectedAppId, ports, signal),
    wish.expected ? undefined : findDeleted(),
  ]);
  if (application) {
    const { appId } = application;
    const held =
      foreseen && appId === wish.expectedAppId ? foreseen : await withRoles(wish, appId, ports, signal);
    const holdsOurRole = held.assignments.some((one) => isOurAssignment(wish.registry.id, one));
    if (!holdsOurRole) await wish.makeWayFor(application);
    const owners = await ownersIfNeeded(wish, application, holdsOurRole, directory, signal);
    if (!holdsOurRole) {
      await refuseUnlessOurs(
        { application, owners, principal: held.principal },
        wish,
        caller,
        directory,
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
      `No application or service principal is called ${JSON.stringify(reference)} in this tenant.`,
      "Give its application id, its object id or its exact display name; leave --service-principal out to have one made.",
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

/** By the unique name, or as the application that the cluster's marks name, if it bears that name. */
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
async function withRoles(
  wish: ApplicationWish,
  appId: string,
  { directory, roles, clock }: LookupPorts,
  signal: AbortSignal,
) {
  const { id } = wish.registry;
  const looks = oftenEnough(clock);
  const principal = await lookAgain(
    () => directory.findServicePrincipal(appId, signal),
    isThere,
    looks,
    signal,
  );
  if (!principal) return { principal, assignments: [] };
  // A role that stands may be a narrower one than would be granted in its place.
  const assignments = await lookAgain(
    () => roles.listAssignments(id, principal.objectId, signal),
    (some) => some.length > 0,
    looks,
    signal,
  );
  return { principal, assignments };
}

async function ownersIfNeeded(
  wish: ApplicationWish,
  application: Application,
  holdsOurRole: boolean,
  directory: Directory,
  signal: AbortSignal,
): Promise<readonly Owner[]> {
  return holdsOurRole && wish.owners.length === 0 ? [] : directory.listOwners(application.objectId, signal);
}

function missingOwners(wish: ApplicationWish, owners: readonly Owner[]): readonly string[] {
  const present = new Set(owners.map((owner) => owner.objectId.toLowerCase()));
  return wish.owners.filter((owner) => !present.has(owner.toLowerCase()));
}

/**
 * The refusal that is to be expected when the application is made or changed, by what the caller's token says and by
 * who owns it; undefined: none. Only the directory knows better, for it heeds roles that stand in no token: those of
 * the tenant's own making and those held on a single application.
 * @param changesIt whether a key or an owner is to be added
 */
export async function foreseeRefusal(
  finding: ApplicationFinding,
  changesIt: boolean,
  directory: Directory,
  caller: Caller,
  signal: AbortSignal,
): Promise<ActionableError | undefined> {
  if (finding.kind === "absent" || (finding.kind === "found" && !finding.principal)) {
    if ((await directory.mayRegisterApplications(signal)) !== "no") return undefined;
    return new ActionableError(`${caller.name} may not register applications in tenant ${caller.tenantId}.`, {
      code: "directory.forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask for the Microsoft Graph permission Application.ReadWrite.OwnedBy (a pipeline) or the role Application Developer (a person), or have somebody make one and pass it with --service-principal.",
      docs: "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#application-developer",
    });
  }
  if (!changesIt || finding.kind === "deleted") return undefined;
  return foreseeRefusedChange(finding.application, directory, caller, signal);
}

/**
 * The same of a change to an application that is there.
 * @param deed what is to be done, as the refusal names it
 * @returns `directory.not-owner`, exit 3
 */
export async function foreseeRefusedChange(
  application: Application,
  directory: Directory,
  caller: Caller,
  signal: AbortSignal,
  deed = "add a password to it",
): Promise<ActionableError | undefined> {
  if ((await directory.mayChangeAllApplications(signal)) === "yes") return undefined;
  const owners = await ifToBeHad(directory.listOwners(application.objectId, signal), signal);
  // The directory itself decides where they cannot be seen.
  if (!owners || owners.some((owner) => owner.objectId === caller.objectId)) return undefined;
  const names = owners.map(ownerName).join(", ");
  return new ActionableError(
    `${caller.name} is not an owner of the application ${nameOf(application)} and may not ${deed}.`,
    {
      code: "directory.not-owner",
      exitCode: exitCode.notAllowed,
      hint:
        names === ""
          ? `It has no owner. Ask an Application Administrator of the tenant to add ${caller.objectId} as one.`
          : `Its owners: ${names}. Ask one of them to add ${caller.objectId} as an owner, or run as one of them; with --owner an application has further owners from its start.`,
      docs: "https://learn.microsoft.com/entra/identity/enterprise-apps/assign-app-owners",
    },
  );
}

/** The refusal that is to be expected when owners are added, by what the caller's token says; undefined: none. */
export async function foreseeRefusedOwners(
  { missingOwners }: Pick<ApplicationFinding, "missingOwners">,
  directory: Directory,
  caller: Caller,
  signal: AbortSignal,
): Promise<ActionableError | undefined> {
  if (missingOwners.length === 0 || (await directory.mayAddOwners(signal)) !== "no") return undefined;
  return new ActionableError(`${caller.name} may not make others owners of an application.`, {
    code: "directory.forbidden",
    exitCode: exitCode.notAllowed,
    hint: "A pipeline needs the Microsoft Graph permissions Application.ReadWrite.All and Directory.Read.All for that: Application.ReadWrite.OwnedBy does not suffice. Or leave --owner out, and have an administrator add the owner: az ad app owner add --id APP_ID --owner-object-id OBJECT_ID.",
    docs: "https://learn.microsoft.com/graph/api/application-post-owners",
  });
}

/** A refusal that is to be expected, as something to know before it is tried all the same. */
export function foreseenText({ message }: ActionableError): string {
  return `${message.replace(/\.$/, "")}, as far as its token and the owners tell. Roles that do not stand there may allow it: the first write decides`;
}

/** A refusal as it was foreseen, which says more, where it came so. */
export function asForeseen<T>(error: T, foreseen: ActionableError | undefined): T | ActionableError {
  if (!foreseen || !hasCode(error, "directory.forbidden")) return error;
  const { message, code, hint, docs, exitCode } = foreseen;
  const { requestId, status } = error;
  return new ActionableError(message, { code, hint, docs, exitCode, requestId, status }, { cause: error });
}

/**
 * The cluster's own application was taken for gone, so what was decided (to make a key, whose key is dead) was
 * decided without it.
 */
function seenTooLate(application: Application): ActionableError {
  return new ActionableError(
    `The directory did not show the application ${nameOf(application)} when it was looked for, and it is there.`,
    {
      code: "directory.stale-answer",
      hint: "Parts of the directory lag for some minutes: run the same command again.",
      retryable: true,
    },
  );
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

async function registered(
  finding: ApplicationFinding,
  directory: Directory,
  deletedBefore: string | undefined,
  signal: AbortSignal,
): Promise<RegisteredApplication> {
  if (finding.kind === "absent") return registeredAnew(finding.create, directory, deletedBefore, signal);
  const { application } = finding;
  return { application, created: false, ...(finding.kind === "deleted" && { deleted: finding.application }) };
}

/** One that holds the name, and that nobody sees, is most likely the one that a run deleted, and did not come to purge. */
async function registeredAnew(
  application: NewApplication,
  directory: Directory,
  deletedBefore: string | undefined,
  signal: AbortSignal,
): Promise<RegisteredApplication> {
  try {
    return await directory.createApplication(application, signal);
  } catch (error) {
    if (deletedBefore === undefined || !hasCode(error, "directory.unique-name-taken")) throw error;
    if (await directory.purgeApplication(deletedBefore, application.uniqueName, signal)) throw error;
    return directory.createApplication(application, signal);
  }
}

/** An application that is there now. */
export interface EnsuredApplication {
  readonly application: Application;
  /** Whether it was made just now, and by this run. */
  readonly created: boolean;
}

/**
 * Makes, restores or keeps the application. One that turned up since it was looked for is looked at again, for it
 * may be a stranger's.
 */
export async function ensureApplication(
  finding: ApplicationFinding,
  wish: ApplicationWish,
  ports: LookupPorts & {
    readonly timeoutMs: number;
    /** Object id of one that a run before this one was to delete. */
    readonly deletedBefore: string | undefined;
    /** Told as soon as it is there, for what follows may fail. */
    readonly onThere: (ensured: EnsuredApplication) => void;
  },
  signal: AbortSignal,
): Promise<EnsuredApplication> {
  const { directory, clock, caller, timeoutMs, deletedBefore } = ports;
  const { application: made, created, deleted } = await registered(finding, directory, deletedBefore, signal);
  if (finding.kind === "absent" && !created) {
    if (made.appId === wish.expectedAppId) throw seenTooLate(made);
    if (deleted) await refuseForeignKeys(deleted, wish);
    else await wish.makeWayFor(made);
  }
  ports.onThere({ application: made, created });
  let application = made;
  if (deleted) await directory.restoreApplication(deleted.objectId, signal);
  if (finding.kind !== "found" && !created) {
    // Restored, or somebody was faster: its owners could not be seen before.
    const again = await waitUntil(
      () => directory.readApplication(application.objectId, signal),
      { timeoutMs },
      clock,
      signal,
    );
    if (again) application = again;
    const found = await withRoles(wish, application.appId, ports, signal);
    if (!found.assignments.some((assignment) => isOurAssignment(wish.registry.id, assignment))) {
      const owners = await directory.listOwners(application.objectId, signal);
      const { principal } = found;
      await refuseUnlessOurs({ application, owners, principal }, wish, caller, directory, signal);
    }
  }
  for (const owner of finding.missingOwners) {
    await directory.addOwner(application.objectId, owner, signal).catch(async (error: unknown) => {
      throw asForeseen(error, await foreseeRefusedOwners(finding, directory, caller, signal));
    });
  }
  return { application, created };
}
