import type { V1Secret, V1Status } from "@kubernetes/client-node";
import { dockerConfigType, legacyDockerConfigType } from "../domain/docker-config.ts";
import { hasCode } from "../domain/errors.ts";
import type {
  NamespaceObject,
  NodePlatform,
  PodEvent,
  PodObject,
  SecretChange,
  SecretObject,
  ServiceAccountObject,
} from "../domain/kubernetes-objects.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { ClusterRehearsalClient } from "./cluster-rehearsal.ts";
import {
  accountChange,
  namespaceCreation,
  secretChange,
  secretCreation,
  secretDeletion,
} from "./cluster-writes.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import { KubernetesCalls } from "./kubernetes-calls.ts";
import type { ApiRequest } from "./kubernetes-errors.ts";
import { KubernetesHttp, type KubernetesHttpOptions } from "./kubernetes-http.ts";
import {
  holdsChange,
  namespaceObject,
  nodePlatform,
  podEvent,
  podObject,
  pullSecret,
  serviceAccountObject,
} from "./kubernetes-objects.ts";

/**
 * A cluster through one context of the kubeconfig; nothing is sent yet.
 * @throws ActionableError `kubernetes.context-not-found`, `kubernetes.context-incomplete`,
 *   `kubernetes.insecure-tls`
 */
export function createCluster(
  kubeconfig: Kubeconfig,
  context: string,
  { leaveOut = [], ...options }: ClusterOptions = {},
): ClusterClient {
  const connection = kubeconfig.connection(context);
  const http = new KubernetesHttp(connection, options);
  return new ClusterClient(context, connection.cluster.server, http, new Set(leaveOut));
}

/** How a cluster is spoken to, and what of it is left out. */
export interface ClusterOptions extends KubernetesHttpOptions {
  /** Secrets, as `namespace/name`, that no list shows. */
  readonly leaveOut?: readonly string[];
}

/** Which objects of a list are wanted. */
interface Selector {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** One Kubernetes cluster. */
export class ClusterClient {
  readonly context: string;
  /** The host of its API server. */
  readonly apiHost: string;
  readonly rehearsal: ClusterRehearsalClient;
  readonly #http: KubernetesHttp;
  readonly #calls: KubernetesCalls;
  readonly #leaveOut: ReadonlySet<string>;

  constructor(context: string, server: string, http: KubernetesHttp, leaveOut: ReadonlySet<string>) {
    this.#leaveOut = leaveOut;
    this.context = context;
    this.apiHost = new URL(server).hostname;
    this.#http = http;
    this.#calls = new KubernetesCalls(server, http);
    this.rehearsal = new ClusterRehearsalClient(context, this.#calls);
  }

  serverTime(): Date {
    return this.#http.serverTime();
  }

  async kubeSystemUid(signal: AbortSignal): Promise<string | undefined> {
    const namespace = await unlessForbidden(this.findNamespace("kube-system", signal));
    return namespace?.uid;
  }

  findNamespace(name: string, signal: AbortSignal): Promise<NamespaceObject | undefined> {
    return this.#calls.find(
      this.#request("get", "namespaces", undefined, name),
      (core, options) => core.readNamespace({ name }, options),
      namespaceObject,
      signal,
    );
  }

  listNamespaces(labelSelector: string, signal: AbortSignal): Promise<readonly NamespaceObject[]> {
    return this.#calls.list(
      this.#request("list", "namespaces"),
      (core, page, options) => core.listNamespace({ labelSelector, ...page }, options),
      namespaceObject,
      signal,
    );
  }

