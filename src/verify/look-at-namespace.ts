import { imageName } from "../domain/image-name.ts";
import type { PodObject } from "../domain/kubernetes-objects.ts";
import { usualSecretName } from "../domain/names.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { waitingContainers } from "./checks/pod.ts";
import type { ClusterSight, NamespaceContent, ReadSecret } from "./cluster-sight.ts";
import type { VerifyInput } from "./contract.ts";
import { contentOf, entriesOf, type EntryWish } from "./entries.ts";
import type { NamespaceFacts } from "./facts.ts";
import { known, type Known } from "./known.ts";

/** A namespace to look at. */
export interface ChosenNamespace {
  readonly name: string;
  /** Whether it was named. If its labels or its secrets chose it, it may not need to pull at all. */
  readonly isNamed: boolean;
}

/** A secret to look at. */
export interface ChosenSecret extends ReadSecret {
  /** Whether anybody needs it. A missing secret that nobody needs is no fault. */
  readonly isNeeded: boolean;
  /** Whether somebody names it: the user, a service account or a pod. */
  readonly isNamed: boolean;
}

/** A pod to look at. The value is undefined if there is no pod with that name. */
export interface ChosenPod {
  readonly name: string;
  readonly pod: Known<PodObject | undefined>;
}

/** A namespace as it was found. */
export interface SeenNamespace extends NamespaceFacts {
  readonly secrets: readonly ChosenSecret[];
  /** Pods that wait for an image, and the one that was asked for. */
  readonly waiting: readonly ChosenPod[];
}

/** Which secrets and pods are asked for. */
type Asked = Pick<VerifyInput, "secretName" | "pod">;

/** Reads what affects the pulls of a namespace, before anything is known about registries. */
export async function readNamespace(
  cluster: ClusterSight,
  { name }: ChosenNamespace,
  { secretName, pod }: Asked,
): Promise<NamespaceContent & { readonly waiting: readonly ChosenPod[] }> {
  const content = await cluster.read(name, secretName ?? usualSecretName);
  const all = content.pods.known ? content.pods.value : [];
  const waiting = all.filter((one) => one.name !== pod && waitingContainers(one).length > 0);
  const rest = waiting.map((one) => ({ name: one.name, pod: known(one) }));
  if (pod === undefined) return { ...content, waiting: rest };
  // It is read alone if pods may not be listed.
  const asked = content.pods.known
    ? known(all.find((one) => one.name === pod))
    : await cluster.pod(name, pod);
  return { ...content, waiting: [{ name: pod, pod: asked }, ...rest] };
}

/** Chooses the secrets to look at: those for a registry that is meant, and those that somebody names. */
export async function chooseSecrets(
  cluster: ClusterSight,
  { name: namespace, isNamed }: ChosenNamespace,
  { listed, usual, pods, accounts, waiting }: Awaited<ReturnType<typeof readNamespace>>,
  { secretName }: Asked,
  wish: EntryWish,
): Promise<SeenNamespace> {
  const waitingPods = waiting.flatMap(({ pod }) => (pod.known && pod.value ? [pod.value] : []));
  const living = [...(pods.known ? pods.value : []), ...waitingPods].filter(({ over }) => !over);
  const naming = [...(accounts.known ? accounts.value : []), ...living];
  const isNamedThere = (one: string) => naming.some(({ imagePullSecrets }) => imagePullSecrets.includes(one));
  const all = listed.known && secretName === undefined ? listed.value : [];
  // A secret that does not decode breaks every pull of a pod that names it, even with the pod's other secrets.
  const found = all.filter((one) => isFor(one, wish) || (isNamedThere(one.name) && isMalformed(one)));
  const secrets = new Map<string, ChosenSecret>(
    found.map((secret) => [
      secret.name,
      { name: secret.name, secret, forbidden: undefined, isNeeded: true, isNamed: true },
    ]),
  );
  const ofWaiting = new Set(waitingPods.flatMap(({ imagePullSecrets }) => imagePullSecrets));
  const isAskedFor = secretName !== undefined || isNamedThere(usual.name);
  const isNeeded =
    isNamed ||
    isAskedFor ||
    !pods.known ||
    !accounts.known ||
    waitingPods
      .flatMap(waitingContainers)
      .some(({ image }) => wish.isRegistry(imageName(image).host.toLowerCase()));
  // If other secrets do its work, nobody misses the usual one, unless somebody names it.
  if (isAskedFor || usual.secret || (found.length === 0 && ofWaiting.size === 0))
    secrets.set(usual.name, { ...usual, isNeeded, isNamed: isAskedFor });
  const others = [...ofWaiting].filter((one) => !secrets.has(one));
  for (const one of await Promise.all(others.map((other) => cluster.secret(namespace, other))))
    secrets.set(one.name, { ...one, isNeeded: true, isNamed: true });
  return {
    context: cluster.context,
    namespace,
    pods,
    accounts,
    pullSecrets: listed.known ? known(listed.value.map((one) => one.name)) : listed,
    secrets: [...secrets.values()],
    waiting,
  };
}

/** Whether a secret has an entry for an Azure registry or, if one was asked for, for that registry. */
export function isFor(secret: PullSecret, wish: EntryWish): boolean {
  return entriesOf(secret, wish).length > 0;
}

/** Whether it is a pull secret that the kubelet cannot read. */
export function isMalformed(secret: PullSecret): boolean {
  return contentOf(secret).malformed !== undefined;
}
