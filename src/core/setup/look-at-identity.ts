import type { Application } from "../../domain/identity.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { managedSelector, type EntryMark } from "../../domain/ownership.ts";
import type { Registry } from "../../domain/registry.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { builtInRole, rolesFor } from "../../domain/role.ts";
import { ifAvailable } from "../cluster/failure-of-one.ts";
import {
  inspectApplication,
  type ApplicationFinding,
  type ApplicationWish,
} from "../identity/application.ts";
import { checkPasswordPolicy } from "../identity/client-secret.ts";
import { foreseeRefusal, foreseeRefusedOwners } from "../identity/foreseen-refusal.ts";
import { checkRoleRights, compareRoles, type RoleWish } from "../identity/pull-role.ts";
import type { RegistryRights, Roles } from "../ports.ts";
import { BusyError } from "../turn/busy.ts";
import { isLive, isOwn } from "../turn/live-mark.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { CredentialDecision, HeldEntry } from "./decide-credential.ts";
import { applicationOf, heldElsewhere, type JobIdentity, type JobLook, type Outlook } from "./job.ts";

/** What Azure holds for one cluster, as it was looked at. */
interface SeenIdentity extends JobIdentity {
  /** The caller's rights on the registry, if it was clear from the start that they will be needed. */
  readonly rights: RegistryRights | undefined;
}

/**
 * Looks at the application and its roles. Undefined without Azure.
 * @param held the entries that the targets hold
 * @throws ActionableError if the application is not ours; BusyError if a run at work made one of its keys
 */
export async function lookAtIdentity(
  look: JobLook,
  clusterId: string,
  held: readonly HeldEntry[],
  signal: AbortSignal,
): Promise<SeenIdentity | undefined> {
  const { input, registry, caller } = look;
  const { azure, clock } = look.ports;
  if (!azure || !registry || !caller) return undefined;
  // If no target has an entry yet, another secret of the cluster may name the application.
  const marked = held.length > 0 ? held : ((await heldElsewhere(look, signal)) ?? []);
  const ours = marked.filter(({ mark }) => mark.clusterId === clusterId);
  const applicationWish: ApplicationWish = {
    registry,
    clusterId,
    displayName: input.applicationName,
    reference: input.servicePrincipal,
    owners: input.owners,
    serviceManagementReference: input.serviceManagementReference,
    expected: ours.length > 0,
    expectedAppId: ours.find(({ mark }) => mark.appId !== undefined)?.mark.appId,
    vouchesFor: (key) => vouchesFor(look, key, { clusterId, held }, signal),
    makeWayFor: (made) => makeWayFor(look, made, { clusterId, held }, signal),
  };
  const { directory, roles } = azure;
  // Nothing of ours is here, so a key will be made. This asks early for the tenant's policy, which the client
  // remembers.
  if (ours.length === 0 && input.knownPassword === undefined)
    directory.passwordPolicy(undefined, signal).catch(() => {});
  const [application, rights] = await Promise.all([
    inspectApplication(applicationWish, { directory, roles, clock, caller }, signal),
    // Nothing of ours is here, so a role will be granted.
    ours.length === 0 ? roles.registryRights(registry.id, signal) : undefined,
  ]);
  const assignments = application.kind === "found" ? application.assignments : [];
  const roleWish: RoleWish = {
    registry,
    said: { role: input.role, repositories: input.repositories },
    before: await grantedBeforeMoving(
      application,
      { registry, marks: ours.map(({ mark }) => mark) },
      roles,
      signal,
    ),
  };
  const known = application.kind === "absent" ? undefined : application.application;
  return {
    application,
    applicationWish,
    roleWish,
    roles: compareRoles(roleWish, assignments, known, clusterId),
    rights,
  };
}

/** What the targets of one cluster hold. */
interface InTargets {
  readonly clusterId: string;
  readonly held: readonly HeldEntry[];
}

/**
 * Only the secrets to be written can vouch for a key. Anybody who may write those may read the credential anyway, but
 * any other namespace of the cluster could vouch for a stranger's key. If a run at work elsewhere made the key, this
 * run waits for it.
 */
async function vouchesFor(
  look: JobLook,
  { keyId, operation }: { readonly keyId: string; readonly operation: string },
  { clusterId, held }: InTargets,
  signal: AbortSignal,
): Promise<boolean> {
  const names = ({ mark }: HeldEntry) =>
    mark.clusterId === clusterId &&
    (mark.keyId === keyId ||
      mark.retire?.keyId === keyId ||
      mark.pending?.operation === operation ||
      mark.pending?.sweep?.includes(operation) === true);
  if (held.some(names)) return true;
  const { cluster } = look.cluster;
  const atWork = ((await heldElsewhere(look, signal)) ?? []).find(
    ({ mark }) =>
      mark.clusterId === clusterId &&
      mark.pending?.operation === operation &&
      isLive(mark.pending, cluster.serverTime(), look.ports.process),
  );
  if (!atWork) return false;
  throw new BusyError(targetName({ cluster, namespace: atWork.namespace, name: atWork.name }));
}

