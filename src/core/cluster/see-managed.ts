import pMap from "p-map";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import { isManaged, managedSelector } from "../../domain/ownership.ts";
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
  /** The namespaces that were asked for one by one; empty when one list showed all. */
  readonly oneByOne: readonly string[];
  /** Those of them that could not be read. */
  readonly missed: ReadonlyArray<NotSeen & { readonly namespace: string }>;
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
      see: (one) => seeContext(wish, one, signal),
      join: joinedManaged,
      isOfTheWish,
      missed: ({ cluster: { context } }, error) => notSeen.push({ context, namespace: undefined, error }),
    },
    signal,
  );
  return { seen, notSeen: [...notSeen, ...seen.flatMap(({ missed }) => missed)] };
}

/** Two contexts of one cluster: what one of them may read nobody has missed. */
function joinedManaged(one: ManagedSecrets, other: ManagedSecrets): ManagedSecrets {
  const both = joined(one, other);
  if (both.whole) return { ...both, oneByOne: [], missed: [] };
  const read = new Set([...namespacesRead(one), ...namespacesRead(other)]);
  const missed = [...one.missed, ...other.missed].filter(({ namespace }) => !read.has(namespace));
  return {
    ...both,
    oneByOne: [...new Set([...one.oneByOne, ...other.oneByOne])],
    missed: [...new Map(missed.map((gap) => [gap.namespace, gap])).values()],
  };
}

/** The namespaces that were read one by one, without those that could not be. */
export function namespacesRead({ oneByOne, missed }: Pick<ManagedSecrets, "oneByOne" | "missed">): string[] {
  const gaps = new Set(missed.map(({ namespace }) => namespace));
  return oneByOne.filter((namespace) => !gaps.has(namespace));
}

/** Whether a secret is one of those that were asked for. */
export function isChosen(
  { namespace, name }: Pick<SecretObject, "namespace" | "name">,
  { namespaces }: Pick<ManagedSecrets, "namespaces">,
  secretName: string | undefined,
): boolean {
  return (namespaces?.has(namespace) ?? true) && (secretName ?? name) === name;
}

/** Whether what was asked for can never be, whatever the cluster. */
function isOfTheWish(error: ActionableError): boolean {
  return hasCode(error, "cluster.id-mismatch", "namespace.none-selected");
}

async function seeContext(
  wish: SeeingWish,
  { cluster, defaultNamespace }: ClusterTarget,
  signal: AbortSignal,
): Promise<ManagedSecrets> {
  const [uid, listed, chosen] = await Promise.all([
    cluster.kubeSystemUid(signal),
    cluster.listSecrets(managedSelector, signal),
    chosenNamespaces(wish, cluster, signal),
  ]);
  const oneByOne = listed ? [] : (chosen ?? (await allNamespaces(cluster, defaultNamespace, signal)));
  const read = listed ? { secrets: listed, missed: [] } : await readEach(wish, cluster, oneByOne, signal);
  const secrets = inOrder(read.secrets);
  return {
    clusterId: clusterIdOf(wish, cluster, uid, secrets),
    contexts: [cluster.context],
    cluster,
    secrets,
    whole: listed !== undefined,
    namespaces: chosen && new Set(chosen),
    oneByOne,
    missed: read.missed,
    identified: uid !== undefined || wish.clusterId !== undefined,
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
  signal: AbortSignal,
): Promise<Pick<ManagedSecrets, "secrets" | "missed">> {
  const answers = await pMap(
    new Set(namespaces),
    async (namespace): Promise<Pick<ManagedSecrets, "secrets" | "missed">> => {
      try {
        const listed = await cluster.listSecretsIn(namespace, managedSelector, signal);
        if (listed) return { secrets: listed, missed: [] };
        // Who may not list may still read the one secret that is known by name.
        const secret = await cluster.findSecret(namespace, secretName, signal);
        return { secrets: secret && isManaged(secret) ? [secret] : [], missed: [] };
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted) throw error;
        return { secrets: [], missed: [{ context: cluster.context, namespace, error }] };
      }
    },
    { concurrency },
  );
  return {
    secrets: answers.flatMap(({ secrets }) => secrets),
    missed: answers.flatMap(({ missed }) => missed),
  };
}
