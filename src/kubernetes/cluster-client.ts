import type { WritableCluster } from "../core/ports.ts";
import { clusterReads } from "./cluster-reads.ts";
import { clusterWrites, rehearsedWrites } from "./cluster-writes.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import { KubernetesCalls } from "./kubernetes-calls.ts";
import { KubernetesHttp, type KubernetesHttpOptions } from "./kubernetes-http.ts";

/** How to talk to a cluster, and which of its secrets to leave out. */
export interface ClusterOptions extends KubernetesHttpOptions {
  /** Secrets, as `namespace/name`, to leave out of every list. */
  readonly leaveOut?: readonly string[];
}

/**
 * A cluster, through one context of the kubeconfig. Sends nothing yet.
 * @throws ActionableError `kubernetes.context-not-found`, `kubernetes.context-incomplete`,
 *   `kubernetes.insecure-tls`
 */
export function createCluster(
  kubeconfig: Kubeconfig,
  context: string,
  { leaveOut = [], ...options }: ClusterOptions = {},
): WritableCluster {
  const connection = kubeconfig.connection(context);
  const { server } = connection.cluster;
  const http = new KubernetesHttp(connection, options);
  const calls = new KubernetesCalls(server, http);
  const reads = clusterReads(context, calls, new Set(leaveOut));
  return {
    context,
    apiHost: new URL(server).hostname,
    serverTime: () => http.serverTime(),
    ...reads,
    ...clusterWrites(context, calls, reads),
    rehearsal: rehearsedWrites(context, calls),
  };
}
