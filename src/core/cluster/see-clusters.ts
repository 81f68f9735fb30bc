import pMap from "p-map";
import { isPullSecretType } from "../../domain/docker-config.ts";
import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { isManaged } from "../../domain/ownership.ts";
import type { Cluster, ClusterTarget } from "../ports.ts";

/** The name that `setup` gives a secret when none was asked for. */
export const usualSecretName = "acr-secret";

/** What of a run's wishes decides where to look. */
export interface SeeingWish {
  /** Namespaces that are meant; empty, and no selector: all that can be seen. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** The name of the secrets to read where they may not be listed; undefined: the usual one. */
  readonly secretName: string | undefined;
  readonly clusterId: string | undefined;
  /** The most requests under way at once in a cluster. */
  readonly concurrency: number;
}

/** The pull secrets of one cluster, reached through one or more of the chosen contexts. */
export interface SeenCluster {
  readonly clusterId: string;
  readonly contexts: readonly string[];
  readonly cluster: Cluster;
  /**
   * Whether the cluster or the user says which cluster it is. Marks that alone tell it may have come with a copy of
   * another cluster's secrets.
   */
  readonly identified: boolean;
  /** Whether one list showed all there are. */
  readonly whole: boolean;
  readonly secrets: readonly PullSecret[];
  /** The namespaces whose keys are meant; undefined: all. */
  readonly namespaces: ReadonlySet<string> | undefined;
}

/** What a run has to do without: a cluster that could not be looked at, or keys that cannot be rotated. */
export interface LeftOut {
  readonly name: string;
  readonly error: ActionableError;
}

/**
 * Reads the pull secrets of every chosen cluster: all of them by one list, else those of the namespaces asked for.
 * A cluster that does not answer is told apart; the others go on without it.
 * @throws ActionableError `cluster.id-unknown`, `cluster.id-mismatch`, `namespace.none-selected`, exit 2
 */
export async function seeClusters(
  wish: SeeingWish,
  clusters: readonly ClusterTarget[],
  signal: AbortSignal,
): Promise<{ readonly seen: readonly SeenCluster[]; readonly unseen: readonly LeftOut[] }> {
  const unseen: LeftOut[] = [];
  const seen = await seeEach(
    clusters,
    {
      see: (one) => seeContext(wish, one, signal),
      join: joined,
      isOfTheWish: (error) => error.exitCode === exitCode.usage,
      missed: ({ cluster }, error) => unseen.push({ name: `context ${inOneLine(cluster.context)}`, error }),
    },
    signal,
  );
  return { seen, unseen };
}

/** How clusters are looked at, whatever is looked for. */
export interface Looking<Seen> {
  readonly see: (one: ClusterTarget) => Promise<Seen>;
  /** Two contexts of one cluster. */
  readonly join: (one: Seen, other: Seen) => Seen;
  /** Whether what was asked for can never be: then nobody is looked at any more. */
  readonly isOfTheWish: (error: ActionableError) => boolean;
  /** Hears of a cluster that does not let itself be looked at; the others go on without it. */
  readonly missed: (one: ClusterTarget, error: ActionableError) => void;
}

/** Looks at all clusters side by side, and once at each of them, however many contexts lead to it. */
export async function seeEach<Seen extends Pick<SeenCluster, "clusterId">>(
  clusters: readonly ClusterTarget[],
  { see, join, isOfTheWish, missed }: Looking<Seen>,
  signal: AbortSignal,
): Promise<readonly Seen[]> {
  const looked = await Promise.all(
    clusters.map(async (one) => {
      try {
        return await see(one);
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted || isOfTheWish(error)) throw error;
        missed(one, error);
        return undefined;
      }
    }),
  );
  const byId = new Map<string, Seen>();
  for (const one of looked) {
    if (!one) continue;
    const known = byId.get(one.clusterId);
    byId.set(one.clusterId, known ? join(known, one) : one);
  }
  return [...byId.values()];
}

/**
 * Two contexts of one cluster: what either of them shows, and of two users the one that may see more. Whatever was
 * seen has to be looked at again and written by that one.
 */
export function joined<Seen extends SeenCluster>(one: Seen, other: Seen): Seen {
  const [able, less] = other.whole && !one.whole ? [other, one] : [one, other];
  const secrets = new Map(
    [...less.secrets, ...able.secrets].map((secret) => [`${secret.namespace}/${secret.name}`, secret]),
  );
  return {
    ...able,
    contexts: [...one.contexts, ...other.contexts],
    identified: one.identified || other.identified,
    whole: one.whole || other.whole,
    secrets: inOrder([...secrets.values()]),
    namespaces:
      one.namespaces && other.namespaces ? new Set([...one.namespaces, ...other.namespaces]) : undefined,
  };
}

