import { ActionableError } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import {
  isManagedHost,
  type ManagedCluster,
  managedClusterOf,
  whyNotSeen,
} from "../../domain/managed-cluster.ts";
import { registryReference } from "../../domain/names.ts";
import type { Registry } from "../../domain/registry.ts";
import { builtInRole } from "../../domain/role.ts";
import { pullsToday } from "../../domain/role-standing.ts";
import type { RoleAssignment } from "../../domain/role-assignment.ts";
import { attachedRegistries } from "../attach/attached-registries.ts";
import { ifAvailable } from "../cluster/failure-of-one.ts";
import { isMeant } from "../cluster/registry-meant.ts";
import type { ManagedClusterList } from "../ports.ts";
import type {
  AttachmentReads,
  StatusAttachment,
  StatusInput,
  StatusPorts,
  StatusResult,
} from "./contract.ts";

/** What the result says about AKS clusters. Empty if none of the chosen clusters is one. */
export type AttachmentsFound = Pick<StatusResult, "attachments" | "attachmentsUnknown">;

/**
 * What `setup --attach` granted the nodes of the chosen AKS clusters. Skipped if the user asked only for some
 * namespaces or for secrets of one name.
 */
export async function findAttachments(
  input: StatusInput,
  ports: Pick<StatusPorts, "clusters" | "azure">,
  signal: AbortSignal,
): Promise<AttachmentsFound> {
  const { namespaces, namespaceSelector, secretName } = input;
  const managed = ports.clusters
    .map(({ cluster }) => cluster)
    .filter(({ apiHost }) => isManagedHost(apiHost));
  const isNarrow = namespaces.length > 0 || namespaceSelector !== undefined || secretName !== undefined;
  if (isNarrow || managed.length === 0) return {};
  try {
    const azure = await ports.azure();
    const listed = await azure.managedClusters.listManagedClusters(signal);
    const seen = managed.map(({ context, apiHost }) => ({
      context,
      apiHost,
      cluster: managedClusterOf(apiHost, listed),
    }));
    const attachments = await Promise.all(
      seen.map(async ({ context, cluster }) =>
        cluster ? attachmentsOf({ context, cluster }, input, azure, signal) : [],
      ),
    );
    const missing = seen.find(({ cluster }) => !cluster);
    return {
      attachments: attachments.flat(),
      ...(missing && { attachmentsUnknown: notSeen(missing, listed) }),
    };
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    const { code, message } = error;
    return { attachments: [], attachmentsUnknown: { code, message } };
  }
}

function notSeen(
  { context, apiHost }: { readonly context: string; readonly apiHost: string },
  listed: ManagedClusterList,
) {
  const [unseen] = listed.unseen;
  const message = unseen?.message ?? `${whyNotSeen(apiHost, listed)} (context ${context})`;
  return { code: "aks.not-seen", message };
}

async function attachmentsOf(
  { context, cluster }: { readonly context: string; readonly cluster: ManagedCluster },
  { registry: wanted }: StatusInput,
  azure: AttachmentReads,
  signal: AbortSignal,
): Promise<StatusAttachment[]> {
  const identity = cluster.kubeletIdentity;
  if (!identity) return [];
  const roles = await attachedRegistries(identity, azure.roles, signal);
  const told = await Promise.all(
    roles.map(async (role) => {
      const read = azure.registries.findRegistries(registryReference(role.scope), {}, signal);
      const registry = (await ifAvailable(read, signal))?.registries[0];
      // A registry that cannot be read may be the one with the login server that was asked for.
      const mayBeMeant = registry === undefined && wanted?.kind === "login-server";
      if (!mayBeMeant && !isMeant(wanted, registry?.loginServer ?? "", role.scope)) return [];
      return [
        {
          context,
          managedCluster: cluster.id,
          kubeletIdentity: identity.objectId,
          registry: role.scope,
          role: builtInRole(role.roleDefinitionId)?.name ?? role.roleDefinitionId,
          roleAssignment: role.id,
          ...(cluster.pullsByServiceAccount ? unused(role, cluster) : standOf(role, registry)),
        },
      ];
    }),
  );
  return told.flat();
}

/** The role of nodes whose pods began to pull as their service accounts. */
function unused(role: RoleAssignment, { name }: ManagedCluster): Pick<StatusAttachment, "state" | "reason"> {
  const granted = builtInRole(role.roleDefinitionId)?.name ?? "a role";
  return {
    state: "unused",
    reason: `The nodes hold ${granted} on ${role.scope.split("/").at(-1)}, which nothing there uses: the pods of ${inOneLine(name)} pull as their service accounts, and those without an identity need a pull secret.`,
  };
}

/** A role pulls nothing once its registry is in the other role assignment mode. */
function standOf(
  role: RoleAssignment,
  registry: Registry | undefined,
): Pick<StatusAttachment, "state" | "reason"> {
  const name = role.scope.split("/").at(-1) ?? role.scope;
  const granted = builtInRole(role.roleDefinitionId)?.name ?? "a role";
  if (registry?.roleAssignmentMode === undefined) {
    return {
      state: "unknown",
      reason: `The nodes hold ${granted} on ${name}, and whether it allows pulls there is not known: the registry cannot be read`,
    };
  }
  if (pullsToday({ ours: [role], others: [] }, registry.roleAssignmentMode)) return { state: "ok" };
  const mode = registry.roleAssignmentMode === "AbacRepositoryPermissions" ? "ABAC" : "legacy";
  return {
    state: "wrong-mode",
    reason: `The nodes hold ${granted} on ${name}, which does not allow pulls there: the registry is in ${mode} mode. Grant the role of that mode:`,
  };
}
