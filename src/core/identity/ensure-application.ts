import { ActionableError, hasCode } from "../../domain/errors.ts";
import type { Application, ServicePrincipal } from "../../domain/identity.ts";
import { isOurAssignment } from "../../domain/role-assignment.ts";
import { waitReporting, waitUntil } from "../patience.ts";
import type { Directory, NewApplication, RegisteredApplication } from "../ports.ts";
import {
  principalWithRoles,
  type ApplicationFinding,
  type ApplicationWish,
  type LookupPorts,
} from "./application.ts";
import { refuseForeignKeys, refusePrincipalKeys, refuseUnlessOurs } from "./application-ownership.ts";
import { nameOf } from "./directory-names.ts";
import type { DirectoryTools } from "./directory-tools.ts";
import { asForeseen, foreseeRefusedOwners } from "./foreseen-refusal.ts";

/**
 * The run believed that the cluster's own application did not exist. So its decisions are wrong, such as to make a
 * key because the old one is dead.
 */
function seenTooLate(application: Application): ActionableError {
  return new ActionableError(
    `The directory search did not show the application ${nameOf(application)}, although it exists.`,
    {
      code: "directory.stale-answer",
      hint: "Parts of the directory lag by some minutes: run the same command again.",
      retryable: true,
    },
  );
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

/**
 * An invisible application that holds the name is most likely one that an earlier run deleted, but did not get to
 * purge.
 */
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

/** An application that exists now. */
export interface EnsuredApplication {
  readonly application: Application;
  /** Whether this run has just made it. */
  readonly created: boolean;
}

/**
 * Makes, restores or keeps the application. One that appeared after the look is looked at again, because it may be a
 * stranger's.
 */
export async function ensureApplication(
  finding: ApplicationFinding,
  wish: ApplicationWish,
  ports: LookupPorts & {
    readonly timeoutMs: number;
    /** Object id of an application that an earlier run was to delete. */
    readonly deletedBefore: string | undefined;
    /** Called as soon as it exists, because what follows may fail. */
    readonly onEnsured: (ensured: EnsuredApplication) => void;
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
  ports.onEnsured({ application: made, created });
  let application = made;
  if (deleted) await directory.restoreApplication(deleted.objectId, signal);
  if (finding.kind !== "found" && !created) {
    // It was restored, or somebody else was faster: its owners could not be seen before.
    const again = await waitUntil(
      () => directory.readApplication(application.objectId, signal),
      { timeoutMs },
      clock,
      signal,
    );
    if (again) application = again;
    const found = await principalWithRoles(wish, application.appId, ports, signal);
    if (!found.assignments.some((assignment) => isOurAssignment(wish.registry.id, assignment))) {
      const owners = await directory.listOwners(application.objectId, signal);
      const { principal } = found;
      await refuseUnlessOurs({ application, owners, principal }, wish, { caller, directory }, signal);
    }
  }
  for (const owner of finding.missingOwners) {
    await directory.addOwner(application.objectId, owner, signal).catch(async (error: unknown) => {
      throw asForeseen(error, await foreseeRefusedOwners(finding, { directory, caller }, signal));
    });
  }
  return { application, created };
}

/**
 * The principal of an application, made if it is missing. A part of the directory that does not know a fresh
 * application yet refuses for a while, and acr-pull waits for it.
 * @throws ActionableError `directory.application-unknown` if it still refuses when the time is over
 */
export async function ensureServicePrincipal(
  application: Application,
  present: ServicePrincipal | undefined,
  tools: DirectoryTools,
  signal: AbortSignal,
): Promise<ServicePrincipal> {
  if (present) return present;
  const made = await waitReporting(
    () => tools.directory.createServicePrincipal(application.appId, signal),
    { id: "service-principal", what: "Entra to recognize the new application" },
    tools,
    signal,
  );
  if (made) {
    // Somebody may have been faster than this request.
    refusePrincipalKeys(application, made);
    return made;
  }
  throw new ActionableError(
    `The directory made no service principal for the application ${nameOf(application)}: it does not know the application, or says that you do not own it.`,
    {
      code: "directory.application-unknown",
      hint: "Run the same command again later. If that does not help, a right is missing: the caller has to own the application (Application.ReadWrite.OwnedBy) or have the role Application Administrator.",
      retryable: true,
    },
  );
}
