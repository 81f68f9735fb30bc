import { usualSecretName } from "../../domain/names.ts";
import pMap from "p-map";
import { isPullSecretType } from "../../domain/docker-config.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { isManaged, managedSelector } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Cluster } from "../ports.ts";
import type { ClusterView, ViewWish } from "./view.ts";
import { atOnce } from "../at-once.ts";

/** Reads the pull secrets that have the wanted name in these namespaces. */
export async function readSecrets(
  { secretName = usualSecretName }: ViewWish,
  cluster: Cluster,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<PullSecret[]> {
  const read = (namespace: string) => cluster.findSecret(namespace, secretName, signal);
  const found = await pMap(namespaces, read, atOnce);
  return found.filter((secret) => secret !== undefined).filter(({ type }) => isPullSecretType(type));
}

/**
 * Reads the secret in the context's own namespace, for a run that chose no namespaces and may not list secrets
 * cluster-wide. If this is forbidden too, the error names the right to list. That is the right to ask for, because
 * the context's own namespace may hold nothing.
 * @throws ActionableError `kubernetes.forbidden` that names the right to list, exit 3
 */
export async function readOwnNamespace(
  wish: ViewWish,
  cluster: Cluster,
  namespace: string,
  signal: AbortSignal,
): Promise<PullSecret[]> {
  try {
    return await readSecrets(wish, cluster, [namespace], signal);
  } catch (error) {
    if (!hasCode(error, "kubernetes.forbidden")) throw error;
    throw new ActionableError(
      `You may not list secrets in every namespace of context ${inOneLine(cluster.context)}, nor get them in its own namespace ${inOneLine(namespace)}.`,
      {
        code: "kubernetes.forbidden",
        hint: "Ask for the right to list secrets cluster-wide, or name the namespaces with -n.",
        docs: "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
        exitCode: exitCode.notAllowed,
      },
      { cause: error },
    );
  }
}

/** The namespaces to read one by one. If they may not be listed, only the context's own. */
export async function allNamespaces(
  cluster: Cluster,
  defaultNamespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return (await cluster.listNamespaces("", signal)).map(({ name }) => name);
  } catch (error) {
    if (!hasCode(error, "kubernetes.forbidden")) throw error;
    return [defaultNamespace];
  }
}

/** Reads the secrets that carry our label, namespace by namespace. */
export async function readManaged(
  { secretName = usualSecretName }: ViewWish,
  cluster: Cluster,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<Pick<ClusterView, "secrets" | "missed">> {
  const read = async (namespace: string): Promise<Pick<ClusterView, "secrets" | "missed">> => {
    try {
      const listed = await cluster.listSecretsIn(namespace, managedSelector, signal);
      if (listed) return { secrets: listed, missed: [] };
      // A caller that may not list may still read the one secret that is known by name.
      const secret = await cluster.findSecret(namespace, secretName, signal);
      return { secrets: secret && isManaged(secret) ? [secret] : [], missed: [] };
    } catch (error) {
      if (!(error instanceof ActionableError) || signal.aborted) throw error;
      return { secrets: [], missed: [{ context: cluster.context, namespace, error }] };
    }
  };
  const answers = await pMap(namespaces, read, atOnce);
  return {
    secrets: answers.flatMap(({ secrets }) => secrets),
    missed: answers.flatMap(({ missed }) => missed),
  };
}

/** A cluster, and its secrets that were seen. */
export interface SeenSecrets {
  readonly cluster: Cluster;
  readonly secrets: ReadonlyArray<Pick<PullSecret, "namespace" | "name">>;
}

/** A cluster's pull secrets as they are now. */
export interface SecretsNow {
  readonly secrets: readonly PullSecret[];
  /** Whether these are all of the cluster's pull secrets. */
  readonly whole: boolean;
}

/**
 * A cluster's pull secrets as they are now, because others may have written since they were seen. If they may not be
 * listed cluster-wide, only those that were seen are read again.
 */
export async function secretsNow(
  { cluster, secrets }: SeenSecrets,
  signal: AbortSignal,
): Promise<SecretsNow> {
  const listed = await cluster.listPullSecrets(signal);
  if (listed) return { secrets: listed, whole: true };
  const find = ({ namespace, name }: SeenSecrets["secrets"][number]) =>
    cluster.findSecret(namespace, name, signal);
  const found = await pMap(secrets, find, atOnce);
  return { secrets: found.filter((secret) => secret !== undefined), whole: false };
}
