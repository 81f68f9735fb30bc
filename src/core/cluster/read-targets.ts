import pMap from "p-map";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import type { NamespaceObject } from "../../domain/kubernetes-objects.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Cluster, ClusterTarget, WritableCluster, Writing } from "../ports.ts";
import { ifToBeHad } from "./failure-of-one.ts";

/** One secret to hold the credential. */
export interface Target {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly name: string;
}

/** Something that was planned for a cluster, such as a target, where it may be written. */
export type Writable<Planned extends { readonly cluster: Cluster }> = Planned & {
  readonly cluster: WritableCluster;
};

/** What was planned, in the cluster that it was planned for, of those that may be written to. */
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
  /** Looked up only where there is no secret; undefined when it is missing, or may not be read. */
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
    // The right to read the namespace is a courtesy; the write will tell.
    if (hasCode(error, "kubernetes.forbidden")) return { secret, namespace: "unreadable" };
    throw error;
  }
}

/** From so many targets on, lists of the whole cluster cost less than a look at each of them. */
export const manyTargets = 20;

/** A target as it was read, or why it could not be. */
export interface ReadTarget {
  readonly target: Target;
  readonly content: TargetContent | ActionableError;
}

/** How targets are read. */
interface Reading {
  readonly concurrency: number;
  /** Those of the cluster that are known already. */
  readonly namespaces?: readonly NamespaceObject[] | undefined;
}

/** Reads targets in one cluster, many of one name by lists where those are allowed. */
export async function readTargets(
  targets: readonly Target[],
  reading: Reading,
  signal: AbortSignal,
): Promise<readonly ReadTarget[]> {
  const byName = new Map<string, Target[]>();
  for (const target of targets) {
    const alike = byName.get(target.name);
    if (alike) alike.push(target);
    else byName.set(target.name, [target]);
  }
  const read = await pMap(byName.values(), (alike) => readAlike(alike, reading, signal), { concurrency: 1 });
  return read.flat();
}

/** Reads targets of one name. */
async function readAlike(
  targets: readonly Target[],
  { concurrency, namespaces }: Reading,
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
    { concurrency },
  );
}

/** Tells by lists what targets hold; undefined where the secrets may not be listed, or the list failed. */
async function listContents(
  targets: readonly Target[],
  known: readonly NamespaceObject[] | undefined,
  signal: AbortSignal,
): Promise<((target: Target) => TargetContent | undefined) | undefined> {
  const [first] = targets;
  if (!first) return undefined;
  // What fails here is told of each target by itself.
  const [secrets, namespaces] = await Promise.all([
    ifToBeHad(first.cluster.listSecretsNamed(first.name, signal), signal),
    known ?? ifToBeHad(first.cluster.listNamespaces("", signal), signal),
  ]);
  if (!secrets) return undefined;
  const secretIn = new Map(secrets.map((secret) => [secret.namespace, secret]));
  const namespaceOf = namespaces && new Map(namespaces.map((namespace) => [namespace.name, namespace]));
  return (target) => {
    const secret = secretIn.get(target.namespace);
    if (secret) return { secret, namespace: undefined };
    // Of those that were selected beforehand others may be missing, and are looked at.
    const namespace = namespaceOf?.get(target.namespace);
    return namespace || (namespaceOf && !known) ? { secret: undefined, namespace } : undefined;
  };
}
