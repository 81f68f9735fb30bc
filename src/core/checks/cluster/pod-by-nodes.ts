import type { PodObject } from "../../../domain/kubernetes-objects.ts";
import { warn, type Verdict } from "../check.ts";
import type { PodFacts } from "../facts.ts";

/**
 * The verdict for a pod that needs no secret, but whose node does not get the image yet.
 * @param said what the kubelet says about it
 */
export function byNodes(
  what: string,
  { name, namespace }: PodObject,
  { context, suggest }: PodFacts,
  said: string,
): Verdict {
  const anew = suggest.kubectl(context, "delete", "pod", name, "--namespace", namespace);
  return warn(
    `${what} without a pull secret: it pulls with the identity of its node, which may pull from there. ${said}`.trim(),
    {
      hint: `A new role assignment takes up to ten minutes to take effect, and a node remembers a refusal for up to thirty. Wait, then recreate the pod: ${anew}. If that does not help, check that the registry has the image.`,
      docs: "https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/extensions/cannot-pull-image-from-acr-to-aks-cluster",
      ids: { cause: "nodes", pod: name },
    },
  );
}
