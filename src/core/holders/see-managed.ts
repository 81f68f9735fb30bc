import pMap from "p-map";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { isManaged, managedSelector } from "../../domain/ownership.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import type { Cluster, ClusterTarget } from "../ports.ts";
import {
  chosenNamespaces,
  clusterIdOf,
  inOrder,
  joined,
  seeEach,
  usualSecretName,
  type SeeingWish,
  type SeenCluster,
} from "./see-clusters.ts";

/** The secrets of one cluster that carry our label. */
export interface ManagedSecrets extends SeenCluster {
  /** The namespaces that were read one by one; empty when one list showed all. */
  readonly oneByOne: readonly string[];
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
  const seen = await seeEach<ManagedSecrets>(
    clusters,
    {
      see: (one) => seeContext(wish, one, notSeen, signal),
      join: (one, other) => ({
        ...joined(one, other),
        oneByOne: one.whole || other.whole ? [] : [...new Set([...one.oneByOne, ...other.oneByOne])],
      }),
      isOfTheWish,
      missed: ({ cluster: { context } }, error) => notSeen.push({ context, namespace: undefined, error }),
    },
    signal,
  );
  return { seen, notSeen };
}

/** Whether what was asked for can never be, whatever the cluster. */
function isOfTheWish(error: ActionableError): boolean {
  return hasCode(error, "cluster.id-mismatch", "namespace.none-selected");
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
  const oneByOne = listed ? [] : (chosen ?? (await allNamespaces(cluster, defaultNamespace, signal)));
  const read = listed ?? (await readEach(wish, cluster, oneByOne, notSeen, signal));
  const secrets = inOrder(read);
  return {
    clusterId: clusterIdOf(wish, cluster, uid, secrets),
    contexts: [cluster.context],
    cluster,
    secrets,
    whole: listed !== undefined,
    namespaces: chosen && new Set(chosen),
    oneByOne,
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
