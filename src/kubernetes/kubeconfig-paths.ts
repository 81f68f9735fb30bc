import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** That of a cluster of AKS takes 10 KB, and whoever looks after hundreds may have them in one file. */
export const largestKubeconfigBytes = 8 * 1024 * 1024;

/** Where a kubeconfig is looked for. */
export interface KubeconfigSource {
  /** `--kubeconfig`: this file and no other. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The files that are looked for, in their order: the one that was named, else the list in KUBECONFIG, else
 * `~/.kube/config`.
 */
export function kubeconfigPaths({ file, env }: KubeconfigSource): readonly string[] {
  if (file !== undefined) return [file];
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  return listed.length > 0 ? listed : [join(env["HOME"] ?? homedir(), ".kube", "config")];
}
