import { refused } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";

/** What may tell which cluster it is. */
export interface ClusterIdClues {
  /** The UID of the namespace kube-system; undefined where that may not be read. */
  readonly uid: string | undefined;
  /** What the user says. */
  readonly said: string | undefined;
  /** What marks on the cluster's secrets record. */
  readonly recorded: readonly string[];
}

/**
 * The UID of kube-system; where that may not be read, what the user says, else what the marks record, if they agree. A
 * context's name or a server's URL is no identity: two laptops share both.
 * @returns undefined when nothing tells
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

/** Why it is not known which cluster it is, where no secret records that either. */
export function noIdRecorded({ context }: { readonly context: string }) {
  return idUnknown(context, "no visible secret records");
}

function idUnknown(context: string, secrets: string) {
  return refused(
    "cluster.id-unknown",
    `The namespace kube-system in context ${inOneLine(context)} may not be read, and ${secrets} the cluster's id.`,
    "Ask for the right to get the namespace kube-system, or pass the id that setup used with --cluster-id.",
  );
}
