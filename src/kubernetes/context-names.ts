import { readNamedFile } from "../domain/named-file.ts";
import { mergeEntries, parseKubeconfig, type KubeconfigEntries } from "./kubeconfig-file.ts";
import { kubeconfigPaths, largestKubeconfigBytes, type KubeconfigSource } from "./kubeconfig-paths.ts";

/** A context by its names alone. */
export interface NamedContext {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly isCurrent: boolean;
}

/**
 * What the contexts are called that a run would find, for somebody who types one. A file that cannot be read, or holds no
 * kubeconfig, has no contexts; nothing is ever thrown or told.
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
    // A pipe, as in KUBECONFIG=<(...), gives what it holds once: to the run that is being typed, not to us.
    const bounds = { limitBytes: largestKubeconfigBytes, signal };
    return parseKubeconfig(path, (await readNamedFile(path, bounds)).toString("utf8"));
  } catch {
    // Who types is told of it by the command that reads the file in earnest.
    return mergeEntries([]);
  }
}
