import type { Cluster } from "../../../src/core/ports.ts";
import { createCluster } from "../../../src/kubernetes/cluster-client.ts";
import { loadKubeconfig } from "../../../src/kubernetes/kubeconfig.ts";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";

/** The clusters of a sandbox, through these contexts. */
export async function openClusters(sandbox: Sandbox, ...contexts: string[]): Promise<Cluster[]> {
  const kubeconfig = await loadKubeconfig(
    { file: sandbox.kubeconfigPath, env: {} },
    new AbortController().signal,
  );
  return contexts.map((context) => createCluster(kubeconfig, context));
}