  async createNamespace(name: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#calls.write(
        namespaceCreation(this.context, name),
        namespaceObject,
        () => this.findNamespace(name, signal),
        signal,
      );
    } catch (error) {
      if (!hasCode(error, "kubernetes.already-exists")) throw error;
    }
  }

  findSecret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined> {
    return this.#calls.find(
      this.#request("get", "secrets", namespace, name),
      (core, options) => core.readNamespacedSecret({ namespace, name }, options),
      pullSecret,
      signal,
    );
  }

  listSecrets(labelSelector: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined> {
    return this.#listSecretsEverywhere({ labelSelector }, signal);
  }

  listSecretsNamed(name: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined> {
    return this.#listSecretsEverywhere({ fieldSelector: `metadata.name=${name}` }, signal);
  }

  mayEverywhere(
    verb: "get" | "create" | "patch",
    resource: "secrets" | "namespaces",
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#calls.mayDo({ verb, resource }, signal);
  }

  async listSecretsIn(
    namespace: string,
    labelSelector: string,
    signal: AbortSignal,
  ): Promise<readonly PullSecret[] | undefined> {
    const listed = await unlessForbidden(this.#listSecretsIn(namespace, { labelSelector }, signal));
    return listed?.filter(this.#isShown);
  }

  async listPullSecrets(signal: AbortSignal): Promise<readonly PullSecret[] | undefined> {
    // Secrets can be selected by their type, one at a time: kubernetes pkg/registry/core/secret/strategy.go, SelectableFields
    const [ofToday, legacy] = await Promise.all(
      [dockerConfigType, legacyDockerConfigType].map((type) =>
        this.#listSecretsEverywhere({ fieldSelector: `type=${type}` }, signal),
      ),
    );
    return ofToday && legacy && [...ofToday, ...legacy];
  }

  /** The pull secrets of one namespace, of both types; none where the namespace does not exist. */
  async listPullSecretsIn(namespace: string, signal: AbortSignal): Promise<readonly PullSecret[]> {
    const ofTypes = await Promise.all(
      [dockerConfigType, legacyDockerConfigType].map((type) =>
        this.#listSecretsIn(namespace, { fieldSelector: `type=${type}` }, signal),
      ),
    );
    return ofTypes.flat();
  }

  listPods(namespace: string, signal: AbortSignal): Promise<readonly PodObject[]> {
    return this.#calls.list(
      this.#request("list", "pods", namespace),
      (core, page, options) => core.listNamespacedPod({ namespace, ...page }, options),
      podObject,
      signal,
    );
  }

  findPod(namespace: string, name: string, signal: AbortSignal): Promise<PodObject | undefined> {
    return this.#calls.find(
      this.#request("get", "pods", namespace, name),
      (core, options) => core.readNamespacedPod({ namespace, name }, options),
      podObject,
      signal,
    );
  }

  /** What happened to one pod, in no order. */
  listPodEvents(namespace: string, pod: string, signal: AbortSignal): Promise<readonly PodEvent[]> {
    const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`;
    return this.#calls.list(
      this.#request("list", "events", namespace),
      (core, page, options) => core.listNamespacedEvent({ namespace, fieldSelector, ...page }, options),
      podEvent,
      signal,
    );
  }

  listNodes(signal: AbortSignal): Promise<readonly NodePlatform[]> {
    return this.#calls.list(
      this.#request("list", "nodes"),
      (core, page, options) => core.listNode(page, options),
      nodePlatform,
      signal,
    );
  }

  /** Service accounts with their pull secrets; none where the namespace does not exist. */
  listAccountLinks(namespace: string, signal: AbortSignal): Promise<readonly ServiceAccountObject[]> {
    return this.#calls.list(
      this.#request("list", "serviceaccounts", namespace),
      (core, page, options) => core.listNamespacedServiceAccount({ namespace, ...page }, options),
      serviceAccountObject,
      signal,
    );
  }

  listAllAccountLinks(signal: AbortSignal): Promise<readonly ServiceAccountObject[] | undefined> {
    return unlessForbidden(
      this.#calls.list(
        this.#request("list", "serviceaccounts"),
        (core, page, options) => core.listServiceAccountForAllNamespaces(page, options),
        serviceAccountObject,
        signal,
      ),
    );
  }

  async #listSecretsEverywhere(
    selector: Selector,
    signal: AbortSignal,
  ): Promise<readonly PullSecret[] | undefined> {
    const listed = await unlessForbidden(
      this.#calls.list(
        this.#request("list", "secrets"),
        (core, page, options) => core.listSecretForAllNamespaces({ ...selector, ...page }, options),
        pullSecret,
        signal,
      ),
    );
    return listed?.filter(this.#isShown);
  }

  #listSecretsIn(namespace: string, selector: Selector, signal: AbortSignal): Promise<readonly PullSecret[]> {
    return this.#calls.list(
      this.#request("list", "secrets", namespace),
      (core, page, options) => core.listNamespacedSecret({ namespace, ...selector, ...page }, options),
      pullSecret,
      signal,
    );
  }

  readonly #isShown = ({ namespace, name }: PullSecret): boolean =>
    !this.#leaveOut.has(`${namespace}/${name}`);

  createSecret(
    secret: { readonly namespace: string; readonly name: string; readonly type: string } & SecretChange,
    signal: AbortSignal,
  ): Promise<PullSecret> {
    return this.#calls.write(
      secretCreation(this.context, secret),
      pullSecret,
      async () => {
        const found = await this.findSecret(secret.namespace, secret.name, signal);
        return found?.type === secret.type && holdsChange(found, secret) ? found : undefined;
      },
      signal,
    );
  }

  patchSecret(
    secret: Pick<SecretObject, "namespace" | "name" | "resourceVersion">,
    change: SecretChange,
    signal: AbortSignal,
  ): Promise<PullSecret> {
    return this.#calls.write(
      secretChange(this.context, secret, change),
      pullSecret,
      async () => {
        const found = await this.findSecret(secret.namespace, secret.name, signal);
        return found && holdsChange(found, change) ? found : undefined;
      },
      signal,
    );
  }

  async deleteSecret(
    secret: Pick<SecretObject, "namespace" | "name" | "uid" | "resourceVersion">,
    signal: AbortSignal,
  ): Promise<PullSecret | undefined> {
    try {
      return await this.#calls.write(
        secretDeletion(this.context, secret),
        standingSecret,
        // Gone is 404, and what stands there in its place was not deleted.
        () => Promise.resolve(undefined),
        signal,
      );
    } catch (error) {
      if (!hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found")) throw error;
      return undefined;
    }
  }

  findServiceAccount(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<ServiceAccountObject | undefined> {
    return this.#calls.find(
      this.#request("get", "serviceaccounts", namespace, name),
      (core, options) => core.readNamespacedServiceAccount({ namespace, name }, options),
      serviceAccountObject,
      signal,
    );
  }

  async listServiceAccounts(namespace: string, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.listAccountLinks(namespace, signal)).map(({ name }) => name);
  }

  async patchServiceAccount(
    account: Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">,
    imagePullSecrets: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#calls.write(
      accountChange(this.context, account, imagePullSecrets),
      serviceAccountObject,
      async () => {
        const found = await this.findServiceAccount(account.namespace, account.name, signal);
        return found?.imagePullSecrets.join("\n") === imagePullSecrets.join("\n") ? found : undefined;
      },
      signal,
    );
  }

  #request(
    verb: ApiRequest["verb"],
    resource: ApiRequest["resource"],
    namespace?: string,
    name?: string,
  ): ApiRequest {
    return { context: this.context, verb, resource, namespace, name };
  }
}

/** A deletion is answered with a Status, or with the object while its finalizers hold it. */
function standingSecret(answer: V1Secret | V1Status): PullSecret | undefined {
  const secret = answer.kind === "Secret" ? pullSecret(answer) : undefined;
  return secret?.deleting && secret.finalizers.length > 0 ? secret : undefined;
}

async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, "kubernetes.forbidden")) return undefined;
    throw error;
  }
}
