import type { ClusterReads } from "../ports.ts";
import { ifToBeHad } from "../cluster/failure-of-one.ts";

/** What is read of one namespace. */
export type NamespaceReads = Pick<
  ClusterReads,
  "context" | "listPullSecretsIn" | "listAccountLinks" | "findSecret" | "listPods" | "findPod"
>;

/**
 * The reads of many namespaces, answered by lists of the whole cluster as far as those may be had: of its pull secrets
 * and of its service accounts. Pods stay with their namespaces, for nobody knows how many there are in the others.
 */
export async function readsByList(cluster: ClusterReads, signal: AbortSignal): Promise<NamespaceReads> {
  // What stands in the way is told of each namespace by itself.
  const [secrets, accounts] = await Promise.all([
    ifToBeHad(cluster.listPullSecrets(signal), signal),
    ifToBeHad(cluster.listAllAccountLinks(signal), signal),
  ]);
  const secretsOf = byNamespace(secrets);
  const accountsOf = byNamespace(accounts);
  return {
    context: cluster.context,
    listPods: (namespace, signal) => cluster.listPods(namespace, signal),
    findPod: (namespace, name, signal) => cluster.findPod(namespace, name, signal),
    listPullSecretsIn: async (namespace, signal) =>
      secretsOf?.(namespace) ?? (await cluster.listPullSecretsIn(namespace, signal)),
    listAccountLinks: async (namespace, signal) =>
      accountsOf?.(namespace) ?? (await cluster.listAccountLinks(namespace, signal)),
    // One of another type may have that name.
    findSecret: async (namespace, name, signal) =>
      secretsOf?.(namespace).find((secret) => secret.name === name) ??
      (await cluster.findSecret(namespace, name, signal)),
  };
}

function byNamespace<T extends { readonly namespace: string }>(
  all: readonly T[] | undefined,
): ((namespace: string) => readonly T[]) | undefined {
  if (all === undefined) return undefined;
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(one.namespace);
    if (group) group.push(one);
    else groups.set(one.namespace, [one]);
  }
  return (namespace) => groups.get(namespace) ?? [];
}
