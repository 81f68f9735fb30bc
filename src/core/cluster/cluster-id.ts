import { refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";

/** What may show which cluster it is. */
export interface ClusterIdClues {
  /** The UID of the namespace kube-system. Undefined if it may not be read. */
  readonly uid: string | undefined;
  /** The id that the user gave. */
  readonly said: string | undefined;
  /** The ids that marks on the cluster's secrets record. */
  readonly recorded: readonly string[];
}

/**
 * The UID of kube-system. If it may not be read, the id that the user gave, else the one that the marks record, if
 * they agree. A context's name or a server's URL does not identify a cluster: two laptops can have both in common.
 * @returns undefined if nothing shows the id
 * @throws ActionableError `cluster.id-mismatch`, `cluster.id-unknown`, exit 2
 */
export function clusterIdOf(
  { uid, said, recorded }: ClusterIdClues,
  { context }: { readonly context: string },
): string | undefined {
  if (uid !== undefined && said !== undefined && said !== uid) {
    throw refused(
      "cluster.id-mismatch",
      `Context ${context} is the cluster ${uid}, not ${said}.`,
      "Omit --cluster-id: acr-pull reads it from the cluster.",
    );
  }
  const known = uid ?? said;
  if (known !== undefined) return known;
  const [only, ...more] = new Set(recorded);
  if (more.length > 0) throw idUnknown(context, "the visible secrets disagree about");
  return only;
}

/** Why the cluster's id is unknown when no secret records it either. */
export function noIdRecorded({ context }: { readonly context: string }) {
  return idUnknown(context, "no visible secret records");
}

function idUnknown(context: string, secrets: string) {
  return refused(
    "cluster.id-unknown",
    `You may not read the namespace kube-system in context ${inOneLine(context)}, and ${secrets} the cluster's id.`,
    "Ask for the right to get the namespace kube-system, or pass the id that setup used with --cluster-id.",
  );
}
