import { ActionableError } from "../../domain/errors.ts";
import type { NamespaceObject } from "../../domain/kubernetes-objects.ts";
import type { Cluster } from "../ports.ts";

/** A namespace of one or more of the chosen contexts. */
interface NamespaceChoice {
  readonly name: string;
  /** Whether it is being deleted in some context: nothing can be written to it there. */
  readonly terminating: boolean;
  /** The contexts that have it, in the order they were chosen. */
  readonly contexts: readonly string[];
}

/** The namespaces to choose from, and where they could be listed. */
export interface NamespaceChoices {
  /** By name, with Kubernetes' own last. */
  readonly namespaces: readonly NamespaceChoice[];
  /** The contexts where they could be listed. */
  readonly listed: readonly string[];
  readonly unlisted: ReadonlyArray<{ readonly context: string; readonly error: ActionableError }>;
}

/** Kubernetes' own namespaces, which users seldom mean. */
const ofKubernetes = new Set(["kube-system", "kube-public", "kube-node-lease"]);

/**
 * Lists the namespaces of all contexts. A context that does not answer, or does not let the caller list, does not
 * hide the others. Every failure comes back in `unlisted`, because a namespace can also be typed.
 */
export async function listNamespaceChoices(
  clusters: ReadonlyArray<Pick<Cluster, "context" | "listNamespaces">>,
  signal: AbortSignal,
): Promise<NamespaceChoices> {
  const lists = await Promise.all(clusters.map((cluster) => listOne(cluster, signal)));
  const byName = new Map<string, NamespaceChoice>();
  for (const { context, listed } of lists) {
    if (listed instanceof ActionableError) continue;
    for (const { name, terminating } of listed) {
      const known = byName.get(name);
      byName.set(name, {
        name,
        terminating: terminating || known?.terminating === true,
        contexts: [...(known?.contexts ?? []), context],
      });
    }
  }
  return {
    namespaces: [...byName.values()].sort(byNameKubernetesLast),
    listed: lists.flatMap(({ context, listed }) => (listed instanceof ActionableError ? [] : context)),
    unlisted: lists.flatMap(({ context, listed: error }) =>
      error instanceof ActionableError ? [{ context, error }] : [],
    ),
  };
}

async function listOne(
  cluster: Pick<Cluster, "context" | "listNamespaces">,
  signal: AbortSignal,
): Promise<{ context: string; listed: readonly NamespaceObject[] | ActionableError }> {
  const { context } = cluster;
  try {
    return { context, listed: await cluster.listNamespaces("", signal) };
  } catch (error) {
    if (error instanceof ActionableError && !signal.aborted) return { context, listed: error };
    throw error;
  }
}

function byNameKubernetesLast(left: NamespaceChoice, right: NamespaceChoice): number {
  const last = Number(ofKubernetes.has(left.name)) - Number(ofKubernetes.has(right.name));
  return last || (left.name < right.name ? -1 : 1);
}
