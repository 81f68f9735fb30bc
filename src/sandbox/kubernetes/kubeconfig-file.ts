import type { ClusterContext } from "../new-cluster.ts";

/**
 * A kubeconfig with these contexts; the first is the current one. It is JSON, which every YAML parser reads.
 * @param certificate the certificate by which clients trust the clusters, PEM
 */
export function kubeconfigText(contexts: readonly ClusterContext[], certificate: string): string {
  const clusters = new Set(contexts.map(({ cluster }) => cluster));
  const authority = Buffer.from(certificate).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": contexts[0]?.name ?? "",
    clusters: [...clusters].map(({ context, server, proxyUrl }) => ({
      name: context,
      cluster: {
        server,
        "certificate-authority-data": authority,
        ...(proxyUrl !== undefined && { "proxy-url": proxyUrl }),
      },
    })),
    users: contexts.map(({ user }) => ({ name: user.name, user: { token: user.token } })),
    contexts: contexts.map(({ name, cluster, user, namespace }) => ({
      name,
      context: {
        cluster: cluster.context,
        user: user.name,
        ...(namespace === undefined ? {} : { namespace }),
      },
    })),
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
