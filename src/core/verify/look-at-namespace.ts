import { usualSecretName } from "../../domain/names.ts";
import { hasCode, type ActionableError } from "../../domain/errors.ts";
import { imageName } from "../../domain/image-name.ts";
import type { PodObject } from "../../domain/kubernetes-objects.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { known, unknown, type Known } from "../checks/check.ts";
import { waitsForImage } from "../checks/cluster/pod.ts";
import type { NamespaceFacts } from "../checks/facts.ts";
import { ifAvailable } from "../cluster/failure-of-one.ts";
import type { ClusterReads } from "../ports.ts";
import { contentOf, type IsRegistry } from "./entries.ts";
import { seen } from "./look-at-registry.ts";

/** A namespace to look at. */
export interface ChosenNamespace {
  readonly name: string;
  /** Whether it was named. If its labels or its secrets chose it, it may not need to pull at all. */
  readonly isNamed: boolean;
  /** Secrets in it to look at, whatever they hold. */
  readonly secrets: readonly string[];
}

/** What to look for in a namespace. */
interface NamespaceWish {
  readonly secretName: string | undefined;
  readonly pod: string | undefined;
  /** Whether a secret has an entry for a registry that is meant. */
  readonly isMeant: Promise<(secret: PullSecret) => boolean>;
  /** Whether a host is an Azure registry. */
  readonly isRegistry: Promise<IsRegistry>;
}

