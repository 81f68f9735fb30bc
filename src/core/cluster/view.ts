import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import { isManaged, managedSelector } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Cluster, ClusterTarget } from "../ports.ts";
import { clusterIdOf, noIdRecorded } from "./cluster-id.ts";
import { chosenNamespaces, type NamespaceWish } from "./namespaces.ts";
import { allNamespaces, readManaged, readOwnNamespace, readSecrets } from "./read-secrets.ts";

/** Where a run looks for secrets. Without namespaces and selector: wherever it may look. */
export interface ViewWish extends NamespaceWish {
  /** The name of the secrets to read if they may not be listed. Undefined for the usual name. */
  readonly secretName: string | undefined;
  readonly clusterId: string | undefined;
}

/** One cluster as it was seen, through one or more of the chosen contexts. */
export interface ClusterView {
  readonly clusterId: string;
  readonly contexts: readonly string[];
  readonly cluster: Cluster;
  /**
   * Whether the cluster or the user says which cluster it is. If only marks say so, they may have come with a copy of
   * another cluster's secrets.
   */
  readonly identified: boolean;
  /** Whether one list showed all pull secrets. */
  readonly whole: boolean;
  /** By namespace, then by name. */
  readonly secrets: readonly PullSecret[];
  /** The namespaces that are meant. Undefined for all. */
  readonly namespaces: ReadonlySet<string> | undefined;
  /** The namespaces that were read one by one. Empty if one list showed all. */
  readonly oneByOne: readonly string[];
  /** Those of them that could not be read. */
  readonly missed: ReadonlyArray<UnseenPlace & { readonly namespace: string }>;
}

/** A cluster or namespace that could not be looked at. */
export interface UnseenPlace {
  readonly context: string;
  /** Undefined for the whole cluster. */
  readonly namespace: string | undefined;
  readonly error: ActionableError;
}

/** All clusters that were looked at, and the places that could not be. */
export interface ClusterViews {
  readonly seen: readonly ClusterView[];
  readonly unseen: readonly UnseenPlace[];
}

/** Something that a run does without: a cluster that could not be looked at, or keys that cannot be rotated. */
export interface LeftOut {
  readonly name: string;
  readonly error: ActionableError;
}

/** Names the clusters that a run continues without, with the reason for each. */
export function leftOutOf(unseen: readonly UnseenPlace[]): LeftOut[] {
  return unseen.map(({ context, error }) => ({ name: `context ${inOneLine(context)}`, error }));
}

/** @throws ActionableError `kubernetes.no-context`, exit 2 */
export function requireClusters(clusters: readonly unknown[]): void {
  if (clusters.length === 0) throw refused("kubernetes.no-context", "No kubeconfig context was chosen.");
}

/**
 * Views the pull secrets of every chosen cluster: all of them by one list, else those of the namespaces asked for. A
 * cluster that does not answer is reported separately, and the run continues with the others.
 * @throws ActionableError `cluster.id-unknown`, `cluster.id-mismatch`, `namespace.none-selected`, exit 2
 */
export function viewClusters(
  wish: ViewWish,
  clusters: readonly ClusterTarget[],
  signal: AbortSignal,
): Promise<ClusterViews> {
  const kind: KindOfView = {
    list: (cluster) => cluster.listPullSecrets(signal),
    readSome: async ({ cluster, defaultNamespace }, chosen) => ({
      secrets: await (chosen
        ? readSecrets(wish, cluster, chosen, signal)
        : readOwnNamespace(wish, cluster, defaultNamespace, signal)),
      oneByOne: chosen ?? [defaultNamespace],
      missed: [],
    }),
    endsAll: (error) => error.exitCode === exitCode.usage,
  };
  return viewEach(wish, clusters, kind, signal);
}

/**
 * Views the secrets that carry our label: by one list if that is allowed, else namespace by namespace. A cluster that
 * does not answer, or a namespace that may not be read, is reported separately, and the run continues with the others.
 * @throws ActionableError `cluster.id-mismatch`, `namespace.none-selected`, exit 2
 */
export function viewManaged(
  wish: ViewWish,
  clusters: readonly ClusterTarget[],
  signal: AbortSignal,
): Promise<ClusterViews> {
  const kind: KindOfView = {
    list: (cluster) => cluster.listSecrets(managedSelector, signal),
    readSome: async ({ cluster, defaultNamespace }, chosen) => {
      const oneByOne = chosen ?? (await allNamespaces(cluster, defaultNamespace, signal));
      return { ...(await readManaged(wish, cluster, oneByOne, signal)), oneByOne };
    },
    endsAll: (error) => hasCode(error, "cluster.id-mismatch", "namespace.none-selected"),
  };
  return viewEach(wish, clusters, kind, signal);
}

