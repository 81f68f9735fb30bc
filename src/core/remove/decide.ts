import type { Application, PasswordCredential, ServicePrincipal } from "../../domain/identity.ts";
import { mayBeRemoved, mayBeTakenBack } from "../../domain/mark-claims.ts";
import {
  applicationUniqueName,
  isKeyOf,
  isUniqueName,
  keyOrigin,
  keysOfOtherClusters,
} from "../../domain/ownership.ts";
import { credentialsIn, isOfApplication, type PullSecret } from "../../domain/pull-secret.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { keyHolders } from "../cluster/key-holders.ts";
import type { KeptReason } from "./contract.ts";

/** What Azure holds for one application, as of the look. */
export interface PrincipalFacts {
  readonly application: Application;
  readonly principal: ServicePrincipal | undefined;
  /** The principal's assignments on each registry that the entries name, and those inherited from above it. */
  readonly assignments: ReadonlyArray<{
    readonly registryId: string;
    readonly assignments: readonly RoleAssignment[];
  }>;
  /** All assignments of the principal that the caller sees, at any scope. */
  readonly visible: readonly RoleAssignment[];
  /**
   * The number of certificates, federated credentials and passwords of the principal, not counting the application's
   * passwords. Counted only for an application that may be removed, or that has only keys of this cluster.
   */
  readonly otherCredentials: number | "unseen";
}

/** The facts that decide what is still needed. */
export interface PrincipalQuestion {
  readonly clusterId: string;
  readonly loginServer: string;
  /** Secrets of the cluster that stay as they are. */
  readonly remaining: readonly PullSecret[];
  /** The name of a secret, for the answer. */
  readonly nameOf: (secret: PullSecret) => string;
  /** Keys that the removed entries say they hold. */
  readonly namedKeys: ReadonlySet<string>;
  /** The cluster's secrets at the look. A key that none of them names is not removed. */
  readonly seenBefore: readonly PullSecret[];
  /** Keys that a person named, to be removed even though no secret names them. */
  readonly prune: ReadonlySet<string>;
  /** Ids of applications that a person named, whose roles are removed even though others may sign in as them. */
  readonly servicePrincipals: ReadonlySet<string>;
  /** Keys and assignments that this run has removed, or will remove: parts of Azure still show them for a while. */
  readonly gone: ReadonlySet<string>;
  /** By Azure's clock. */
  readonly now: Date;
}

/** Something that stays, and why. */
export interface Kept<T> {
  readonly what: T;
  readonly reason: KeptReason;
  readonly heldBy?: readonly string[];
}

/** What happens to one application, and to what depends on it. */
export interface PrincipalVerdict extends Pick<PrincipalFacts, "application" | "principal"> {
  readonly keys: readonly PasswordCredential[];
  readonly keptKeys: ReadonlyArray<Kept<PasswordCredential>>;
  readonly roles: readonly RoleAssignment[];
  readonly keptRoles: ReadonlyArray<Kept<RoleAssignment>>;
  /** Undefined if the application is removed, and its principal with it. */
  readonly keptBecause: Omit<Kept<unknown>, "what"> | undefined;
}

/**
 * Decides what of an application is removed: our keys of this cluster that its secrets named and that none holds any
 * longer; the roles that we granted, unless a key of another cluster, a secret of this one or a stranger may still
 * use them; and the application itself, if we made it for this cluster and nothing else depends on it.
 */
export function judgePrincipal(facts: PrincipalFacts, question: PrincipalQuestion): PrincipalVerdict {
  const { application, principal } = facts;
  const { clusterId, gone, namedKeys } = question;
  const listed = application.passwords.filter(({ keyId }) => !gone.has(keyId));
  const { now, prune } = question;
  const holders = keyHolders(question.remaining, application, now);
  const names = keyHolders(question.seenBefore, application, now);
  const keys: PasswordCredential[] = [];
  const keptKeys: Array<Kept<PasswordCredential>> = [];
  for (const key of listed) {
    const heldBy = holders.get(key.keyId)?.map(question.nameOf);
    if (!isKeyOf(key, clusterId)) {
      if (namedKeys.has(key.keyId)) keptKeys.push({ what: key, reason: "not-ours" });
    } else if (heldBy) keptKeys.push({ what: key, reason: "still-held", heldBy });
    else if (
      mayBeRemoved({
        namedHere: names.has(key.keyId),
        hasEnded: hasEnded(key, now),
        keyNamed: prune.has(key.keyId),
      })
    )
      keys.push(key);
    else keptKeys.push({ what: key, reason: "unnamed" });
  }
  const roles = judgeRoles(facts, listed, keptKeys, question);
  const verdict = { application, principal, keys, keptKeys, ...roles };
  return { ...verdict, keptBecause: reasonToKeep(facts, verdict, listed, question) };
}

