import { asking, closestName } from "../../domain/closest-name.ts";
import { refused } from "../../domain/errors.ts";
import { missingNamespaces } from "../cluster/missing-namespaces.ts";
import { namedAs } from "../cluster/registry-meant.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { RemoveInput } from "./contract.ts";
import type { Removal } from "./look.ts";

/**
 * Refuses a namespace that no chosen cluster has: it is misspelled, or deleted with everything in it.
 * @throws ActionableError `kubernetes.namespace-not-found`, exit 2
 */
export async function refuseMissingNamespaces(
  seen: readonly ClusterView[],
  input: Pick<RemoveInput, "namespaces">,
  signal: AbortSignal,
): Promise<void> {
  const isSeen = (name: string) =>
    seen.some(({ secrets }) => secrets.some(({ namespace }) => namespace === name));
  const doubtful = input.namespaces.filter((name) => !isSeen(name));
  if (doubtful.length === 0) return;
  const clusters = seen.map(({ cluster }) => cluster);
  const missing = await missingNamespaces(doubtful, clusters, signal);
  if (missing.length === 0) return;
  throw refused(
    "kubernetes.namespace-not-found",
    missing.map(({ message }) => message).join("\n"),
    "Check -n and --context. If the namespace was deleted, run the same command without -n: that removes what is left of it.",
  );
}

/**
 * Refuses a secret name without an entry of the registry, if secrets with other names have one: it is misspelled. If
 * no secret has one, the same command may have run before.
 * @throws ActionableError `secret.not-found`, exit 2
 */
export function refuseMissingSecret(
  removals: readonly Removal[],
  { secretName, registry }: Pick<RemoveInput, "secretName" | "registry">,
): void {
  if (secretName === undefined) return;
  const isThere = removals.some(
    ({ seen, entries }) =>
      seen.secrets.some(({ name }) => name === secretName) ||
      [...entries.entries, ...entries.unwritable, ...entries.strangers.map((target) => ({ target }))].length >
        0,
  );
  const others = removals.flatMap(({ entries }) => entries.others.map(({ name }) => name));
  if (isThere || others.length === 0) return;
  const sentence = `No secret ${secretName} has an entry for ${namedAs(registry)}.`;
  throw refused(
    "secret.not-found",
    asking(sentence, closestName(secretName, others)),
    `Check --secret-name: ${[...new Set(others)].slice(0, 5).join(", ")} ${new Set(others).size === 1 ? "has" : "have"} one.`,
  );
}
