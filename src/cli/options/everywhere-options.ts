import { switchOption } from "./option.ts";

/**
 * For commands that can work on every namespace with an entry of ours at once.
 * @param summary which namespaces those are, and whether they are the default
 */
export function allNamespacesOption(summary: string) {
  const why = "one chooses every namespace, the other some";
  return {
    allNamespaces: switchOption({
      flag: "-A, --all-namespaces",
      summary,
      group: "Cluster",
      excludes: { namespaces: why, namespaceSelector: why },
    }),
  };
}

/** For commands that only look, in every cluster that the kubeconfig knows. */
export const allContextsOption = {
  allContexts: switchOption({
    flag: "--all-contexts",
    summary:
      "every context of the kubeconfig, each cluster once; one that cannot be reached counts as a failure",
    group: "Cluster",
    excludes: { contexts: "one chooses every context, the other some" },
  }),
};