function hasEnded({ endDateTime }: PasswordCredential, now: Date): boolean {
  return endDateTime !== undefined && endDateTime <= now;
}

function judgeRoles(
  facts: PrincipalFacts,
  listed: readonly PasswordCredential[],
  keptKeys: PrincipalVerdict["keptKeys"],
  question: PrincipalQuestion,
): Pick<PrincipalVerdict, "roles" | "keptRoles"> {
  const { application, assignments } = facts;
  const { clusterId, gone } = question;
  const roles: RoleAssignment[] = [];
  const keptRoles: Array<Kept<RoleAssignment>> = [];
  const sharers = keysOfOtherClusters({ ...application, passwords: listed }, clusterId);
  const heldBy = stillPulling(application.appId, question).map(question.nameOf);
  for (const { registryId, assignments: some } of assignments) {
    const here = some.filter(({ scope }) => scope.toLowerCase() === registryId.toLowerCase());
    for (const role of here) {
      if (gone.has(role.id.toLowerCase())) continue;
      if (!isOurAssignment(registryId, role)) keptRoles.push({ what: role, reason: "not-ours" });
      else if (sharers.length > 0) keptRoles.push({ what: role, reason: "used-by-other-clusters" });
      else if (heldBy.length > 0) keptRoles.push({ what: role, reason: "still-held", heldBy });
      else if (keptKeys.some(isUnnamed)) keptRoles.push({ what: role, reason: "has-unnamed-key" });
      else if (!mayBeTakenBack(roleProof(facts, listed, question)))
        keptRoles.push({ what: role, reason: "shared" });
      else roles.push(role);
    }
  }
  return { roles, keptRoles };
}

/** Whether a key stays because nothing names it. */
export function isUnnamed({ reason }: Kept<unknown>): boolean {
  return reason === "unnamed";
}

function roleProof(
  { application: { appId, uniqueName }, otherCredentials }: PrincipalFacts,
  listed: readonly PasswordCredential[],
  { clusterId, loginServer, servicePrincipals }: PrincipalQuestion,
) {
  return {
    ownApplication: uniqueName === applicationUniqueName(loginServer, clusterId),
    // An application with the unique name of another cluster or registry is about to get a key there.
    ownCredentials:
      !isUniqueName(uniqueName) && otherCredentials === 0 && listed.every((key) => isKeyOf(key, clusterId)),
    applicationNamed: servicePrincipals.has(appId.toLowerCase()),
  };
}

/** Secrets that sign in as the application at this registry, or may do so: an entry can be a pattern of hosts. */
function stillPulling(appId: string, { remaining, loginServer, clusterId }: PrincipalQuestion): PullSecret[] {
  return remaining.filter((secret) => {
    const marks = secret.marks;
    if (marks[loginServer]?.clusterId === clusterId && marks[loginServer].appId === appId) return true;
    // A marked entry is for the registry of its mark.
    return credentialsIn(secret).some(
      (one) => isOfApplication(one, appId) && (one.host === loginServer || !(one.host in marks)),
    );
  });
}

function reasonToKeep(
  facts: PrincipalFacts,
  { keptKeys, roles }: Pick<PrincipalVerdict, "keptKeys" | "roles">,
  listed: readonly PasswordCredential[],
  { clusterId, loginServer, gone }: PrincipalQuestion,
): PrincipalVerdict["keptBecause"] {
  const { application, visible, assignments, otherCredentials } = facts;
  if (application.uniqueName !== applicationUniqueName(loginServer, clusterId)) return { reason: "shared" };
  const held = keptKeys.flatMap(({ heldBy = [] }) => heldBy);
  if (held.length > 0) return { reason: "still-held", heldBy: [...new Set(held)] };
  if (keptKeys.some(isUnnamed)) return { reason: "has-unnamed-key" };
  const others = listed.filter((key) => !isKeyOf(key, clusterId));
  if (others.some((key) => keyOrigin(key) !== undefined)) return { reason: "used-by-other-clusters" };
  if (otherCredentials === "unseen") return { reason: "not-seen" };
  if (others.length + otherCredentials > 0) return { reason: "has-other-credentials" };
  const going = new Set(roles.map(({ id }) => id.toLowerCase()));
  const standing = [...visible, ...assignments.flatMap((one) => one.assignments)].some(
    ({ id }) => !going.has(id.toLowerCase()) && !gone.has(id.toLowerCase()),
  );
  return standing ? { reason: "has-other-roles" } : undefined;
}
