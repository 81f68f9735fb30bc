import pMap from "p-map";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { isManaged, managedSelector } from "../../domain/ownership.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import type { Cluster, ClusterTarget } from "../ports.ts";
import { chosenNamespaces, clusterIdOf, inOrder, usualSecretName, type SeeingWish } from "./see-clusters.ts";

/** The secrets of one cluster that carry our label, and how much of the cluster that covers. */
export interface ManagedSecrets {
  readonly clusterId: string;
  /** The context through which it was looked, and others that lead to the same cluster. */
  readonly contexts: readonly string[];
  readonly cluster: Cluster;
  readonly secrets: readonly SecretObject[];
  /** Whether one list showed all there are. */
  readonly whole: boolean;
  /** The namespaces that were read one by one; empty when `whole`. */
  readonly namespaces: readonly string[];
  /** The namespaces whose entries are meant; undefined: all. */
  readonly chosen: ReadonlySet<string> | undefined;
}

/** Where it could not be looked. */
export interface NotSeen {
  readonly context: string;
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
  readonly error: ActionableError;
}

/**
 * Reads the managed secrets of every chosen cluster: by one list where that is allowed, else namespace by namespace. A
 * cluster that does not answer, and a namespace that may not be read, is told apart; the others go on without it.
 * @throws ActionableError `cluster.id-mismatch`, `namespace.none-selected`, exit 2
 */
export async function seeManaged(
  wish: SeeingWish,
  clusters: readonly ClusterTarget[],
  signal: AbortSignal,
): Promise<{ readonly seen: readonly ManagedSecrets[]; readonly notSeen: readonly NotSeen[] }> {
  const notSeen: NotSeen[] = [];
  const looked = await Promise.all(
    clusters.map(async (one) => {
      try {
        return await seeContext(wish, one, notSeen, signal);
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted || isOfTheWish(error)) throw error;
        notSeen.push({ context: one.cluster.context, namespace: undefined, error });
        return undefined;
      }
    }),
  );
  const byId = new Map<string, ManagedSecrets>();
  for (const one of looked) {
    if (!one) continue;
    const known = byId.get(one.clusterId);
    byId.set(one.clusterId, known ? joined(known, one) : one);
  }
  return { seen: [...byId.values()], notSeen };
}

/** Whether what was asked for can never be, whatever the cluster. */
function isOfTheWish(error: ActionableError): boolean {
  return hasCode(error, "cluster.id-mismatch", "namespace.none-selected");
}

/** Two contexts of one cluster: what either of them shows, and of two users the one that may see more. */
function joined(one: ManagedSecrets, other: ManagedSecrets): ManagedSecrets {
  const [able, less] = other.whole && !one.whole ? [other, one] : [one, other];
  const secrets = new Map(
    [...less.secrets, ...able.secrets].map((secret) => [`${secret.namespace}/${secret.name}`, secret]),
  );
  const whole = one.whole || other.whole;
  return {
    ...able,
    contexts: [...one.contexts, ...other.contexts],
    secrets: inOrder([...secrets.values()]),
    whole,
    namespaces: whole ? [] : [...new Set([...one.namespaces, ...other.namespaces])],
    chosen: one.chosen && other.chosen && new Set([...one.chosen, ...other.chosen]),
  };
}

async function seeContext(
  wish: SeeingWish,
  { cluster, defaultNamespace }: ClusterTarget,
  notSeen: NotSeen[],
  signal: AbortSignal,
): Promise<ManagedSecrets> {
  const [uid, listed, chosen] = await Promise.all([
    cluster.kubeSystemUid(signal),
    cluster.listSecrets(managedSelector, signal),
    chosenNamespaces(wish, cluster, signal),
  ]);
  const namespaces = listed ? [] : (chosen ?? (await allNamespaces(cluster, defaultNamespace, signal)));
  const read = listed ?? (await readEach(wish, cluster, namespaces, notSeen, signal));
  const secrets = inOrder(read);
  return {
    clusterId: clusterIdOf(wish, cluster, uid, secrets),
    contexts: [cluster.context],
    cluster,
    secrets,
    whole: listed !== undefined,
    namespaces,
    chosen: chosen && new Set(chosen),
  };
}

async function allNamespaces(
  cluster: Cluster,
  defaultNamespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return (await cluster.listNamespaces("", signal)).map(({ name }) => name);
  } catch (error) {
    if (!hasCode(error, "kubernetes.forbidden")) throw error;
    return [defaultNamespace];
  }
}

async function readEach(
  { secretName = usualSecretName, concurrency }: SeeingWish,
  cluster: Cluster,
  namespaces: readonly string[],
  notSeen: NotSeen[],
  signal: AbortSignal,
): Promise<SecretObject[]> {
  const read = await pMap(
    new Set(namespaces),
    async (namespace): Promise<readonly SecretObject[]> => {
      try {
        const listed = await cluster.listSecretsIn(namespace, managedSelector, signal);
        if (listed) return listed;
        // Who may not list may still read the one secret that is known by name.
        const secret = await cluster.findSecret(namespace, secretName, signal);
        return secret && isManaged(secret) ? [secret] : [];
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted) throw error;
        notSeen.push({ context: cluster.context, namespace, error });
        return [];
      }
    },
    { concurrency },
  );
  return read.flat();
}