/** A secret to look at. */
export interface ChosenSecret {
  readonly name: string;
  /** Undefined if it does not exist or may not be read. */
  readonly secret: PullSecret | undefined;
  readonly forbidden: ActionableError | undefined;
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

/** Reads everything that affects the pulls of one namespace, side by side. */
export async function seeNamespace(
  cluster: NamespaceReads,
  { name: namespace, isNamed, secrets: wished }: ChosenNamespace,
  wish: NamespaceWish,
  signal: AbortSignal,
): Promise<SeenNamespace> {
  const name = wish.secretName ?? usualSecretName;
  const [listed, byName, pods, accounts] = await Promise.all([
    wish.secretName === undefined
      ? seen(cluster.listPullSecretsIn(namespace, signal), signal)
      : unknown("Only one secret was asked for."),
    readSecret(cluster, namespace, name, signal),
    seen(cluster.listPods(namespace, signal), signal),
    seen(cluster.listAccountLinks(namespace, signal), signal),
  ]);
  const waiting = await waitingPods({ cluster, namespace }, pods, wish.pod, signal);
  const [isMeant, isRegistry] = await Promise.all([wish.isMeant, wish.isRegistry]);
  const seenPods = [...(pods.known ? pods.value : []), ...foundOf(waiting)].filter(({ over }) => !over);
  /** The secrets that are named by service accounts and by pods that may still pull. */
  const naming = [...(accounts.known ? accounts.value : []), ...seenPods].map(
    ({ imagePullSecrets }) => imagePullSecrets,
  );
  const isNamedThere = (one: string) => naming.some((names) => names.includes(one));
  // A secret that does not decode breaks every pull of a pod that names it, even with the pod's other secrets.
  const found = (listed.known ? listed.value : []).filter(
    (one) => isMeant(one) || (isNamedThere(one.name) && contentOf(one).malformed !== undefined),
  );
  const secrets = new Map<string, ChosenSecret>(
    found.map((secret) => [
      secret.name,
      { name: secret.name, secret, forbidden: undefined, isNeeded: true, isNamed: true },
    ]),
  );
  const named = [...new Set(foundOf(waiting).flatMap(({ imagePullSecrets }) => imagePullSecrets))];
  // If other secrets do its work, nobody misses the usual one, unless somebody names it.
  const isExpected =
    wish.secretName !== undefined ||
    byName.secret !== undefined ||
    (found.length === 0 && named.length === 0) ||
    isNamedThere(name);
  const isNeeded =
    isNamed ||
    wish.secretName !== undefined ||
    isNamedThere(name) ||
    !pods.known ||
    !accounts.known ||
    foundOf(waiting).some((pod) => waitsForRegistry(pod, isRegistry));
  const isNamedAtAll = wish.secretName !== undefined || isNamedThere(name);
  if (isExpected) secrets.set(name, { ...byName, isNeeded, isNamed: isNamedAtAll });
  const others = new Set([...named, ...wished].filter((one) => !secrets.has(one)));
  for (const one of await Promise.all(
    [...others].map((other) => readSecret(cluster, namespace, other, signal)),
  )) {
    secrets.set(one.name, { ...one, isNeeded: true, isNamed: true });
  }
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

/** The pods that wait for an image, and the one that was asked for. It is read alone if pods may not be listed. */
async function waitingPods(
  { cluster, namespace }: { readonly cluster: NamespaceReads; readonly namespace: string },
  pods: Known<readonly PodObject[]>,
  asked: string | undefined,
  signal: AbortSignal,
): Promise<readonly ChosenPod[]> {
  const waiting = (pods.known ? pods.value : []).filter(
    ({ name, containers }) =>
      name !== asked && containers.some((one) => waitsForImage.has(one.waiting ?? "")),
  );
  const rest = waiting.map((pod) => ({ name: pod.name, pod: known(pod) }));
  if (asked === undefined) return rest;
  const pod = pods.known
    ? known(pods.value.find(({ name }) => name === asked))
    : await seen(cluster.findPod(namespace, asked, signal), signal);
  return [{ name: asked, pod }, ...rest];
}

function foundOf(waiting: readonly ChosenPod[]): PodObject[] {
  return waiting.flatMap(({ pod }) => (pod.known && pod.value ? [pod.value] : []));
}

function waitsForRegistry({ containers }: PodObject, isRegistry: IsRegistry): boolean {
  return containers.some(
    ({ waiting, image }) =>
      waitsForImage.has(waiting ?? "") && isRegistry(imageName(image).host.toLowerCase()),
  );
}

/** A secret by its name. Verify needs at least the right to read it, so a missing right is reported for the secret. */
async function readSecret(
  cluster: NamespaceReads,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Omit<ChosenSecret, "isNeeded" | "isNamed">> {
  try {
    return { name, secret: await cluster.findSecret(namespace, name, signal), forbidden: undefined };
  } catch (error) {
    if (!hasCode(error, "kubernetes.forbidden")) throw error;
    return { name, secret: undefined, forbidden: error };
  }
}

/** The reads that concern one namespace. */
type NamespaceReads = Pick<
  ClusterReads,
  "context" | "listPullSecretsIn" | "listAccountLinks" | "findSecret" | "listPods" | "findPod"
>;

/**
 * The reads of many namespaces, answered from cluster-wide lists of pull secrets and of service accounts if those may
 * be read. Pods are listed by namespace, because nobody knows how many there are in the other namespaces.
 */
export async function readsByList(cluster: ClusterReads, signal: AbortSignal): Promise<NamespaceReads> {
  // If a list fails, each namespace reports its own failure.
  const [secrets, accounts] = await Promise.all([
    ifAvailable(cluster.listPullSecrets(signal), signal),
    ifAvailable(cluster.listAllAccountLinks(signal), signal),
  ]);
  const secretsOf = byNamespace(secrets);
  const accountsOf = byNamespace(accounts);
  return {
    context: cluster.context,
    listPods: (namespace, signal) => cluster.listPods(namespace, signal),
    findPod: (namespace, name, signal) => cluster.findPod(namespace, name, signal),
    listPullSecretsIn: async (namespace, signal) =>
      secretsOf?.(namespace) ?? (await cluster.listPullSecretsIn(namespace, signal)),
    listAccountLinks: async (namespace, signal) =>
      accountsOf?.(namespace) ?? (await cluster.listAccountLinks(namespace, signal)),
    // A secret of another type is not in the list, but may have that name.
    findSecret: async (namespace, name, signal) =>
      secretsOf?.(namespace).find((secret) => secret.name === name) ??
      (await cluster.findSecret(namespace, name, signal)),
  };
}

function byNamespace<T extends { readonly namespace: string }>(
  all: readonly T[] | undefined,
): ((namespace: string) => readonly T[]) | undefined {
  if (all === undefined) return undefined;
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(one.namespace);
    if (group) group.push(one);
    else groups.set(one.namespace, [one]);
  }
  return (namespace) => groups.get(namespace) ?? [];
}
