import pMap from "p-map";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import type { NamespaceObject } from "../../domain/kubernetes-objects.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Cluster, ClusterTarget, WritableCluster, Writing } from "../ports.ts";
import { ifAvailable } from "./failure-of-one.ts";
import { atOnce } from "../at-once.ts";

/** One secret to hold the credential. */
export interface Target {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly name: string;
}

/** A planned thing, such as a target, in a cluster that may be written to. */
export type Writable<Planned extends { readonly cluster: Cluster }> = Planned & {
  readonly cluster: WritableCluster;
};

/** The planned thing, with the client that may write to its cluster. */
export function writable<Planned extends { readonly cluster: Cluster }>(
  planned: Planned,
  { clusters }: Writing<{ readonly clusters: readonly ClusterTarget[] }>,
): Writable<Planned> {
  const chosen = clusters.find(({ cluster }) => cluster === planned.cluster);
  if (!chosen) throw new TypeError("a plan is carried out in the clusters it was made for");
  return { ...planned, cluster: chosen.cluster };
}

/** What a target holds today, before it is judged. */
export interface TargetContent {
  readonly secret: PullSecret | undefined;
  /** Undefined if it does not exist, or if there is a secret: then it is not looked up. */
  readonly namespace: NamespaceObject | "unreadable" | undefined;
}

/** Reads a target. */
export async function readTarget(target: Target, signal: AbortSignal): Promise<TargetContent> {
  const { cluster, namespace, name } = target;
  const secret = await cluster.findSecret(namespace, name, signal);
  if (secret) return { secret, namespace: undefined };
  try {
    return { secret, namespace: await cluster.findNamespace(namespace, signal) };
  } catch (error) {
    // A namespace that may not be read is no reason to stop: the write will show whether it exists.
    if (hasCode(error, "kubernetes.forbidden")) return { secret, namespace: "unreadable" };
    throw error;
  }
}

/** From this many targets on, lists of the whole cluster cost less than one read per target. */
export const manyTargets = 20;

/** A target as it was read, or why it could not be. */
export interface ReadTarget {
  readonly target: Target;
  readonly content: TargetContent | ActionableError;
}

/**
 * Reads targets in one cluster. Many targets of the same name are read through lists, if those are allowed.
 * @param namespaces the cluster's namespaces, if they are already known
 */
export async function readTargets(
  targets: readonly Target[],
  namespaces: readonly NamespaceObject[] | undefined,
  signal: AbortSignal,
): Promise<readonly ReadTarget[]> {
  const byName = new Map<string, Target[]>();
  for (const target of targets) {
    const alike = byName.get(target.name);
    if (alike) alike.push(target);
    else byName.set(target.name, [target]);
  }
  const read = await pMap(byName.values(), (alike) => readAlike(alike, namespaces, signal), {
    concurrency: 1,
  });
  return read.flat();
}

/** Reads targets that have the same name. */
async function readAlike(
  targets: readonly Target[],
  namespaces: readonly NamespaceObject[] | undefined,
  signal: AbortSignal,
): Promise<readonly ReadTarget[]> {
  const listed = targets.length < manyTargets ? undefined : await listContents(targets, namespaces, signal);
  return pMap(
    targets,
    async (target) => {
      const known = listed?.(target);
      if (known) return { target, content: known };
      try {
        return { target, content: await readTarget(target, signal) };
      } catch (error) {
        if (error instanceof ActionableError && !signal.aborted) return { target, content: error };
        throw error;
      }
    },
    atOnce,
  );
}

/** Reads through lists what targets hold. Undefined if the secrets may not be listed, or if the list failed. */
async function listContents(
  targets: readonly Target[],
  known: readonly NamespaceObject[] | undefined,
  signal: AbortSignal,
): Promise<((target: Target) => TargetContent | undefined) | undefined> {
  const [first] = targets;
  if (!first) return undefined;
  // A failure here is not reported: each target is then read by itself, and reports its own failure.
  const [secrets, namespaces] = await Promise.all([
    ifAvailable(first.cluster.listSecretsNamed(first.name, signal), signal),
    known ?? ifAvailable(first.cluster.listNamespaces("", signal), signal),
  ]);
  if (!secrets) return undefined;
  const secretIn = new Map(secrets.map((secret) => [secret.namespace, secret]));
  const namespaceOf = namespaces && new Map(namespaces.map((namespace) => [namespace.name, namespace]));
  return (target) => {
    const secret = secretIn.get(target.namespace);
    if (secret) return { secret, namespace: undefined };
    // The known namespaces may be only those with the labels. Any other one is looked up by itself.
    const namespace = namespaceOf?.get(target.namespace);
    return namespace || (namespaceOf && !known) ? { secret: undefined, namespace } : undefined;
  };
}
