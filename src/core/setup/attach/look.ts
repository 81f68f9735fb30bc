import { ActionableError, refused } from "../../../domain/errors.ts";
import { exitCode } from "../../../domain/exit-code.ts";
import type { Caller } from "../../../domain/identity.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import {
  isManagedHost,
  type KubeletIdentity,
  type ManagedCluster,
  managedClustersOf,
  whyNotSeen,
} from "../../../domain/managed-cluster.ts";
import type { Registry } from "../../../domain/registry.ts";
import type { RoleAssignment } from "../../../domain/role-assignment.ts";
import type { Cluster, ManagedClusterList, RegistryRights } from "../../ports.ts";
import type { SetupInput, SetupPorts } from "../contract.ts";
import { findRegistry } from "../find-registry.ts";

/** The nodes of one managed cluster: their identity, and what it may do with the registry. */
export interface SeenNodes {
  /** Every chosen context that leads to a cluster whose nodes have this identity. */
  readonly contexts: readonly string[];
  readonly cluster: ManagedCluster;
  readonly identity: KubeletIdentity;
  readonly assignments: readonly RoleAssignment[];
}

/** Everything that was seen. */
export interface AttachLook {
  readonly registry: Registry;
  readonly caller: Caller;
  /** Undefined if they are not known. */
  readonly rights: RegistryRights | undefined;
  readonly nodes: readonly SeenNodes[];
}

/** Azure is all that this looks at. It neither reads nor writes in the cluster. */
export type AttachAzure = NonNullable<SetupPorts["azure"]>;

/**
 * Finds the managed clusters that the contexts lead to, and what their nodes may do with the registry.
 * @throws ActionableError `aks.not-seen`, `aks.ambiguous`, `aks.no-identity`, `aks.other-tenant`,
 *   `aks.service-account-pull`, exit 2, and as findRegistry does
 */
export async function lookAtNodes(
  input: SetupInput,
  ports: SetupPorts & { readonly azure: AttachAzure },
  signal: AbortSignal,
): Promise<AttachLook> {
  const { azure, clusters } = ports;
  const [{ registry }, list, caller] = await Promise.all([
    findRegistry(input, ports, signal),
    azure.managedClusters.listManagedClusters(signal),
    azure.directory.caller(signal),
  ]);
  if (!registry) throw new TypeError("a registry is looked up where Azure is");
  const found = clusters.map(({ cluster }) => meantCluster(cluster, registry, list));
  // Clusters may share an identity, and contexts a cluster. Each identity is granted one role.
  const byIdentity = new Map<string, typeof found>();
  for (const one of found) {
    const { objectId } = one.identity;
    byIdentity.set(objectId, [...(byIdentity.get(objectId) ?? []), one]);
  }
  const [rights, nodes] = await Promise.all([
    azure.roles.registryRights(registry.id, signal),
    Promise.all(
      [...byIdentity].map(async ([objectId, [first, ...more]]): Promise<SeenNodes[]> => {
        if (!first) return [];
        const assignments = await azure.roles.listAssignments(registry.id, objectId, signal);
        const contexts = [first, ...more].map(({ context }) => context);
        return [{ contexts, cluster: first.cluster, identity: first.identity, assignments }];
      }),
    ),
  ]);
  return { registry, caller, rights, nodes: nodes.flat() };
}

function meantCluster(
  { context, apiHost }: Pick<Cluster, "context" | "apiHost">,
  registry: Registry,
  list: ManagedClusterList,
) {
  const [cluster, ...others] = managedClustersOf(apiHost, list);
  if (others.length > 0) throw ambiguous(context, apiHost, list);
  if (!cluster) throw notSeen(context, apiHost, list.unseen);
  if (cluster.pullsByServiceAccount) throw serviceAccountPull(cluster);
  const identity = cluster.kubeletIdentity;
  if (!identity) throw noIdentity(cluster);
  const home = list.tenants.get(registry.subscriptionId.toLowerCase());
  if (home !== undefined && cluster.tenantId !== undefined && home !== cluster.tenantId)
    throw otherTenant(cluster, registry);
  return { context, cluster, identity };
}

const instead = "Run setup without --attach: a pull secret works from any cluster.";

/** The cluster may be in a place that could not be searched. */
function notSeen(context: string, apiHost: string, unseen: readonly ActionableError[]): ActionableError {
  const reasons = unseen.map(({ message }) => `\n  ${message}`).join("");
  const sees = `none of the AKS clusters that the account signed in sees has its API server ${inOneLine(apiHost)}`;
  return new ActionableError(`Context ${inOneLine(context)} cannot be attached: ${sees}.${reasons}`, {
    code: "aks.not-seen",
    hint: isManagedHost(apiHost)
      ? "Sign in to the cluster's tenant with the role Reader on the cluster. If its tenant is not the registry's, its nodes cannot be granted anything there: run setup without --attach, because a pull secret works from any cluster."
      : instead,
    docs,
    exitCode: unseen.length > 0 ? exitCode.failed : exitCode.usage,
    retryable: unseen.some(({ retryable }) => retryable),
    requestId: unseen[0]?.requestId,
  });
}

function ambiguous(context: string, apiHost: string, list: ManagedClusterList): ActionableError {
  return refused(
    "aks.ambiguous",
    `Context ${inOneLine(context)} cannot be attached: ${whyNotSeen(apiHost, list)}.`,
    `Sign in with an account that sees only the right one. Or ${instead.charAt(0).toLowerCase()}${instead.slice(1)}`,
    docs,
  );
}

function noIdentity({ name, resourceGroup }: ManagedCluster): ActionableError {
  return refused(
    "aks.no-identity",
    `The nodes of the AKS cluster ${inOneLine(name)} in ${inOneLine(resourceGroup)} have no identity of their own: they sign in to Azure as a service principal, whose password expires.`,
    `${instead} Or give the cluster an identity first: az aks update --enable-managed-identity, then upgrade its node pools.`,
    "https://learn.microsoft.com/azure/aks/use-managed-identity",
  );
}

function serviceAccountPull({ name, resourceGroup }: ManagedCluster): ActionableError {
  return refused(
    "aks.service-account-pull",
    `Pods of the AKS cluster ${inOneLine(name)} in ${inOneLine(resourceGroup)} pull as the identities of their service accounts, so nothing would use a role of the nodes.`,
    `${instead} Or grant a role to those identities yourself.`,
    "https://aka.ms/aks/identity-binding/acr-image-pull/docs",
  );
}

/** An identity can hold roles only in its own tenant. */
export function otherTenant(
  { name }: Pick<ManagedCluster, "name">,
  registry: Pick<Registry, "name">,
): ActionableError {
  return refused(
    "aks.other-tenant",
    `The identity of the nodes of ${inOneLine(name)} is in another tenant than ${registry.name}, and can hold no role there.`,
    instead,
    docs,
  );
}

const docs = "https://learn.microsoft.com/azure/aks/cluster-container-registry-integration";
