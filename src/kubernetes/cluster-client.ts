import type { WritableCluster } from "../core/ports.ts";
import { clusterReads } from "./cluster-reads.ts";
import { clusterWrites, rehearsedWrites } from "./cluster-writes.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import { KubernetesCalls } from "./kubernetes-calls.ts";
import { KubernetesHttp, type KubernetesHttpOptions } from "./kubernetes-http.ts";

/**
 * A cluster, through one context of the kubeconfig. Sends nothing yet.
 * @throws ActionableError `kubernetes.context-not-found`, `kubernetes.context-incomplete`,
 *   `kubernetes.insecure-tls`
 */
export function createCluster(
  kubeconfig: Kubeconfig,
  context: string,
  options: KubernetesHttpOptions = {},
): WritableCluster {
  const connection = kubeconfig.connection(context);
  const { server } = connection.cluster;
  const http = new KubernetesHttp(connection, options);
  const calls = new KubernetesCalls(server, http);
  const reads = clusterReads(context, calls);
  return {
    context,
    apiHost: new URL(server).hostname,
    serverTime: () => http.serverTime(),
    ...reads,
    ...clusterWrites(context, calls, reads),
    rehearsal: rehearsedWrites(context, calls),
  };
}
