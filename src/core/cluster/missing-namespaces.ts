import pMap from "p-map";
import { asking, closestName } from "../../domain/closest-name.ts";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { Cluster } from "../ports.ts";
import { ifAvailable } from "./failure-of-one.ts";
import type { Target } from "./read-targets.ts";
import { atOnce } from "../at-once.ts";

/** The reads that a look for namespaces needs. */
export type NamespaceReads = Pick<Cluster, "context" | "findNamespace" | "listNamespaces">;

/** A namespace that none of the clusters has. */
export interface MissingNamespace {
  readonly name: string;
  /** A sentence that names it, and the namespace that may have been meant. */
  readonly message: string;
  readonly didYouMean?: string;
}

/** The namespaces that none of the clusters has. One that may not be looked up does not count as missing. */
export async function missingNamespaces(
  names: readonly string[],
  clusters: readonly NamespaceReads[],
  signal: AbortSignal,
): Promise<MissingNamespace[]> {
  const isMissing = async (name: string) => {
    const found = clusters.map(async (cluster) => {
      const looked = cluster.findNamespace(name, signal).then((namespace) => ({ namespace }));
      const seen = await ifAvailable(looked, signal);
      return seen === undefined || seen.namespace !== undefined;
    });
    return !(await Promise.all(found)).includes(true);
  };
  const looked = await pMap(names, async (name) => ({ name, missing: await isMissing(name) }), atOnce);
  const missing = looked.filter((one) => one.missing).map(({ name }) => name);
  if (missing.length === 0 || clusters.length === 0) return [];
  const there = await namespaceNames(clusters, signal);
  const where = clusters.map(({ context }) => inOneLine(context)).join(", ");
  return missing.map((name) => {
    const meant = closestName(name, there);
    const message = asking(`There is no namespace ${name} in ${where}.`, meant);
    return { name, message, ...(meant !== undefined && { didYouMean: meant }) };
  });
}

/**
 * Says that a secret cannot be written to a namespace that does not exist.
 * @param meant an existing namespace that may have been meant: it comes before the advice to create one, which would
 *   make a typing error permanent
 */
export function namespaceNotFound(
  { cluster, namespace }: Pick<Target, "cluster" | "namespace">,
  meant?: string,
): ActionableError {
  const sentence = `Namespace ${namespace} does not exist in context ${inOneLine(cluster.context)}.`;
  return new ActionableError(asking(sentence, meant), {
    code: "kubernetes.namespace-not-found",
    hint:
      meant === undefined
        ? "Check the name, or run again with --create-namespace to create it."
        : `Run again with -n ${shellQuote(meant)}; or, to create ${namespace}, with --create-namespace.`,
    exitCode: exitCode.usage,
    meant: meant === undefined ? undefined : { [namespace]: meant },
  });
}

/** The names of all namespaces, as far as they may be listed. */
export async function namespaceNames(
  clusters: ReadonlyArray<Pick<NamespaceReads, "listNamespaces">>,
  signal: AbortSignal,
): Promise<string[]> {
  const lists = clusters.map((cluster) => ifAvailable(cluster.listNamespaces("", signal), signal));
  return (await Promise.all(lists)).flatMap((list) => (list ?? []).map(({ name }) => name));
}
