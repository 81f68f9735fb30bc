import { ActionableError, refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import type { NamespaceObject } from "../../domain/kubernetes-objects.ts";
import { marksToChange, type PullSecret } from "../../domain/pull-secret.ts";
import { entriesAnnotation, managedSelector } from "../../domain/ownership.ts";
import type { Cluster, ClusterTarget } from "../ports.ts";
import { readTargets, type ReadTarget, type Target } from "../cluster/read-targets.ts";
import type { SetupInput } from "./contract.ts";

/** One cluster, reached through one or more of the chosen contexts. */
export interface SurveyedCluster {
  /** Undefined when it did not answer: then every target carries the reason. */
  readonly clusterId: string | undefined;
  readonly contexts: readonly string[];
  readonly cluster: Cluster;
  readonly targets: readonly ReadTarget[];
  /** The managed secrets of every namespace, listed once when first asked; undefined when that is not allowed. */
  managedSecrets(signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
}

/** Reads every target of every context, and tells which contexts are one cluster. */
export async function surveyClusters(
  input: SetupInput,
  clusters: readonly ClusterTarget[],
  signal: AbortSignal,
): Promise<readonly SurveyedCluster[]> {
  const read = await Promise.all(clusters.map((one) => surveyContext(input, one, signal)));
  const byId = new Map<string, SurveyedContext[]>();
  for (const one of read) {
    // A cluster that does not answer has no id; its targets are named all the same.
    const key = one.clusterId ?? ` ${one.cluster.context}`;
    byId.set(key, [...(byId.get(key) ?? []), one]);
  }
  const surveyed = [...byId.values()].map(joinContexts);
  // Where a target has no entry the other secrets of the cluster will be needed: asked for while the rest is looked up.
  for (const one of surveyed) {
    if (one.clusterId !== undefined && one.targets.some(lacksEntries))
      one.managedSecrets(signal).catch(() => {});
  }
  return surveyed;
}

/** Whether a target was read and no entry of ours, for whatever registry, is in it. */
export function lacksEntries({ content }: ReadTarget): boolean {
  return (
    !(content instanceof ActionableError) && content.secret?.annotations[entriesAnnotation] === undefined
  );
}

interface SurveyedContext {
  readonly clusterId: string | undefined;
  readonly cluster: Cluster;
  readonly targets: readonly ReadTarget[];
}

function joinContexts(contexts: readonly SurveyedContext[]): SurveyedCluster {
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

async function surveyContext(
  input: SetupInput,
  { cluster, defaultNamespace }: ClusterTarget,
  signal: AbortSignal,
): Promise<SurveyedContext> {
  let namespaces = input.namespaces;
  let selected: readonly NamespaceObject[] | undefined;
  try {
    if (input.namespaceSelector !== undefined) {
      selected = await cluster.listNamespaces(input.namespaceSelector, signal);
      namespaces = withSelected(input, cluster, selected);
    } else if (namespaces.length === 0) namespaces = [defaultNamespace];
  } catch (error) {
    if (!(error instanceof ActionableError) || error.code === "namespace.none-selected") throw error;
    return {
      clusterId: undefined,
      cluster,
      targets: [unreadable(input, cluster, `(${input.namespaceSelector})`, error)],
    };
  }
  const names = [...new Set(namespaces)];
  const wanted = names.map((namespace): Target => ({ cluster, namespace, name: input.secretName }));
  const { concurrency } = input;
  const [uid, targets] = await Promise.all([
    cluster.kubeSystemUid(signal).catch((error: unknown) => {
      if (error instanceof ActionableError && !signal.aborted) return error;
      throw error;
    }),
    readTargets(wanted, { concurrency, namespaces: selected }, signal),
  ]);
  if (uid instanceof ActionableError) {
    return {
      clusterId: undefined,
      cluster,
      targets: names.map((namespace) => unreadable(input, cluster, namespace, uid)),
    };
  }
  return { clusterId: clusterIdOf(input, cluster, uid, targets), cluster, targets };
}

function withSelected(
  input: SetupInput,
  cluster: Cluster,
  selected: readonly NamespaceObject[],
): readonly string[] {
  const names = [...input.namespaces, ...selected.map(({ name }) => name)];
  if (names.length > 0) return names;
  throw refused(
    "namespace.none-selected",
    `No namespace in context ${inOneLine(cluster.context)} carries the labels ${input.namespaceSelector}.`,
    "Check --namespace-selector: kubectl get namespaces --show-labels.",
  );
}

function unreadable(
  input: SetupInput,
  cluster: Cluster,
  namespace: string,
  error: ActionableError,
): ReadTarget {
  return { target: { cluster, namespace, name: input.secretName }, content: error };
}

/**
 * The UID of kube-system; where it may not be read, what a managed secret recorded, else what the user says. A
 * context's name or a server's URL is no identity: two laptops share both.
 */
function clusterIdOf(
  input: SetupInput,
  cluster: Cluster,
  uid: string | undefined,
  targets: readonly ReadTarget[],
): string | undefined {
  if (uid !== undefined) {
    if (input.clusterId !== undefined && input.clusterId !== uid) {
      throw refused(
        "cluster.id-mismatch",
        `Context ${cluster.context} is the cluster ${uid}, not ${input.clusterId}.`,
        "Leave --cluster-id out: it is read from the cluster.",
      );
    }
    return uid;
  }
  if (input.clusterId !== undefined) return input.clusterId;
  for (const { content } of targets) {
    if (content instanceof ActionableError || !content.secret) continue;
    const [mark] = Object.values(marksToChange(content.secret));
    if (mark) return mark.clusterId;
  }
  if (targets.every(({ content }) => content instanceof ActionableError)) return undefined;
  throw refused(
    "cluster.id-unknown",
    `The namespace kube-system in context ${inOneLine(cluster.context)} may not be read, so the cluster cannot be told from others.`,
    "Ask for the right to get the namespace kube-system, or give its UID (or any id that is the cluster's own, and always the same) with --cluster-id.",
  );
}
