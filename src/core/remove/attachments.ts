import { ActionableError } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import {
  isManagedHost,
  type ManagedCluster,
  managedClusterOf,
  whyNotSeen,
} from "../../domain/managed-cluster.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import type { Cluster, ManagedClusterList } from "../ports.ts";
import type { PlannedChange } from "../plan.ts";
import type { RemoveTools } from "./act.ts";
import type { RemovedItem, RemoveInput, RemovePorts } from "./contract.ts";
import type { Kept } from "./decide.ts";
import type { MeantRegistry } from "./find-login-server.ts";
import { keptChange, assignmentText } from "./plan-removal.ts";
import type { Records } from "./result.ts";

/*
 * What `setup --attach` granted the nodes of AKS clusters. Nothing in the cluster records it: the nodes' identity
 * leads to the role assignment, and the assignment's name shows that it is ours.
 */

/** What a removal does about attachments. */
export interface Attachments {
  /** Roles to remove, each with the cluster whose nodes hold it. */
  readonly roles: ReadonlyArray<{ readonly role: RoleAssignment; readonly cluster: ManagedCluster }>;
  readonly keptRoles: ReadonlyArray<Kept<RoleAssignment>>;
  /** Contexts for which acr-pull cannot say whether the nodes were granted a role, and why. */
  readonly unseen: ReadonlyArray<{ readonly context: string; readonly why: string }>;
}

/** The answer if nothing was searched. */
const none: Attachments = { roles: [], keptRoles: [], unseen: [] };

/** The contexts whose API server has a host name of AKS, and the list of AKS clusters, requested beside other work. */
export interface AttachmentSearch {
  readonly clusters: ReadonlyArray<Pick<Cluster, "context" | "apiHost">>;
  readonly listed: Promise<ManagedClusterList | ActionableError>;
}

/**
 * Begins to search for AKS clusters. An attachment belongs to the whole cluster, so a removal from some namespaces,
 * or from secrets with one name, leaves it alone.
 */
export function searchAttachments(
  input: RemoveInput,
  { clusters: targets, azure }: Pick<RemovePorts, "clusters" | "azure">,
  signal: AbortSignal,
): AttachmentSearch | undefined {
  const { namespaces, namespaceSelector, secretName } = input;
  if (namespaces.length > 0 || namespaceSelector !== undefined || secretName !== undefined) return undefined;
  const clusters = targets.map(({ cluster }) => cluster).filter(({ apiHost }) => isManagedHost(apiHost));
  if (clusters.length === 0) return undefined;
  const listed = azure.managedClusters.listManagedClusters(signal).catch((error: unknown) => {
    if (isFailureOfOne(error, signal)) return error;
    throw error;
  });
  // It is awaited only when the registry is known.
  listed.catch(() => {});
  return { clusters, listed };
}

/** Finds the attachments for this registry, and decides whether each may be removed. */
export async function lookAtAttachments(
  search: AttachmentSearch | undefined,
  { ids }: MeantRegistry,
  { input, ports }: { readonly input: RemoveInput; readonly ports: RemovePorts },
  signal: AbortSignal,
): Promise<Attachments> {
  if (!search) return none;
  const listed = await search.listed;
  if (listed instanceof ActionableError) {
    return { ...none, unseen: search.clusters.map(({ context }) => ({ context, why: listed.message })) };
  }
  const found = search.clusters.map(({ context, apiHost }) => ({
    context,
    apiHost,
    cluster: managedClusterOf(apiHost, listed),
  }));
  const going = new Map(found.flatMap(({ cluster }) => (cluster ? [[cluster.id, cluster] as const] : [])));
  const roles: Array<Attachments["roles"][number]> = [];
  const keptRoles: Array<Kept<RoleAssignment>> = [];
  for (const cluster of going.values()) {
    for (const role of await granted(cluster, ids, ports, signal)) {
      if ([...roles.map((one) => one.role), ...keptRoles.map(({ what }) => what)].some(isSame(role)))
        continue;
      const kept = input.force ? undefined : reasonToKeep(cluster, going, listed);
      if (kept) keptRoles.push({ what: role, ...kept });
      else roles.push({ role, cluster });
    }
  }
  const unseen = found.flatMap(({ context, apiHost, cluster }) =>
    cluster ? [] : [{ context, why: whyNotSeen(apiHost, listed) }],
  );
  return { roles, keptRoles, unseen };
}

