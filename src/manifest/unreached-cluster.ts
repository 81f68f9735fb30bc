import type { AppliedCluster } from "./manifest-cluster.ts";
import { refused } from "../domain/errors.ts";

/** The name of a cluster that no kubeconfig leads to. */
const context = "not reached";

/**
 * Stands for the cluster of a manifest, if it cannot be reached from here. Its objects cannot be listed. That a secret
 * is not found says only that it cannot be read back from there.
 */
export function unreachedCluster(): AppliedCluster {
  const none = () => Promise.resolve(undefined);
  const nothing = () => Promise.resolve([]);
  return {
    context,
    apiHost: context,
    serverTime: () => new Date(),
    kubeSystemUid: none,
    mayEverywhere: () => Promise.resolve(false),
    mayNotWriteSecrets: () => Promise.resolve(false),
    findNamespace: (name) => Promise.resolve({ name, uid: "", terminating: false }),
    listNamespaces: () => Promise.reject(needsCluster("--namespace-selector")),
    findSecret: none,
    listSecrets: none,
    listSecretsNamed: none,
    listSecretsIn: none,
    listSecretsOfType: async () => [],
    listPullSecrets: none,
    listPullSecretsIn: nothing,
    findServiceAccount: () => Promise.reject(needsCluster("--service-account")),
    listAccountLinks: nothing,
    listAllAccountLinks: none,
    listPods: nothing,
    findPod: none,
    listPodEvents: nothing,
    listNodes: nothing,
  };
}

function needsCluster(flag: string) {
  return refused(
    "manifest.needs-cluster",
    `${flag} needs the cluster, and no kubeconfig leads to it.`,
    "Omit it, or name the cluster with --context and --kubeconfig.",
  );
}
