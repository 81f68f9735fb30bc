import type { AppliedCluster } from "./manifest-cluster.ts";
import { refused } from "../domain/errors.ts";

/** How a cluster is called that no kubeconfig leads to. */
const context = "not reached";

/**
 * A cluster that a manifest is for and nobody can ask from here. Nothing of it may be listed; that a secret is not found
 * in it says only that nothing can be read back from there.
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
    findNamespace: (name) => Promise.resolve({ name, uid: "", terminating: false }),
    listNamespaces: () => Promise.reject(needsCluster("--namespace-selector")),
    findSecret: none,
    listSecrets: none,
    listSecretsNamed: none,
    listSecretsIn: none,
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
    `${flag} asks the cluster, and no kubeconfig leads to one.`,
    "Leave it out, or name the cluster with --context and --kubeconfig.",
  );
}
