import type { ClusterReads } from "../core/ports.ts";
import { hasCode, type ActionableError } from "../domain/errors.ts";
import type {
  NodePlatform,
  PodEvent,
  PodObject,
  ServiceAccountObject,
} from "../domain/kubernetes-objects.ts";
import { Once } from "../domain/once.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { seen, valueOf, type Known } from "./known.ts";

/** A secret as it was read by its name. */
export interface ReadSecret {
  readonly name: string;
  /** Undefined if it does not exist or may not be read. */
  readonly secret: PullSecret | undefined;
  readonly forbidden: ActionableError | undefined;
}

/** What one namespace holds that affects its pulls. */
export interface NamespaceContent {
  readonly listed: Known<readonly PullSecret[]>;
  readonly usual: ReadSecret;
  readonly pods: Known<readonly PodObject[]>;
  readonly accounts: Known<readonly ServiceAccountObject[]>;
}

/** A cluster as verify reads it. What concerns the whole cluster is read once, and only if it is needed. */
export class ClusterSight {
  readonly context: string;
  readonly apiHost: string;
  readonly #cluster: ClusterReads;
  readonly #signal: AbortSignal;
  readonly #once = new Once();

  constructor(cluster: ClusterReads, signal: AbortSignal) {
    this.context = cluster.context;
    this.apiHost = cluster.apiHost;
    this.#cluster = cluster;
    this.#signal = signal;
  }

  /** Every pull secret of the cluster. The value is undefined if they may not be listed. */
  everySecret(): Promise<Known<readonly PullSecret[] | undefined>> {
    return this.#once.do("secrets", "", () => this.#seen((signal) => this.#cluster.listPullSecrets(signal)));
  }

  nodes(): Promise<Known<readonly NodePlatform[]>> {
    return this.#once.do("nodes", "", () => this.#seen((signal) => this.#cluster.listNodes(signal)));
  }

  /** The names of all namespaces; none if they may not be listed. */
  async namespaceNames(): Promise<string[]> {
    const all = await this.#seen((signal) => this.#cluster.listNamespaces("", signal));
    return (valueOf(all) ?? []).map(({ name }) => name);
  }

  /** Whether a namespace does not exist, as far as the caller may know. */
  async isMissing(namespace: string): Promise<boolean> {
    const found = await this.#seen((signal) => this.#cluster.findNamespace(namespace, signal));
    return found.known && found.value === undefined;
  }

  /**
   * Reads a namespace, side by side.
   * @param usual the name of the secret that is read in any case: if it has another type, it is not in the list
   */
  async read(namespace: string, usual: string): Promise<NamespaceContent> {
    const [listed, ofName, pods, accounts] = await Promise.all([
      this.#seen((signal) => this.#cluster.listPullSecretsIn(namespace, signal)),
      this.secret(namespace, usual),
      this.#seen((signal) => this.#cluster.listPods(namespace, signal)),
      this.#seen((signal) => this.#cluster.listAccountLinks(namespace, signal)),
    ]);
    return { listed, usual: ofName, pods, accounts };
  }

  /** A secret by its name. Verify needs at least the right to read it, so a missing right is reported for the secret. */
  async secret(namespace: string, name: string): Promise<ReadSecret> {
    try {
      const secret = await this.#cluster.findSecret(namespace, name, this.#signal);
      return { name, secret, forbidden: undefined };
    } catch (error) {
      if (!hasCode(error, "kubernetes.forbidden")) throw error;
      return { name, secret: undefined, forbidden: error };
    }
  }

  pod(namespace: string, name: string): Promise<Known<PodObject | undefined>> {
    return this.#seen((signal) => this.#cluster.findPod(namespace, name, signal));
  }

  events(namespace: string, pod: string): Promise<Known<readonly PodEvent[]>> {
    return this.#seen((signal) => this.#cluster.listPodEvents(namespace, pod, signal));
  }

  #seen<T>(read: (signal: AbortSignal) => Promise<T>): Promise<Known<T>> {
    return seen(read(this.#signal), this.#signal);
  }
}