async function seeContext(
  wish: SeeingWish,
  { cluster, defaultNamespace }: ClusterTarget,
  signal: AbortSignal,
): Promise<SeenCluster> {
  const [uid, listed, chosen] = await Promise.all([
    cluster.kubeSystemUid(signal),
    cluster.listPullSecrets(signal),
    chosenNamespaces(wish, cluster, signal),
  ]);
  const secrets = inOrder(
    listed ??
      (await (chosen
        ? readSecrets(wish, cluster, chosen, signal)
        : readOwnNamespace(wish, cluster, defaultNamespace, signal))),
  );
  return {
    clusterId: clusterIdOf(wish, cluster, uid, secrets),
    contexts: [cluster.context],
    cluster,
    identified: uid !== undefined || wish.clusterId !== undefined,
    whole: listed !== undefined,
    secrets,
    namespaces: chosen && new Set(chosen),
  };
}

/**
 * The namespaces that were named or have the labels; undefined: nobody chose.
 * @throws ActionableError `namespace.none-selected`, exit 2
 */
export async function chosenNamespaces(
  { namespaces, namespaceSelector }: Pick<SeeingWish, "namespaces" | "namespaceSelector">,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  if (namespaceSelector === undefined) return namespaces.length > 0 ? namespaces : undefined;
  const selected = await cluster.listNamespaces(namespaceSelector, signal);
  const names = [...namespaces, ...selected.map(({ name }) => name)];
  if (names.length > 0) return names;
  throw refused(
    "namespace.none-selected",
    `No namespace in context ${inOneLine(cluster.context)} carries the labels ${namespaceSelector}.`,
    "Check --namespace-selector: kubectl get namespaces --show-labels.",
  );
}

async function readSecrets(
  { secretName = usualSecretName, concurrency }: SeeingWish,
  cluster: Cluster,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<PullSecret[]> {
  const found = await pMap(
    [...new Set(namespaces)],
    (namespace) => cluster.findSecret(namespace, secretName, signal),
    { concurrency },
  );
  return found.filter((secret) => secret !== undefined).filter(({ type }) => isPullSecretType(type));
}

/**
 * Nobody chose namespaces, and secrets may not be listed in all: that right lacks, not one in the context's own, where
 * there may be nothing to see.
 * @throws ActionableError `kubernetes.forbidden` that names it, exit 3
 */
async function readOwnNamespace(
  wish: SeeingWish,
  cluster: Cluster,
  namespace: string,
  signal: AbortSignal,
): Promise<PullSecret[]> {
  try {
    return await readSecrets(wish, cluster, [namespace], signal);
  } catch (error) {
    if (!hasCode(error, "kubernetes.forbidden")) throw error;
    throw new ActionableError(
      `You may not list secrets in every namespace of context ${inOneLine(cluster.context)}, nor get them in ${inOneLine(namespace)}, its own.`,
      {
        code: "kubernetes.forbidden",
        hint: "Ask for the right to list secrets cluster-wide, or name the namespaces with -n.",
        docs: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        exitCode: exitCode.notAllowed,
      },
      { cause: error },
    );
  }
}

/** By namespace, then by name. */
export function inOrder(secrets: readonly PullSecret[]): PullSecret[] {
  const place = ({ namespace, name }: PullSecret) => `${namespace}/${name}`;
  return secrets.toSorted((left, right) => (place(left) < place(right) ? -1 : 1));
}

/**
 * The UID of kube-system; where it may not be read, what the user says, else what a managed secret recorded.
 * @throws ActionableError `cluster.id-unknown`, `cluster.id-mismatch`, exit 2
 */
export function clusterIdOf(
  { clusterId }: Pick<SeeingWish, "clusterId">,
  { context }: Cluster,
  uid: string | undefined,
  secrets: readonly PullSecret[],
): string {
  if (uid !== undefined && clusterId !== undefined && clusterId !== uid) {
    throw refused(
      "cluster.id-mismatch",
      `Context ${context} is the cluster ${uid}, not ${clusterId}.`,
      "Leave --cluster-id out: it is read from the cluster.",
    );
  }
  const known = uid ?? clusterId;
  if (known !== undefined) return known;
  const recorded = new Set(
    secrets.filter(isManaged).flatMap((secret) => Object.values(secret.marks).map(({ clusterId: id }) => id)),
  );
  const [only, ...more] = recorded;
  if (only !== undefined && more.length === 0) return only;
  throw refused(
    "cluster.id-unknown",
    `The namespace kube-system in context ${inOneLine(context)} may not be read, and ${only === undefined ? "no secret that can be seen records" : "the secrets that can be seen do not agree on"} the cluster's id.`,
    "Ask for the right to get the namespace kube-system, or give the id that setup was run with by --cluster-id.",
  );
}
