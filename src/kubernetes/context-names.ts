import type { NamedContext } from "../core/ports.ts";
import { readNamedFile } from "../domain/named-file.ts";
import {
  kubeconfigPaths,
  largestKubeconfigBytes,
  mergeEntries,
  parseKubeconfig,
  type KubeconfigEntries,
  type KubeconfigSource,
} from "./kubeconfig-file.ts";

/**
 * The names of the contexts that a run would find, for shell completion. Never throws: a file that cannot be read, or
 * is not a kubeconfig, has no contexts.
 */
export async function contextNames(
  source: KubeconfigSource,
  signal: AbortSignal,
): Promise<readonly NamedContext[]> {
  const files = await Promise.all(kubeconfigPaths(source).map((path) => readIfOne(path, signal)));
  const { currentContext, contexts } = mergeEntries(files);
  return [...contexts.values()].map(({ name, namespace }) => ({
    name,
    namespace,
    isCurrent: name === currentContext,
  }));
}

async function readIfOne(path: string, signal: AbortSignal): Promise<KubeconfigEntries> {
  try {
    // A pipe, as in KUBECONFIG=<(...), can be read only once, so it is left for the command that is being typed.
    const bounds = { limitBytes: largestKubeconfigBytes, signal };
    return parseKubeconfig(path, (await readNamedFile(path, bounds)).toString("utf8"));
  } catch {
    // The command itself will report it.
    return mergeEntries([]);
  }
}
