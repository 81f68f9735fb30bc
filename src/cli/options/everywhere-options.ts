import { switchOption } from "./option.ts";

/**
 * For commands that can work on every namespace with an entry of ours at once.
 * @param summary which namespaces those are, and whether they are the default
 */
export function allNamespacesOption(summary: string) {
  return {
    allNamespaces: switchOption({
      flag: "-A, --all-namespaces",
      summary,
      group: "Cluster",
      excludes: ["--namespace", "--namespace-selector"],
    }),
  };
}
