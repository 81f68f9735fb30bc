import type { V1Secret } from "@kubernetes/client-node";
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
import { fieldManager } from "../domain/ownership.ts";
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
  secretBody,
  secretObject,
  secretPatch,
  serviceAccountObject,
} from "./kubernetes-objects.ts";

/** How a write is meant. */
export interface ClusterWriteOptions {
  /** Ask the API server to check everything and keep nothing. */
  readonly dryRun: boolean;
}

/**
 * A cluster through one context of the kubeconfig; nothing is sent yet.
 * @throws ActionableError `kubernetes.context-not-found`, `kubernetes.context-incomplete`,
 *   `kubernetes.insecure-tls`
 */
export function createCluster(
  kubeconfig: Kubeconfig,
  context: string,
  options: KubernetesHttpOptions = {},
): ClusterClient {
  const connection = kubeconfig.connection(context);
  return new ClusterClient(context, connection.cluster.server, new KubernetesHttp(connection, options));
}

/** One Kubernetes cluster. Every write is checked strictly, names its field manager, and can be a dry run. */
export class ClusterClient {
  readonly context: string;
  /** The host of its API server. */
  readonly apiHost: string;
  readonly #http: KubernetesHttp;
  readonly #calls: KubernetesCalls;

  constructor(context: string, server: string, http: KubernetesHttp) {
    this.context = context;
    this.apiHost = new URL(server).hostname;
    this.#http = http;
    this.#calls = new KubernetesCalls(server, http);
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
      async (api, carrier) => namespaceObject(await api.readNamespace({ name }, carrier)),
      signal,
    );
  }

  listNamespaces(labelSelector: string, signal: AbortSignal): Promise<readonly NamespaceObject[]> {
    return this.#calls.list(
      this.#request("list", "namespaces"),
      async (page, api, carrier) => {
        const { items, metadata } = await api.listNamespace({ labelSelector, ...page }, carrier);
        return { items: items.map(namespaceObject), next: metadata?._continue };
      },
      signal,
    );
  }

  async createNamespace(name: string, options: ClusterWriteOptions, signal: AbortSignal): Promise<void> {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    try {
      await this.#calls.write(
        this.#request("create", "namespaces", undefined, name),
        async (api, carrier) =>
          namespaceObject(await api.createNamespace({ body, ...parametersOf(options) }, carrier)),
        () => this.findNamespace(name, signal),
        signal,
      );
    } catch (error) {
      if (!hasCode(error, "kubernetes.already-exists")) throw error;
    }
  }

  findSecret(namespace: string, name: string, signal: AbortSignal): Promise<SecretObject | undefined> {
    return this.#calls.find(
      this.#request("get", "secrets", namespace, name),
      async (api, carrier) => secretObject(await api.readNamespacedSecret({ namespace, name }, carrier)),
      signal,
    );
  }

  listSecrets(labelSelector: string, signal: AbortSignal): Promise<readonly SecretObject[] | undefined> {
    return this.#listSecretsEverywhere({ labelSelector }, signal);
  }

  listSecretsIn(
    namespace: string,
    labelSelector: string,
    signal: AbortSignal,
  ): Promise<readonly SecretObject[] | undefined> {
    return unlessForbidden(
      this.#calls.list(
        this.#request("list", "secrets", namespace),
        async (page, api, carrier) => {
          const answer = await api.listNamespacedSecret({ namespace, labelSelector, ...page }, carrier);
          return { items: answer.items.map(secretObject), next: answer.metadata?._continue };
        },
        signal,
      ),
    );
  }

  async listPullSecrets(signal: AbortSignal): Promise<readonly SecretObject[] | undefined> {
    // Secrets can be selected by their type, one at a time: kubernetes pkg/registry/core/secret/strategy.go, SelectableFields
    const [ofToday, legacy] = await Promise.all(
      [dockerConfigType, legacyDockerConfigType].map((type) =>
        this.#listSecretsEverywhere({ fieldSelector: `type=${type}` }, signal),
      ),
    );
    return ofToday && legacy && [...ofToday, ...legacy];
  }

  /** The pull secrets of one namespace, of both types; none where the namespace does not exist. */
  async listPullSecretsIn(namespace: string, signal: AbortSignal): Promise<readonly SecretObject[]> {
    const ofTypes = await Promise.all(
      [dockerConfigType, legacyDockerConfigType].map((type) =>
        this.#calls.list(
          this.#request("list", "secrets", namespace),
          async (page, api, carrier) => {
            const selector = { namespace, fieldSelector: `type=${type}` };
            const answer = await api.listNamespacedSecret({ ...selector, ...page }, carrier);
            return { items: answer.items.map(secretObject), next: answer.metadata?._continue };
          },
          signal,
        ),
      ),
    );
    return ofTypes.flat();
  }

  listPods(namespace: string, signal: AbortSignal): Promise<readonly PodObject[]> {
    return this.#calls.list(
      this.#request("list", "pods", namespace),
      async (page, api, carrier) => {
        const { items, metadata } = await api.listNamespacedPod({ namespace, ...page }, carrier);
        return { items: items.map(podObject), next: metadata?._continue };
      },
      signal,
    );
  }

  findPod(namespace: string, name: string, signal: AbortSignal): Promise<PodObject | undefined> {
    return this.#calls.find(
      this.#request("get", "pods", namespace, name),
      async (api, carrier) => podObject(await api.readNamespacedPod({ namespace, name }, carrier)),
      signal,
    );
  }

  /** What happened to one pod, in no order. */
  listPodEvents(namespace: string, pod: string, signal: AbortSignal): Promise<readonly PodEvent[]> {
    const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`;
    return this.#calls.list(
      this.#request("list", "events", namespace),
      async (page, api, carrier) => {
        const { items, metadata } = await api.listNamespacedEvent(
          { namespace, fieldSelector, ...page },
          carrier,
        );
        return { items: items.map(podEvent), next: metadata?._continue };
      },
      signal,
    );
  }

  listNodes(signal: AbortSignal): Promise<readonly NodePlatform[]> {
    return this.#calls.list(
      this.#request("list", "nodes"),
      async (page, api, carrier) => {
        const { items, metadata } = await api.listNode({ ...page }, carrier);
        return { items: items.map(nodePlatform), next: metadata?._continue };
      },
      signal,
    );
  }

  /** Service accounts with their pull secrets; none where the namespace does not exist. */
  listAccountLinks(namespace: string, signal: AbortSignal): Promise<readonly ServiceAccountObject[]> {
    return this.#calls.list(
      this.#request("list", "serviceaccounts", namespace),
      async (page, api, carrier) => {
        const { items, metadata } = await api.listNamespacedServiceAccount({ namespace, ...page }, carrier);
        return { items: items.map(serviceAccountObject), next: metadata?._continue };
      },
      signal,
    );
  }

  #listSecretsEverywhere(
    selector: { readonly labelSelector?: string; readonly fieldSelector?: string },
    signal: AbortSignal,
  ): Promise<readonly SecretObject[] | undefined> {
    return unlessForbidden(
      this.#calls.list(
        this.#request("list", "secrets"),
        async (page, api, carrier) => {
          const answer = await api.listSecretForAllNamespaces({ ...selector, ...page }, carrier);
          return { items: answer.items.map(secretObject), next: answer.metadata?._continue };
        },
        signal,
      ),
    );
  }

  createSecret(
    secret: { readonly namespace: string; readonly name: string; readonly type: string } & SecretChange,
    options: ClusterWriteOptions,
    signal: AbortSignal,
  ): Promise<SecretObject> {
    const { namespace, name } = secret;
    const body: V1Secret = secretBody(secret);
    return this.#calls.write(
      this.#request("create", "secrets", namespace, name),
      async (api, carrier) =>
        secretObject(
          await api.createNamespacedSecret({ namespace, body, ...parametersOf(options) }, carrier),
        ),
      async () => {
        const found = await this.findSecret(namespace, name, signal);
        return found?.type === secret.type && holdsChange(found, secret) ? found : undefined;
      },
      signal,
    );
  }

  patchSecret(
    { namespace, name, resourceVersion }: Pick<SecretObject, "namespace" | "name" | "resourceVersion">,
    change: SecretChange,
    options: ClusterWriteOptions,
    signal: AbortSignal,
  ): Promise<SecretObject> {
    const body = secretPatch(resourceVersion, change);
    return this.#calls.write(
      this.#request("patch", "secrets", namespace, name),
      async (api, carrier) =>
        secretObject(
          await api.patchNamespacedSecret({ namespace, name, body, ...parametersOf(options) }, carrier),
        ),
      async () => {
        const found = await this.findSecret(namespace, name, signal);
        return found && holdsChange(found, change) ? found : undefined;
      },
      signal,
    );
  }

  async deleteSecret(
    {
      namespace,
      name,
      uid,
      resourceVersion,
    }: Pick<SecretObject, "namespace" | "name" | "uid" | "resourceVersion">,
    { dryRun }: ClusterWriteOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { preconditions: { uid, resourceVersion } };
    try {
      await this.#calls.write(
        this.#request("delete", "secrets", namespace, name),
        (api, carrier) =>
          api.deleteNamespacedSecret(
            { namespace, name, body, ...(dryRun && { dryRun: "All" }) },
            carrier,
          ) as Promise<unknown>,
        // Gone is 404, and what stands there in its place was not deleted.
        () => Promise.resolve(undefined),
        signal,
      );
    } catch (error) {
      if (!hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found")) throw error;
    }
  }

  findServiceAccount(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<ServiceAccountObject | undefined> {
    return this.#calls.find(
      this.#request("get", "serviceaccounts", namespace, name),
      async (api, carrier) =>
        serviceAccountObject(await api.readNamespacedServiceAccount({ namespace, name }, carrier)),
      signal,
    );
  }

  async listServiceAccounts(namespace: string, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.listAccountLinks(namespace, signal)).map(({ name }) => name);
  }

  async patchServiceAccount(
    account: Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">,
    imagePullSecrets: readonly string[],
    options: ClusterWriteOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, name, resourceVersion } = account;
    const secrets = imagePullSecrets.map((secret) => ({ name: secret }));
    const body = { metadata: { resourceVersion }, imagePullSecrets: secrets };
    await this.#calls.write(
      this.#request("patch", "serviceaccounts", namespace, name),
      async (api, carrier) =>
        serviceAccountObject(
          await api.patchNamespacedServiceAccount(
            { namespace, name, body, ...parametersOf(options) },
            carrier,
          ),
        ),
      async () => {
        const found = await this.findServiceAccount(namespace, name, signal);
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

function parametersOf({ dryRun }: ClusterWriteOptions) {
  return { fieldManager, fieldValidation: "Strict", ...(dryRun && { dryRun: "All" }) };
}

async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, "kubernetes.forbidden")) return undefined;
    throw error;
  }
}
