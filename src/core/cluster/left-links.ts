import { usualSecretName } from "../../domain/names.ts";
import pMap from "p-map";
import { hasCode } from "../../domain/errors.ts";
import type { ServiceAccountObject } from "../../domain/kubernetes-objects.ts";
import { listWriter } from "../../domain/other-writers.ts";
import type { ServiceAccountLink } from "./service-account.ts";
import type { ClusterView } from "./view.ts";
import { atOnce } from "../at-once.ts";

/** A service account that names a pull secret that does not exist, or no longer exists. */
export interface LeftLink extends ServiceAccountLink {
  /**
   * Who wrote the account's list as it is now. For most accounts, such as `default`, the API server keeps no record
   * of that. Then only other traces show that acr-pull wrote it.
   */
  readonly writer: ReturnType<typeof listWriter>;
}

interface Wish {
  /** Undefined for the usual name. */
  readonly secretName: string | undefined;
}

/**
 * Finds service accounts that name a pull secret that does not exist. If they may not be listed cluster-wide, looks
 * in the chosen namespaces. If they may not be listed there either, finds none.
 */
export async function findLeftLinks(
  { cluster, namespaces }: Pick<ClusterView, "cluster" | "namespaces">,
  { secretName = usualSecretName }: Wish,
  signal: AbortSignal,
): Promise<readonly LeftLink[]> {
  const accounts =
    (await cluster.listAllAccountLinks(signal)) ??
    (await pMap(
      [...(namespaces ?? [])],
      (one) => unlessForbidden(cluster.listAccountLinks(one, signal), []),
      atOnce,
    ));
  const naming = accounts.flat().filter(({ namespace, imagePullSecrets }: ServiceAccountObject) => {
    return (namespaces?.has(namespace) ?? true) && imagePullSecrets.includes(secretName);
  });
  const places = new Set(naming.map(({ namespace }) => namespace));
  const missing = new Set<string>();
  await pMap(
    places,
    async (namespace) => {
      const secret = await unlessForbidden(cluster.findSecret(namespace, secretName, signal), "unreadable");
      if (!secret) missing.add(namespace);
    },
    atOnce,
  );
  return naming
    .filter(({ namespace }) => missing.has(namespace))
    .map((account) => ({
      cluster,
      namespace: account.namespace,
      account: account.name,
      secretName,
      writer: listWriter(account),
    }));
}

async function unlessForbidden<T, Else>(answer: Promise<T>, otherwise: Else): Promise<T | Else> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, "kubernetes.forbidden")) return otherwise;
    throw error;
  }
}
