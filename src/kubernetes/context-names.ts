import { readFile, stat } from "node:fs/promises";
import { parseDocument } from "yaml";
import { kubeconfigPaths, type KubeconfigSource } from "./kubeconfig-paths.ts";

/** A context by its names alone. */
export interface NamedContext {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly isCurrent: boolean;
}

/**
 * What the contexts of a kubeconfig are called, for somebody who types one: the files that are loaded for a run, merged
 * as they are there, and not even asked whether they name a cluster.
 * A file that cannot be read, or holds no kubeconfig, has no contexts; nothing is ever thrown or told.
 */
export async function contextNames(source: KubeconfigSource): Promise<readonly NamedContext[]> {
  const files = await Promise.all(kubeconfigPaths(source).map(readNames));
  const current = files.find((file) => file.current !== undefined)?.current;
  const byName = new Map<string, NamedContext>();
  for (const { name, namespace } of files.flatMap(({ contexts }) => contexts)) {
    if (!byName.has(name)) byName.set(name, { name, namespace, isCurrent: name === current });
  }
  return [...byName.values()];
}

interface FileNames {
  readonly current: string | undefined;
  readonly contexts: ReadonlyArray<Pick<NamedContext, "name" | "namespace">>;
}

async function readNames(path: string): Promise<FileNames> {
  try {
    // A pipe, as in KUBECONFIG=<(...), gives what it holds once: to the run that is being typed, not to us.
    if (!(await stat(path)).isFile()) return nothing;
    const document = parseDocument(await readFile(path, "utf8"), { logLevel: "error", uniqueKeys: false });
    return document.errors.length > 0 ? nothing : namesIn(document.toJS());
  } catch {
    // Who types is told of it by the command that reads the file in earnest.
    return nothing;
  }
}

const nothing: FileNames = { current: undefined, contexts: [] };

function namesIn(kubeconfig: unknown): FileNames {
  const { "current-context": current, contexts } = Object(kubeconfig) as Record<string, unknown>;
  return {
    current: text(current),
    contexts: (Array.isArray(contexts) ? (contexts as unknown[]) : []).flatMap((item) => {
      const { name, context } = Object(item) as Record<string, unknown>;
      const { namespace } = Object(context) as Record<string, unknown>;
      const called = text(name);
      return called === undefined ? [] : { name: called, namespace: text(namespace) };
    }),
  };
}

/** A text that is not empty; YAML may hold another type. */
function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
