import { access } from "node:fs/promises";
import { join } from "node:path";
import type { KubeContext } from "../core/ports.ts";
import { asking, closestName } from "../domain/closest-name.ts";
import { refused } from "../domain/errors.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { readNamedFile, whyFileFailed } from "../domain/named-file.ts";
import type { Variables } from "../domain/proxy.ts";
import {
  kubeconfigPaths,
  largestKubeconfigBytes,
  mergeEntries,
  parseKubeconfig,
  readEntries,
  type KubeconfigCluster,
  type KubeconfigEntries,
  type KubeconfigSource,
  type KubeconfigUser,
} from "./kubeconfig-file.ts";

/** What is needed to talk to the cluster of one context. */
export interface Connection {
  readonly context: string;
  readonly cluster: KubeconfigCluster;
  /** Undefined if the context names no user. */
  readonly user: KubeconfigUser | undefined;
  /** Used to find proxies and programs. */
  readonly variables: Variables;
}

/** The user's contexts, merged as kubectl merges them. */
export class Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: readonly KubeContext[];
  readonly #entries: KubeconfigEntries;
  readonly #variables: Variables;

  constructor(entries: KubeconfigEntries, variables: Variables) {
    this.#entries = entries;
    this.#variables = variables;
    this.currentContext = entries.currentContext;
    this.contexts = [...entries.contexts.values()].map(({ name, namespace, cluster }) => ({
      name,
      namespace,
      server: addressOf(entries.clusters.get(cluster)?.server),
    }));
  }

  /**
   * @throws ActionableError `kubernetes.context-not-found`, which names the existing contexts;
   *   `kubernetes.context-incomplete` if the context names a cluster or user that is missing or malformed, or a user
   *   that impersonates groups, a uid or extra fields without a user; `kubernetes.auth-provider` for a provider that
   *   kubectl does not have; `kubernetes.bad-proxy`
   */
  connection(contextName: string): Connection {
    const context = this.#entries.contexts.get(contextName);
    if (!context) {
      const names = [...this.#entries.contexts.keys()];
      const known = names.slice(0, 20).join(", ") + (names.length > 20 ? ", …" : "");
      throw refused(
        "kubernetes.context-not-found",
        asking(
          `The kubeconfig has no context ${JSON.stringify(contextName)}.`,
          closestName(contextName, names.map(inOneLine)),
        ),
        names.length === 0 ? "It has none." : `It has: ${known}.`,
      );
    }
    const cluster = this.#entries.clusters.get(context.cluster);
    const user = context.user === undefined ? undefined : this.#entries.users.get(context.user);
    if (!cluster || !URL.canParse(cluster.server)) {
      throw incomplete(contextName, `cluster ${JSON.stringify(context.cluster)}`);
    }
    if (!user && context.user !== undefined) {
      throw incomplete(contextName, `user ${JSON.stringify(context.user)}`);
    }
    if (user) checkProvider(contextName, user);
    if (user && impersonatesWithoutUser(user)) throw actingAsNobody(contextName, user.name);
    if (cluster.proxyUrl !== undefined && !isProxy(cluster.proxyUrl)) throw badProxy(contextName);
    return { context: contextName, cluster, user, variables: this.#variables };
  }
}

/** The part of a server's URL that may be shown. */
function addressOf(server: string | undefined): string | undefined {
  if (server === undefined || !URL.canParse(server)) return undefined;
  const url = new URL(server);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#Cluster, `proxy-url` */
function isProxy(url: string): boolean {
  return URL.canParse(url) && /^(?:https?|socks5h?):$/.test(new URL(url).protocol);
}

/** The URL may hold a password, so it is not shown. */
function badProxy(context: string): Error {
  return refused(
    "kubernetes.bad-proxy",
    `The proxy-url of context ${JSON.stringify(context)}'s cluster is not an http, https or socks5 URL.`,
    "Start it with a scheme, such as http://proxy.example:8080.",
  );
}

function incomplete(context: string, what: string): Error {
  return refused(
    "kubernetes.context-incomplete",
    `Context ${JSON.stringify(context)} names ${what}, which is not in the kubeconfig or cannot be read.`,
    "Compare with kubectl config view.",
  );
}

/** Providers that kubectl no longer has, with a hint and a page about what to use instead. */
const formerProviders: ReadonlyMap<string, readonly [hint: string, docs: string]> = new Map([
  [
    "gcp",
    [
      "Use the credential plugin gke-gcloud-auth-plugin, for which gcloud container clusters get-credentials writes the kubeconfig.",
      "https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke",
    ],
  ],
  [
    "azure",
    [
      "Use the credential plugin https://github.com/Azure/kubelogin: kubelogin convert-kubeconfig rewrites the kubeconfig.",
      "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
    ],
  ],
]);

/**
 * Refuses every provider that kubectl does not have. The Kubernetes client would still run the programs that some of
 * them name, without the limits of a credential plugin.
 */
function checkProvider(context: string, { name: user, authProvider, plugin }: KubeconfigUser): void {
  if (!authProvider) return;
  const { name } = authProvider;
  const refuse = (why: string, hint: string, docs?: string) =>
    refused(
      "kubernetes.auth-provider",
      `The user ${JSON.stringify(user)} of context ${JSON.stringify(context)} signs in with the auth-provider ${JSON.stringify(name)}${why}.`,
      hint,
      docs,
    );
  const former = formerProviders.get(name);
  if (former) throw refuse(", which kubectl no longer has", ...former);
  if (name !== "oidc")
    throw refuse(", which kubectl does not have", "It supports oidc and credential plugins (exec).");
  if (plugin) throw refuse(", and also with a credential plugin", "Remove one of the two.");
}

/** Whether a user impersonates, but names no user. The API server answers that with 500; kubectl does not send it. */
function impersonatesWithoutUser({ impersonation }: KubeconfigUser): boolean {
  return Object.keys(impersonation).length > 0 && impersonation["Impersonate-User"] === undefined;
}

function actingAsNobody(context: string, user: string): Error {
  return refused(
    "kubernetes.context-incomplete",
    `The user ${JSON.stringify(user)} of context ${JSON.stringify(context)} impersonates groups, a uid or extra fields without a user.`,
    "Add the user to as-groups, as-uid and as-user-extra (as: NAME), or remove them.",
  );
}

/**
 * Loads the kubeconfig as kubectl does: the named file, otherwise the list in KUBECONFIG, otherwise `~/.kube/config`,
 * and if none has a context, a Pod's service account. Of several files, the first that names a thing wins.
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 * @throws ActionableError `kubernetes.kubeconfig-missing`, `kubernetes.kubeconfig-malformed`
 */
export async function loadKubeconfig(
  { file, env }: KubeconfigSource,
  signal: AbortSignal,
): Promise<Kubeconfig> {
  const paths = kubeconfigPaths({ file, env });
  const texts = await Promise.all(
    paths.map(async (path) => ({ path, text: await readIfThere(path, signal) })),
  );
  const found = texts.filter((item): item is { path: string; text: string } => item.text !== undefined);
  const entries = mergeEntries(found.map(({ path, text }) => parseKubeconfig(path, text)));
  if (entries.contexts.size === 0 && file === undefined) {
    const inside = await ofPod(env, signal);
    if (inside) return new Kubeconfig(readEntries(inside, podFolder), env);
  }
  if (found.length === 0) {
    throw refused(
      "kubernetes.kubeconfig-missing",
      `There is no kubeconfig at ${paths.map((path) => JSON.stringify(path)).join(", ")}.`,
      "Name one with --kubeconfig or KUBECONFIG; minikube, kind and az aks get-credentials write one.",
    );
  }
  return new Kubeconfig(entries, env);
}

async function readIfThere(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    // KUBECONFIG=<(...) names a pipe.
    const bounds = { limitBytes: largestKubeconfigBytes, pipe: true, signal };
    return (await readNamedFile(path, bounds)).toString("utf8");
  } catch (error) {
    signal.throwIfAborted();
    const why = whyFileFailed(error);
    if (why === "ENOENT" || why === "ENOTDIR") return undefined;
    throw refused(
      "kubernetes.kubeconfig-missing",
      `The kubeconfig ${JSON.stringify(path)} cannot be read: ${why}.`,
    );
  }
}

/** Where a Pod finds the credential of its service account. */
const podFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * A Pod's service account, as a kubeconfig; undefined outside a Pod.
 * Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
async function ofPod(env: KubeconfigSource["env"], signal: AbortSignal): Promise<object | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  const isThere = await access(join(podFolder, "token")).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const namespace = await readNamedFile(join(podFolder, "namespace"), { signal }).catch(() => "");
  const name = "in-cluster";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    "current-context": name,
    clusters: [{ name, cluster: { server, "certificate-authority": "ca.crt" } }],
    users: [{ name, user: { tokenFile: "token" } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: namespace.toString().trim() } }],
  };
}
