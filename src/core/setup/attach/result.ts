import { builtInRole } from "../../../domain/role.ts";
import type { ResultAttachment, ResultRoleAssignment, ResultVerification, SetupResult } from "../contract.ts";
import type { NodesRecord } from "./act.ts";
import type { NodesJob } from "./decide.ts";
import type { AttachLook } from "./look.ts";

/** What was done, in the form of the published contract. Nothing was written to a cluster, and there is no password. */
export function attachResult({ registry }: AttachLook, records: readonly NodesRecord[]): SetupResult {
  const { id, name, loginServer, roleAssignmentMode = null } = registry;
  return {
    registry: { id, name, loginServer, roleAssignmentMode },
    servicePrincipals: [],
    roleAssignments: records.flatMap((record) => roleAssignments(record, registry.id)),
    extraRoles: records.flatMap(({ job }) =>
      job.roles.extra.map((one) => ({
        id: one.id,
        role: builtInRole(one.roleDefinitionId)?.name ?? one.roleDefinitionId,
        scope: one.scope,
      })),
    ),
    credentials: [],
    namespaces: [],
    secrets: [],
    serviceAccounts: [],
    attachments: records.flatMap(attachments),
    verification: verification(records),
    renewalDue: false,
    keptKeys: [],
  };
}

/** The record of a run that had nothing to change: what was seen is what exists. */
export function standingRecord(job: NodesJob): NodesRecord {
  const standing = job.roles.wanted.flatMap(({ desired, present, action }) =>
    present ? [{ id: present.id, desired, action }] : [],
  );
  return { job, standing, removed: [], readBack: true };
}

function attachments({ job: { contexts, cluster, identity }, standing }: NodesRecord): ResultAttachment[] {
  const [first] = standing;
  return contexts.map((context) => ({
    context,
    managedCluster: cluster.id,
    kubeletIdentity: identity,
    action: first?.action ?? "skipped",
  }));
}

function roleAssignments({ job, standing, removed }: NodesRecord, scope: string): ResultRoleAssignment[] {
  const { requested, obsolete } = job.roles;
  const [context = ""] = job.contexts;
  return [
    ...standing.map(({ id, desired, action }) => ({
      context,
      id,
      requestedRole: requested,
      role: desired.role.name,
      condition: desired.condition ?? null,
      scope,
      action,
    })),
    ...obsolete
      .filter(({ id }) => removed.includes(id))
      .map(({ id, roleDefinitionId, condition }) => ({
        context,
        id,
        requestedRole: requested,
        role: builtInRole(roleDefinitionId)?.name ?? roleDefinitionId,
        condition: condition ?? null,
        scope,
        action: "removed" as const,
      })),
  ];
}

/** What can be proven without being a node: that the assignment exists. */
function verification(records: readonly NodesRecord[]): ResultVerification {
  const isThere = records.length > 0 && records.every(({ readBack }) => readBack);
  return {
    status: "skipped",
    reason: isThere ? "role-read-back" : "not-reached",
    checks: [
      isThere
        ? { id: "role-assignment", status: "pass", message: "The role assignment was read back from Azure." }
        : { id: "role-assignment", status: "skip", message: "The run ended before it was read back." },
      {
        id: "pull",
        status: "skip",
        message: "Only a node can sign in as the nodes' identity, so no pull was tried.",
      },
    ],
  };
}
