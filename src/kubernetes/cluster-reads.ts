import type { Cluster } from "../core/ports.ts";
import { dockerConfigType, legacyDockerConfigType } from "../domain/docker-config.ts";
import { hasCode } from "../domain/errors.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import type { ApiRequest } from "./api-request.ts";
import type { KubernetesCalls } from "./kubernetes-calls.ts";
import {
  namespaceObject,
  nodePlatform,
  podEvent,
  podObject,
  pullSecret,
  serviceAccountObject,
} from "./object-readers.ts";

/** Which objects of a list are wanted. */
interface Selector {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Every read of a cluster that needs a request. */
export type ClusterRequests = Omit<Cluster, "context" | "apiHost" | "serverTime" | "rehearsal">;

const pullSecretTypes = [dockerConfigType, legacyDockerConfigType];

/** Reads a cluster. */
export function clusterReads(context: string, calls: KubernetesCalls): ClusterRequests {
  const getting = (
    resource: ApiRequest["resource"],
    name: string,
    namespace: string | undefined,
  ): ApiRequest => ({ context, verb: "get", resource, namespace, name });
  const listing = (resource: ApiRequest["resource"], namespace?: string): ApiRequest => ({
    context,
    verb: "list",
    resource,
    namespace,
  });

  const findNamespace: Cluster["findNamespace"] = (name, signal) =>
    calls.find(
      getting("namespaces", name, undefined),
      (core, options) => core.readNamespace({ name }, options),
      namespaceObject,
      signal,
    );

  function secretsEverywhere(
    selector: Selector,
    signal: AbortSignal,
  ): Promise<readonly PullSecret[] | undefined> {
    return unlessForbidden(
      calls.list(
        listing("secrets"),
        (core, page, options) => core.listSecretForAllNamespaces({ ...selector, ...page }, options),
        pullSecret,
        signal,
      ),
    );
  }

  function secretsIn(
    namespace: string,
    selector: Selector,
    signal: AbortSignal,
  ): Promise<readonly PullSecret[]> {
    return calls.list(
      listing("secrets", namespace),
      (core, page, options) => core.listNamespacedSecret({ namespace, ...selector, ...page }, options),
      pullSecret,
      signal,
    );
  }

  return {
    async kubeSystemUid(signal) {
      const namespace = await unlessForbidden(findNamespace("kube-system", signal));
      return namespace?.uid;
    },

    findNamespace,

    listNamespaces: (labelSelector, signal) =>
      calls.list(
        listing("namespaces"),
        (core, page, options) => core.listNamespace({ labelSelector, ...page }, options),
        namespaceObject,
        signal,
      ),

    mayEverywhere: (verb, resource, signal) => calls.mayDo({ verb, resource }, signal),

    async mayNotWriteSecrets(namespace, signal) {
      const said = await Promise.all(
        (["create", "patch"] as const).map((verb) =>
          calls.isDenied({ verb, resource: "secrets", namespace }, signal),
        ),
      );
      return said.includes(true);
    },

    findSecret: (namespace, name, signal) =>
      calls.find(
        getting("secrets", name, namespace),
        (core, options) => core.readNamespacedSecret({ namespace, name }, options),
        pullSecret,
        signal,
      ),

    listSecrets: (labelSelector, signal) => secretsEverywhere({ labelSelector }, signal),

    listSecretsOfType: (namespace, type, signal) =>
      secretsIn(namespace, { fieldSelector: `type=${type}` }, signal),

    listSecretsNamed: (name, signal) => secretsEverywhere({ fieldSelector: `metadata.name=${name}` }, signal),

    listSecretsIn: (namespace, labelSelector, signal) =>
      unlessForbidden(secretsIn(namespace, { labelSelector }, signal)),

    async listPullSecrets(signal) {
      // A field selector takes one type at a time: kubernetes pkg/registry/core/secret/strategy.go, SelectableFields
      const [current, legacy] = await Promise.all(
        pullSecretTypes.map((type) => secretsEverywhere({ fieldSelector: `type=${type}` }, signal)),
      );
      return current && legacy && [...current, ...legacy];
    },

    async listPullSecretsIn(namespace, signal) {
      const ofTypes = await Promise.all(
        pullSecretTypes.map((type) => secretsIn(namespace, { fieldSelector: `type=${type}` }, signal)),
      );
      return ofTypes.flat();
    },

    findServiceAccount: (namespace, name, signal) =>
      calls.find(
        getting("serviceaccounts", name, namespace),
        (core, options) => core.readNamespacedServiceAccount({ namespace, name }, options),
        serviceAccountObject,
        signal,
      ),

    listAccountLinks: (namespace, signal) =>
      calls.list(
        listing("serviceaccounts", namespace),
        (core, page, options) => core.listNamespacedServiceAccount({ namespace, ...page }, options),
        serviceAccountObject,
        signal,
      ),

    listAllAccountLinks: (signal) =>
      unlessForbidden(
        calls.list(
          listing("serviceaccounts"),
          (core, page, options) => core.listServiceAccountForAllNamespaces(page, options),
          serviceAccountObject,
          signal,
        ),
      ),

    listPods: (namespace, signal) =>
      calls.list(
        listing("pods", namespace),
        (core, page, options) => core.listNamespacedPod({ namespace, ...page }, options),
        podObject,
        signal,
      ),

    findPod: (namespace, name, signal) =>
      calls.find(
        getting("pods", name, namespace),
        (core, options) => core.readNamespacedPod({ namespace, name }, options),
        podObject,
        signal,
      ),

    listPodEvents(namespace, pod, signal) {
      const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod}`;
      return calls.list(
        listing("events", namespace),
        (core, page, options) => core.listNamespacedEvent({ namespace, fieldSelector, ...page }, options),
        podEvent,
        signal,
      );
    },

    listNodes: (signal) =>
      calls.list(
        listing("nodes"),
        (core, page, options) => core.listNode(page, options),
        nodePlatform,
        signal,
      ),
  };
}

async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, "kubernetes.forbidden")) return undefined;
    throw error;
  }
}