/** What was read if one list does not show all. */
type PartlyRead = Pick<ClusterView, "secrets" | "oneByOne" | "missed">;

/** How one kind of secret is read. */
interface KindOfView {
  /** Undefined if they may not be listed cluster-wide. */
  readonly list: (cluster: Cluster) => Promise<readonly PullSecret[] | undefined>;
  readonly readSome: (one: ClusterTarget, chosen: readonly string[] | undefined) => Promise<PartlyRead>;
  /** Whether a failure means that no cluster can meet the request. */
  readonly endsAll: (error: ActionableError) => boolean;
}

/** Looks at all clusters side by side, and joins what several contexts show of the same one. */
async function viewEach(
  wish: ViewWish,
  clusters: readonly ClusterTarget[],
  kind: KindOfView,
  signal: AbortSignal,
): Promise<ClusterViews> {
  const unseen: UnseenPlace[] = [];
  const looked = await Promise.all(
    clusters.map(async (one) => {
      try {
        return await viewContext(wish, one, kind, signal);
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted || kind.endsAll(error)) throw error;
        unseen.push({ context: one.cluster.context, namespace: undefined, error });
        return undefined;
      }
    }),
  );
  const byId = new Map<string, ClusterView>();
  for (const one of looked) {
    if (!one) continue;
    const known = byId.get(one.clusterId);
    byId.set(one.clusterId, known ? joined(known, one) : one);
  }
  const seen = [...byId.values()];
  return { seen, unseen: [...unseen, ...seen.flatMap(({ missed }) => missed)] };
}

async function viewContext(
  wish: ViewWish,
  one: ClusterTarget,
  { list, readSome }: KindOfView,
  signal: AbortSignal,
): Promise<ClusterView> {
  const { cluster } = one;
  const [uid, listed, chosen] = await Promise.all([
    cluster.kubeSystemUid(signal),
    list(cluster),
    chosenNamespaces(wish, cluster, signal),
  ]);
  const read = listed ? { secrets: listed, oneByOne: [], missed: [] } : await readSome(one, chosen?.names);
  const secrets = inOrder(read.secrets);
  const recorded = secrets
    .filter(isManaged)
    .flatMap(({ marks }) => Object.values(marks).map(({ clusterId }) => clusterId));
  const clusterId = clusterIdOf({ uid, said: wish.clusterId, recorded }, cluster);
  if (clusterId === undefined) throw noIdRecorded(cluster);
  return {
    ...read,
    clusterId,
    contexts: [cluster.context],
    cluster,
    identified: uid !== undefined || wish.clusterId !== undefined,
    whole: listed !== undefined,
    secrets,
    namespaces: chosen && new Set(chosen.names),
  };
}

/**
 * What two contexts of one cluster show together, with the client of the user who may see more. That client looks
 * again at everything and writes it. A namespace that either of them could read was not missed.
 */
function joined(one: ClusterView, other: ClusterView): ClusterView {
  const [able, less] = other.whole && !one.whole ? [other, one] : [one, other];
  const secrets = new Map([...less.secrets, ...able.secrets].map((secret) => [placeOf(secret), secret]));
  const whole = one.whole || other.whole;
  const read = new Set([...namespacesRead(one), ...namespacesRead(other)]);
  const missed = [...one.missed, ...other.missed].filter(({ namespace }) => !read.has(namespace));
  return {
    ...able,
    contexts: [...one.contexts, ...other.contexts],
    identified: one.identified || other.identified,
    whole,
    secrets: inOrder([...secrets.values()]),
    namespaces:
      one.namespaces && other.namespaces ? new Set([...one.namespaces, ...other.namespaces]) : undefined,
    oneByOne: whole ? [] : [...new Set([...one.oneByOne, ...other.oneByOne])],
    missed: whole ? [] : [...new Map(missed.map((gap) => [gap.namespace, gap])).values()],
  };
}

/** The namespaces that were read one by one, without those that could not be read. */
export function namespacesRead({ oneByOne, missed }: Pick<ClusterView, "oneByOne" | "missed">): string[] {
  const gaps = new Set(missed.map(({ namespace }) => namespace));
  return oneByOne.filter((namespace) => !gaps.has(namespace));
}

/** Whether a secret is one of those that were asked for. */
export function isChosen(
  { namespace, name }: Pick<SecretObject, "namespace" | "name">,
  { namespaces }: Pick<ClusterView, "namespaces">,
  secretName: string | undefined,
): boolean {
  return (namespaces?.has(namespace) ?? true) && (secretName ?? name) === name;
}

function placeOf({ namespace, name }: PullSecret): string {
  return `${namespace}/${name}`;
}

function inOrder(secrets: readonly PullSecret[]): PullSecret[] {
  return secrets.toSorted((left, right) => (placeOf(left) < placeOf(right) ? -1 : 1));
}
