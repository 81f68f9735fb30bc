import { hasCode, refused, type ActionableError } from "../../domain/errors.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import type { ServiceAccountObject } from "../../domain/kubernetes-objects.ts";
import type { Clock, Cluster } from "../ports.ts";
import { waitUntil } from "../patience.ts";
import type { Writable } from "./read-targets.ts";

/** A service account whose Pods are to use the pull secret. */
export interface ServiceAccountLink {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly account: string;
  readonly secretName: string;
}

/** Whether the account already names the secret. Undefined if its namespace is yet to be created. */
export type LinkFinding = { readonly linked: boolean } | undefined;

/**
 * Looks at the account, and rehearses the change if one is needed.
 * @throws ActionableError `service-account.not-found`, exit 2
 */
export async function inspectLink(
  link: ServiceAccountLink,
  namespaceIsMade: boolean,
  signal: AbortSignal,
): Promise<LinkFinding> {
  if (namespaceIsMade) return undefined;
  const account = await link.cluster.findServiceAccount(link.namespace, link.account, signal);
  if (!account) throw missing(link);
  const linked = account.imagePullSecrets.includes(link.secretName);
  if (!linked) {
    const { rehearsal } = link.cluster;
    await rehearsal.patchServiceAccount(account, withSecret(account, link), signal);
  }
  return { linked };
}

function missing({ cluster, namespace, account }: ServiceAccountLink): ActionableError {
  return refused(
    "service-account.not-found",
    `Service account ${namespace}/${account} does not exist in context ${inOneLine(cluster.context)}.`,
    "Check the name, or create it first: kubectl create serviceaccount.",
  );
}

const triesOnConflict = 5;
/** The controller makes `default` moments after its namespace. */
const freshNamespaceMs = 30_000;

/**
 * Adds the secret at the end of the account's list. The API server treats the list as atomic. So the list is read,
 * extended, and written under its resource version, which keeps the entries of others and their order.
 */
export async function ensureLink(
  link: Writable<ServiceAccountLink>,
  clock: Clock,
  signal: AbortSignal,
): Promise<"updated" | "unchanged"> {
  const { cluster, namespace, account: name, secretName } = link;
  for (let tries = 1; ; tries += 1) {
    const account = await waitUntil(
      () => cluster.findServiceAccount(namespace, name, signal),
      { timeoutMs: freshNamespaceMs },
      clock,
      signal,
    );
    if (!account) throw missing(link);
    if (account.imagePullSecrets.includes(secretName)) return "unchanged";
    try {
      await cluster.patchServiceAccount(account, withSecret(account, link), signal);
      return "updated";
    } catch (error) {
      if (tries >= triesOnConflict || !hasCode(error, "kubernetes.conflict")) throw error;
    }
  }
}

/**
 * Takes the secret out of the account's list, and keeps the entries of others and their order. Succeeds if the secret
 * is already out, or if the account no longer exists.
 */
export async function removeLink(
  { cluster, namespace, account: name, secretName }: Writable<ServiceAccountLink>,
  signal: AbortSignal,
): Promise<"updated" | "unchanged"> {
  for (let tries = 1; ; tries += 1) {
    const account = await cluster.findServiceAccount(namespace, name, signal);
    if (!account?.imagePullSecrets.includes(secretName)) return "unchanged";
    try {
      await cluster.patchServiceAccount(account, withoutSecret(account, secretName), signal);
      return "updated";
    } catch (error) {
      if (hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found")) return "unchanged";
      if (tries >= triesOnConflict || !hasCode(error, "kubernetes.conflict")) throw error;
    }
  }
}

/**
 * Asks the API server whether the secret could be taken out of the account's list. Succeeds if there is nothing to take
 * out, or if somebody changed the account meanwhile: the API server has then already checked the right to write it.
 */
export async function rehearseUnlink(
  { cluster, namespace, account: name, secretName }: ServiceAccountLink,
  signal: AbortSignal,
): Promise<void> {
  const account = await cluster.findServiceAccount(namespace, name, signal);
  if (!account?.imagePullSecrets.includes(secretName)) return;
  try {
    await cluster.rehearsal.patchServiceAccount(account, withoutSecret(account, secretName), signal);
  } catch (error) {
    const meanwhile = ["kubernetes.conflict", "kubernetes.not-found", "kubernetes.namespace-not-found"];
    if (!hasCode(error, ...meanwhile)) throw error;
  }
}

function withSecret(
  { imagePullSecrets }: ServiceAccountObject,
  { secretName }: ServiceAccountLink,
): string[] {
  return [...imagePullSecrets, secretName];
}

function withoutSecret({ imagePullSecrets }: ServiceAccountObject, secretName: string): string[] {
  return imagePullSecrets.filter((secret) => secret !== secretName);
}