function isSame({ id }: RoleAssignment) {
  return (other: RoleAssignment) => other.id.toLowerCase() === id.toLowerCase();
}

async function granted(
  { kubeletIdentity }: ManagedCluster,
  registryIds: readonly string[],
  { azure }: RemovePorts,
  signal: AbortSignal,
): Promise<RoleAssignment[]> {
  if (!kubeletIdentity) return [];
  const lists = await Promise.all(
    registryIds.map(async (id) =>
      (await azure.roles.listAssignments(id, kubeletIdentity.objectId, signal)).filter((one) =>
        isOurAssignment(id, one),
      ),
    ),
  );
  return lists.flat();
}

/** The nodes of other clusters may have the same identity, and would lose the role too. */
function reasonToKeep(
  { kubeletIdentity }: ManagedCluster,
  going: ReadonlyMap<string, ManagedCluster>,
  { clusters, unseen }: ManagedClusterList,
): Omit<Kept<unknown>, "what"> | undefined {
  const sharing = clusters.filter(
    (one) => !going.has(one.id) && one.kubeletIdentity?.objectId === kubeletIdentity?.objectId,
  );
  if (sharing.length > 0) {
    const heldBy = sharing.map(({ name, resourceGroup }) => inOneLine(`${resourceGroup}/${name}`));
    return { reason: "identity-shared", heldBy };
  }
  return unseen.length > 0 ? { reason: "clusters-not-seen" } : undefined;
}

/** The plan's lines about attachments. */
export function attachmentChanges({ roles, keptRoles }: Attachments): PlannedChange[] {
  return [
    ...roles.map(({ role, cluster }): PlannedChange => ({
      target: `${assignmentText(role)} for the nodes of ${inOneLine(cluster.name)}`,
      action: "removed",
      before: { id: role.id },
      after: null,
    })),
    ...keptRoles.map((kept) => keptChange(assignmentText(kept.what), kept)),
  ];
}

/** What to know about attachments before agreeing to the plan. */
export function attachmentWarnings({ roles, keptRoles, unseen }: Attachments, loginServer: string): string[] {
  const names = [...new Set(roles.map(({ cluster }) => inOneLine(cluster.name)))];
  return [
    ...names.map(
      (name) => `Pods of ${name} that pull from ${loginServer} and name no secret will not get new images`,
    ),
    ...(keptRoles.length > 0
      ? ["What the nodes were granted stays; the same command with --force removes it anyway"]
      : []),
    ...unseen.map(
      ({ context, why }) =>
        `acr-pull could not see whether setup --attach granted the nodes of context ${inOneLine(context)} a role; if it did, the role stays: ${why.replace(/\.$/, "")}`,
    ),
  ];
}

/** The roles to remove, as not reached yet. */
export function attachmentsToGo({ roles }: Attachments): RemovedItem[] {
  return roles.map(({ role: { id } }) => ({ kind: "role-assignment", id, action: "skipped" }));
}

/** Removes the roles. Notes a role that cannot be removed, and continues with the others. */
export async function removeAttachments(
  { roles, keptRoles }: Attachments,
  records: Records,
  { ports, report, signal }: RemoveTools,
): Promise<void> {
  for (const { what, ...why } of keptRoles)
    records.add({ kind: "role-assignment", id: what.id, action: "kept", ...why });
  for (const { role, cluster } of roles) {
    const { id } = role;
    const who = `the nodes of ${inOneLine(cluster.name)}`;
    try {
      report({ kind: "started", id, text: `Removing the ${assignmentText(role)} from ${who}` });
      records.wrote = true;
      await ports.azure.roles.removeAssignment(id, signal);
      records.add({ kind: "role-assignment", id, action: "removed" });
      report({ kind: "done", id, text: `Removed the ${assignmentText(role)} from ${who}` });
    } catch (error) {
      if (!isFailureOfOne(error, signal)) throw error;
      records.fail({ kind: "role-assignment", id }, error);
    }
  }
}