/** Longer than a run takes from its application to its role, and shorter than the usual wait for another run. */
const grantedWithinMs = 45_000;

/**
 * Another run may have made the application a moment ago, and be about to grant the role that it was asked for. If
 * its mark can be seen, the mark decides. If not, an application that is older than that and has no role yet was left
 * by a run that has ended.
 * @throws BusyError
 */
async function makeWayFor(
  look: JobLook,
  { appId, displayName, createdAt }: Application,
  { clusterId, held }: InTargets,
  signal: AbortSignal,
): Promise<void> {
  const { cluster } = look.cluster;
  const { process } = look.ports;
  const { loginServer } = look.proof;
  const now = cluster.serverTime();
  const listed = await cluster.listSecrets(managedSelector, signal);
  if (listed) {
    const atWork = listed.find((secret) => {
      const mark = secret.marks[loginServer];
      return mark?.clusterId === clusterId && mark.pending && isLive(mark.pending, now, process);
    });
    if (atWork) throw new BusyError(targetName({ cluster, namespace: atWork.namespace, name: atWork.name }));
    return;
  }
  if (look.made.has(appId)) return;
  const isKnown = held.some(
    ({ mark }) => mark.clusterId === clusterId && !(mark.pending && isOwn(mark.pending, process)),
  );
  if (isKnown || !createdAt || Math.abs(now.getTime() - createdAt.getTime()) > grantedWithinMs) return;
  throw new BusyError(`the application ${inOneLine(displayName)}`);
}

/**
 * Checks whether the needed changes in Azure are allowed, as far as that can be known beforehand.
 * @throws ActionableError with exit 3 if a right is certainly missing
 */
export async function checkAzureRights(
  { input, ports: { azure }, registry, caller }: JobLook,
  { application, roles, rights }: SeenIdentity,
  decision: CredentialDecision,
  signal: AbortSignal,
): Promise<Outlook> {
  if (!azure || !registry || !caller) return noOutlook;
  const { directory } = azure;
  const changesApplication = decision.kind === "make" || application.missingOwners.length > 0;
  const changesRoles =
    roles.obsolete.length > 0 ||
    roles.wanted.some(({ action }) => action === "created" || action === "updated");
  const checkMayAssign = async () => {
    const known = rights ?? (await azure.roles.registryRights(registry.id, signal));
    checkRoleRights(roles, known, registry, caller.name);
    await azure.roles.readyToWrite(signal);
  };
  const [foreseen, foreseenOfOwners, policy] = await Promise.all([
    foreseeRefusal(application, changesApplication, { directory, caller }, signal),
    foreseeRefusedOwners(application, { directory, caller }, signal),
    decision.kind === "make"
      ? checkPasswordPolicy(applicationOf(application), input.expiresInMs, directory, signal)
      : undefined,
    changesRoles ? checkMayAssign() : undefined,
  ]);
  return { foreseen, foreseenOfOwners, policy };
}

/** For a run that asks nothing of the directory. */
export const noOutlook: Outlook = { policy: undefined, foreseen: undefined, foreseenOfOwners: undefined };

/*
 * When a registry is moved to another resource group or subscription, its role assignments are not moved. Azure still
 * lists them for a while at the old place, where they no longer allow anything.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/move-resource-group-and-subscription
 */

/**
 * What acr-pull granted a principal on a registry before it was moved, as far as the caller sees it. Owner is not
 * granted again unless the user asks for it.
 * @param where.marks what the cluster's secrets say about the registry
 * @returns undefined if it was not moved, or if something was granted since
 */
async function grantedBeforeMoving(
  application: ApplicationFinding,
  where: { readonly registry: Registry; readonly marks: readonly EntryMark[] },
  roles: Roles,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[] | undefined> {
  if (application.kind !== "found" || !application.principal) return undefined;
  if (application.assignments.some((one) => isOurAssignment(where.registry.id, one))) return undefined;
  const ids = idsBeforeMoving(where.registry, where.marks);
  if (ids.length === 0) return undefined;
  const listing = roles.listVisibleAssignments(application.principal.objectId, signal);
  const visible = (await ifAvailable(listing, signal)) ?? [];
  const granted = visible.filter((one) => ids.some((id) => isOurAssignment(id, one)));
  return granted.some(isOwner) ? [] : granted;
}

/** The resource ids by which secrets knew the registry before it was moved. Its name stays the same. */
function idsBeforeMoving({ id, name }: Registry, marks: readonly EntryMark[]): readonly string[] {
  const ids = marks.map(({ registry }) => registry.toLowerCase());
  const isOld = (one: string) =>
    one.startsWith("/") && one !== id.toLowerCase() && one.split("/").at(-1) === name.toLowerCase();
  return [...new Set(ids.filter(isOld))];
}

function isOwner({ roleDefinitionId }: RoleAssignment): boolean {
  const role = builtInRole(roleDefinitionId);
  const modes = ["LegacyRegistryPermissions", "AbacRepositoryPermissions"] as const;
  return role !== undefined && modes.some((mode) => rolesFor("owner", mode).includes(role));
}
