import { refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import type { NamespaceObject } from "../../domain/kubernetes-objects.ts";
import type { Cluster } from "../ports.ts";

/** Which namespaces a run was asked for. */
export interface NamespaceWish {
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
}

/** The namespaces of one cluster that are meant. */
export interface ChosenNamespaces {
  /** Each once; those that were named come first. */
  readonly names: readonly string[];
  /** Those that have the labels. Undefined if nobody gave labels. */
  readonly selected: readonly NamespaceObject[] | undefined;
}

type NamespaceLists = Pick<Cluster, "context" | "listNamespaces">;

/** The namespaces that were named or have the labels, which may be none. Undefined if nobody chose any. */
async function selectNamespaces(
  { namespaces, namespaceSelector }: NamespaceWish,
  cluster: NamespaceLists,
  signal: AbortSignal,
): Promise<ChosenNamespaces | undefined> {
  if (namespaceSelector === undefined)
    return namespaces.length > 0 ? { names: [...new Set(namespaces)], selected: undefined } : undefined;
  const selected = await cluster.listNamespaces(namespaceSelector, signal);
  return { names: [...new Set([...namespaces, ...selected.map(({ name }) => name)])], selected };
}

/**
 * The namespaces that were named or have the labels. Undefined if nobody chose any.
 * @param showLabels the command that shows which labels exist
 * @throws ActionableError `namespace.none-selected`, exit 2
 */
export async function chosenNamespaces(
  wish: NamespaceWish,
  cluster: NamespaceLists,
  signal: AbortSignal,
  showLabels = `kubectl --context ${shellQuote(cluster.context)} get namespaces --show-labels`,
): Promise<ChosenNamespaces | undefined> {
  const chosen = await selectNamespaces(wish, cluster, signal);
  if (chosen?.names.length !== 0) return chosen;
  throw refused(
    "namespace.none-selected",
    `No namespace in context ${inOneLine(cluster.context)} carries the labels ${wish.namespaceSelector}.`,
    `Check --namespace-selector: ${showLabels}`,
  );
}
