import { hasCode, type ActionableError } from "../../../domain/errors.ts";
import type { PodObject, SecretObject } from "../../../domain/kubernetes-objects.ts";
import type { Known } from "../../checks/check.ts";
import type { NamespaceFacts } from "../../checks/facts.ts";
import { waitsForImage } from "../../checks/cluster/pod.ts";
import type { ClusterReads } from "../../ports.ts";
import { seen } from "./seeing.ts";

/** The name that `setup` gives a secret when none was asked for. */
const usualName = "acr-secret";

/** What is looked for in a namespace. */
export interface NamespaceWish {
  readonly secretName: string | undefined;
  readonly pod: string | undefined;
  /** Whether a secret has an entry for a registry that is meant. */
  readonly isMeant: Promise<(secret: SecretObject) => boolean>;
}

/** A secret that is to be looked at. */
export interface ChosenSecret {
  readonly name: string;
  /** Undefined: there is none. */
  readonly secret: SecretObject | undefined;
  readonly forbidden: ActionableError | undefined;
}

/** A namespace as it was found. */
export interface SeenNamespace extends NamespaceFacts {
  readonly secrets: readonly ChosenSecret[];
  /** Pods that wait for an image, and the one that was asked for. */
  readonly waiting: ReadonlyArray<{ readonly name: string; readonly pod: PodObject | undefined }>;
}

/** Reads what bears on the pulls of one namespace, side by side. */
export async function seeNamespace(
  cluster: ClusterReads,
  namespace: string,
  wish: NamespaceWish,
  signal: AbortSignal,
): Promise<SeenNamespace> {
  const name = wish.secretName ?? usualName;
  const [listed, byName, pods, accounts, asked] = await Promise.all([
    wish.secretName === undefined ? seen(cluster.listPullSecretsIn(namespace, signal), signal) : undefined,
    readSecret(cluster, namespace, name, signal),
    seen(cluster.listPods(namespace, signal), signal),
    seen(cluster.listAccountLinks(namespace, signal), signal),
    wish.pod === undefined ? undefined : cluster.findPod(namespace, wish.pod, signal),
  ]);
  const waiting = waitingPods(pods, wish.pod, asked);
  const found = (listed?.known === true ? listed.value : []).filter(await wish.isMeant);
  const secrets = new Map<string, ChosenSecret>(
    found.map((secret) => [secret.name, { name: secret.name, secret, forbidden: undefined }]),
  );
  const named = [...new Set(waiting.flatMap(({ pod }) => pod?.imagePullSecrets ?? []))];
  // Where others do its work nobody misses the usual one, unless somebody names it.
  const isExpected =
    wish.secretName !== undefined ||
    byName.secret !== undefined ||
    (found.length === 0 && named.length === 0) ||
    namesIt(accounts, name);
  if (isExpected) secrets.set(name, byName);
  const others = named.filter((one) => !secrets.has(one));
  for (const one of await Promise.all(others.map((other) => readSecret(cluster, namespace, other, signal)))) {
    secrets.set(one.name, one);
  }
  return { context: cluster.context, namespace, pods, accounts, secrets: [...secrets.values()], waiting };
}

function namesIt(accounts: NamespaceFacts["accounts"], name: string): boolean {
  return accounts.known && accounts.value.some(({ imagePullSecrets }) => imagePullSecrets.includes(name));
}

function waitingPods(
  pods: Known<readonly PodObject[]>,
  asked: string | undefined,
  found: PodObject | undefined,
): SeenNamespace["waiting"] {
  const waiting = (pods.known ? pods.value : []).filter(
    ({ name, containers }) =>
      name !== asked && containers.some((one) => waitsForImage.has(one.waiting ?? "")),
  );
  return [
    ...(asked === undefined ? [] : [{ name: asked, pod: found }]),
    ...waiting.map((pod) => ({ name: pod.name, pod })),
  ];
}

/** A secret by its name; the right to read it is the least there is, and its lack is told of the secret. */
async function readSecret(
  cluster: ClusterReads,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<ChosenSecret> {
  try {
    return { name, secret: await cluster.findSecret(namespace, name, signal), forbidden: undefined };
  } catch (error) {
    if (!hasCode(error, "kubernetes.forbidden")) throw error;
    return { name, secret: undefined, forbidden: error };
  }
}
