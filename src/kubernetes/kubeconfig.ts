import { access, readFile } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import { KubeConfig, type Cluster } from "@kubernetes/client-node";
import { refused } from "../domain/errors.ts";
import type { ExecPlugin } from "./exec-plugin.ts";
import { kubeconfigPaths, type KubeconfigSource } from "./kubeconfig-paths.ts";
import { mergeEntries, parseKubeconfig, readEntries, type KubeconfigEntries } from "./kubeconfig-file.ts";

/** A context that can be chosen. */
export interface KubeContext {
  readonly name: string;
  readonly namespace: string | undefined;
  /** Where the cluster's API server is, without any user in the URL; undefined when the kubeconfig does not tell. */
  readonly server: string | undefined;
}

/** What it takes to talk to the cluster of one context. */
export interface Connection {
  readonly context: string;
  readonly cluster: Cluster;
  /** The Kubernetes client's own view of this context alone, without its plugin. */
  readonly config: KubeConfig;
  readonly plugin: ExecPlugin | undefined;
  /** Headers that say whom to act for, beside those of the client. */
  readonly impersonation: OutgoingHttpHeaders;
}

/** The contexts a user has, merged as kubectl merges them. */
export class Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: readonly KubeContext[];
  readonly #entries: KubeconfigEntries;

  constructor(entries: KubeconfigEntries) {
    this.#entries = entries;
    this.currentContext = entries.currentContext;
    this.contexts = [...entries.contexts.values()].map(({ name, namespace, cluster }) => ({
      name,
      namespace: namespace === "" ? undefined : namespace,
      server: addressOf(entries.clusters.get(cluster)?.server),
    }));
  }

  /**
   * @throws ActionableError `kubernetes.context-not-found` with the contexts that there are,
   *   `kubernetes.context-incomplete` when it names a cluster or user that is not there or not well-formed
   */
  connection(contextName: string): Connection {
    const context = this.#entries.contexts.get(contextName);
    if (!context) {
      const names = [...this.#entries.contexts.keys()];
      const known = names.slice(0, 20).join(", ") + (names.length > 20 ? ", …" : "");
      throw refused(
        "kubernetes.context-not-found",
        `The kubeconfig has no context ${JSON.stringify(contextName)}.`,
        names.length === 0 ? "It has none at all." : `It has: ${known}.`,
      );
    }
    const cluster = this.#entries.clusters.get(context.cluster);
    const entry = this.#entries.users.get(context.user);
    if (!cluster || !URL.canParse(cluster.server)) {
      throw incomplete(contextName, `cluster ${JSON.stringify(context.cluster)}`);
    }
    if (!entry && context.user) throw incomplete(contextName, `user ${JSON.stringify(context.user)}`);
    const { user, plugin, impersonation } = entry ?? {
      user: { name: "" },
      plugin: undefined,
      impersonation: {},
    };
    const config = new KubeConfig();
    config.loadFromOptions({
      // The client refuses plain http otherwise; whether that is allowed is decided elsewhere.
      clusters: [{ ...cluster, skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith("http:") }],
      users: [user],
      contexts: [{ ...context, user: user.name }],
      currentContext: contextName,
    });
    return { context: contextName, cluster, config, plugin, impersonation };
  }
}

/** What may be shown of a server's URL. */
function addressOf(server: string | undefined): string | undefined {
  if (server === undefined || !URL.canParse(server)) return undefined;
  const url = new URL(server);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function incomplete(context: string, what: string): Error {
  return refused(
    "kubernetes.context-incomplete",
    `Context ${JSON.stringify(context)} names ${what}, which the kubeconfig does not hold or which cannot be read.`,
    "Compare with kubectl config view.",
  );
}

/**
 * Loads as kubectl does: the file that was named, else the list in KUBECONFIG, else `~/.kube/config`; of several
 * the first to name a thing wins; inside a pod without any, its service account.
 * Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 * @throws ActionableError `kubernetes.kubeconfig-missing`, `kubernetes.kubeconfig-malformed`
 */
export async function loadKubeconfig({ file, env }: KubeconfigSource): Promise<Kubeconfig> {
  const paths = kubeconfigPaths({ file, env });
  const texts = await Promise.all(paths.map(async (path) => ({ path, text: await readIfThere(path) })));
  const found = texts.filter((item): item is { path: string; text: string } => item.text !== undefined);
  const entries = mergeEntries(found.map(({ path, text }) => parseKubeconfig(path, text)));
  if (entries.contexts.size === 0 && file === undefined && (await isInsidePod(env))) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return new Kubeconfig(readEntries(config));
  }
  if (found.length === 0) {
    throw refused(
      "kubernetes.kubeconfig-missing",
      `There is no kubeconfig at ${paths.map((path) => JSON.stringify(path)).join(", ")}.`,
      "Name one with --kubeconfig or KUBECONFIG; minikube, kind and az aks get-credentials write one.",
    );
  }
  return new Kubeconfig(entries);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw refused(
      "kubernetes.kubeconfig-missing",
      `The kubeconfig ${JSON.stringify(path)} cannot be read: ${String(code)}.`,
    );
  }
}

async function isInsidePod(env: KubeconfigSource["env"]): Promise<boolean> {
  if (!env["KUBERNETES_SERVICE_HOST"] || !env["KUBERNETES_SERVICE_PORT"]) return false;
  return access("/var/run/secrets/kubernetes.io/serviceaccount/token").then(
    () => true,
    () => false,
  );
}
