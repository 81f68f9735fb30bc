import { ActionableError, refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { entriesAnnotation, managedSelector } from "../../domain/ownership.ts";
import { marksMalformed, troubleOf, type PullSecret } from "../../domain/pull-secret.ts";
import { clusterIdOf } from "../cluster/cluster-id.ts";
import { chosenNamespaces, type ChosenNamespaces } from "../cluster/namespaces.ts";
import { readTargets, type ReadTarget, type Target } from "../cluster/read-targets.ts";
import type { Cluster, ClusterTarget } from "../ports.ts";
import type { SetupInput } from "./contract.ts";

/** One cluster, reached through one or more of the chosen contexts. */
export interface TargetsView {
  /** Undefined if it did not answer: then every target has the reason. */
  readonly clusterId: string | undefined;
  readonly contexts: readonly string[];
  readonly cluster: Cluster;
  readonly targets: readonly ReadTarget[];
  /** The managed secrets of every namespace, listed once, when first asked for. Undefined if that is not allowed. */
  managedSecrets(signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
}

/** Reads every target of every context, and finds which contexts are one cluster. */
export async function lookAtClusters(
  input: SetupInput,
  clusters: readonly ClusterTarget[],
  signal: AbortSignal,
): Promise<readonly TargetsView[]> {
  const read = await Promise.all(clusters.map((one) => lookAtContext(input, one, signal)));
  const byId = new Map<string, TargetsInContext[]>();
  for (const one of read) {
    // A cluster that does not answer has no id, but its targets are still named.
    const key = one.clusterId ?? ` ${one.cluster.context}`;
    byId.set(key, [...(byId.get(key) ?? []), one]);
  }
  const view = [...byId.values()].map(joinContexts);
  // If a target has no entry, the cluster's other secrets will be needed. They are listed while the rest is looked
  // up.
  for (const one of view) {
    if (one.clusterId !== undefined && one.targets.some(hasNoEntries))
      one.managedSecrets(signal).catch(() => {});
  }
  return view;
}

/** Whether a target was read and holds no entry of ours, for any registry. */
export function hasNoEntries({ content }: ReadTarget): boolean {
  return (
    !(content instanceof ActionableError) && content.secret?.annotations[entriesAnnotation] === undefined
  );
}

interface TargetsInContext {
  readonly clusterId: string | undefined;
  readonly cluster: Cluster;
  readonly targets: readonly ReadTarget[];
}

function joinContexts(contexts: readonly TargetsInContext[]): TargetsView {
  const [first] = contexts;
  if (!first) throw new TypeError("a cluster has at least one context");
  const targets = new Map<string, ReadTarget>();
  for (const one of contexts.flatMap((context) => context.targets)) {
    // Two contexts of one cluster may name the same secret: it is written once.
    const key = `${one.target.namespace}/${one.target.name}`;
    const present = targets.get(key);
    if (!present || present.content instanceof ActionableError) targets.set(key, one);
  }
  let listing: Promise<readonly PullSecret[] | undefined> | undefined;
  return {
    clusterId: first.clusterId,
    contexts: contexts.map(({ cluster }) => cluster.context),
    cluster: first.cluster,
    targets: [...targets.values()].sort((left, right) =>
      orderOf(left.target) < orderOf(right.target) ? -1 : 1,
    ),
    managedSecrets: (signal) => (listing ??= first.cluster.listSecrets(managedSelector, signal)),
  };
}

function orderOf({ namespace, name }: Target): string {
  return `${namespace}/${name}`;
}

async function lookAtContext(
  input: SetupInput,
  { cluster, defaultNamespace }: ClusterTarget,
  signal: AbortSignal,
): Promise<TargetsInContext> {
  let chosen: ChosenNamespaces;
  try {
    const showLabels = input.suggest.kubectl(cluster.context, "get", "namespaces", "--show-labels");
    chosen = (await chosenNamespaces(input, cluster, signal, showLabels)) ?? {
      names: [defaultNamespace],
      selected: undefined,
    };
  } catch (error) {
    if (!(error instanceof ActionableError) || error.code === "namespace.none-selected") throw error;
    return {
      clusterId: undefined,
      cluster,
      targets: [unreadable(input, cluster, `(${input.namespaceSelector})`, error)],
    };
  }
  const { names, selected } = chosen;
  const wanted = names.map((namespace): Target => ({ cluster, namespace, name: input.secretName }));
  const [uid, targets] = await Promise.all([
    cluster.kubeSystemUid(signal).catch((error: unknown) => {
      if (error instanceof ActionableError && !signal.aborted) return error;
      throw error;
    }),
    readTargets(wanted, selected, signal),
  ]);
  if (uid instanceof ActionableError) {
    return {
      clusterId: undefined,
      cluster,
      targets: names.map((namespace) => unreadable(input, cluster, namespace, uid)),
    };
  }
  return { clusterId: idOf(input, cluster, uid, targets), cluster, targets };
}

function unreadable(
  input: SetupInput,
  cluster: Cluster,
  namespace: string,
  error: ActionableError,
): ReadTarget {
  return { target: { cluster, namespace, name: input.secretName }, content: error };
}

/** Undefined if nothing shows it, and no target could be read. */
function idOf(
  input: SetupInput,
  cluster: Cluster,
  uid: string | undefined,
  targets: readonly ReadTarget[],
): string | undefined {
  const read = targets.flatMap(({ content }) => (content instanceof ActionableError ? [] : [content]));
  const secrets = read.flatMap(({ secret }) => secret ?? []);
  const recorded = secrets.flatMap(({ marks }) => Object.values(marks).map(({ clusterId }) => clusterId));
  const known = clusterIdOf({ uid, said: input.clusterId, recorded }, cluster);
  if (known !== undefined || read.length === 0) return known;
  const unreadable = secrets.find((secret) => troubleOf(secret, "marks-malformed"));
  if (unreadable) throw marksMalformed(unreadable);
  throw refused(
    "cluster.id-unknown",
    `You may not read the namespace kube-system in context ${inOneLine(cluster.context)}, so acr-pull cannot tell the cluster from others.`,
    "Ask for the right to get the namespace kube-system, or pass its UID (or any id that is unique to the cluster and never changes) with --cluster-id.",
  );
}
