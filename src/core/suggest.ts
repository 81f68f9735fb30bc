import type { Target } from "./cluster/read-targets.ts";
import type { Suggest } from "./ports.ts";

export type { Suggest };

/** What `Suggest` writes after a command. */
type Options = Parameters<Suggest>[1];

/**
 * The commands by which `setup` writes these secrets: one for all secrets of a context that have the same name.
 * @returns one line, which a shell runs as a whole
 */
export function setupCommands(
  targets: ReadonlyArray<Pick<Target, "cluster" | "namespace" | "name">>,
  registry: string,
  suggest: Suggest,
  more: Options = [],
): string {
  const alike = new Map<string, { context: string; name: string; namespaces: Set<string> }>();
  for (const { cluster, namespace, name } of targets) {
    const { context } = cluster;
    const key = JSON.stringify([context, name]);
    const known = alike.get(key) ?? { context, name, namespaces: new Set() };
    known.namespaces.add(namespace);
    alike.set(key, known);
  }
  return [...alike.values()]
    .map(({ context, name, namespaces }) =>
      suggest("setup", [
        ["--registry", registry],
        ...[...namespaces].map((namespace) => ["--namespace", namespace] as const),
        ["--context", context],
        ["--secret-name", name],
        ...more,
      ]),
    )
    .join("; ");
}

/** The commands that list what acr-pull manages in each of these contexts. */
export function listingCommands(contexts: readonly string[], suggest: Suggest): string {
  return contexts
    .map((context) =>
      suggest.kubectl(context, "get", "secrets", "--all-namespaces", "--selector", "acr-pull/managed=true"),
    )
    .join("; ");
}
