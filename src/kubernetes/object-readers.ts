import type {
  CoreV1Event,
  V1Namespace,
  V1Node,
  V1Pod,
  V1Secret,
  V1ServiceAccount,
} from "@kubernetes/client-node";
import { wellFormed } from "../domain/url-part.ts";
import type {
  ContainerImage,
  NamespaceObject,
  NodePlatform,
  PodEvent,
  PodObject,
  ServiceAccountObject,
} from "../domain/kubernetes-objects.ts";
import { withoutSecrets } from "../domain/known-secrets.ts";
import { readPullSecret, type PullSecret } from "../domain/pull-secret.ts";

/** Reads a Secret, once, into the form that the rest of acr-pull uses. */
export function pullSecret({ metadata, type, immutable, data }: V1Secret): PullSecret {
  const managers = (metadata?.managedFields ?? []).flatMap(({ manager }) => manager ?? []);
  const times = (metadata?.managedFields ?? []).flatMap(({ time }) =>
    time ? [new Date(time).getTime()] : [],
  );
  return readPullSecret({
    ...(times.length > 0 && { writtenAt: Math.max(...times) }),
    namespace: wellFormed(metadata?.namespace ?? ""),
    name: wellFormed(metadata?.name ?? ""),
    uid: metadata?.uid ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    type: type ?? "Opaque",
    immutable: immutable ?? false,
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    data: data ?? {},
    ownerReferences: (metadata?.ownerReferences ?? []).map(({ kind, name }) => ({ kind, name })),
    managers: [...new Set(managers)],
    finalizers: metadata?.finalizers ?? [],
    deleting: Boolean(metadata?.deletionTimestamp),
  });
}

/** Reads a Namespace. */
export function namespaceObject({ metadata, status }: V1Namespace): NamespaceObject {
  return {
    name: wellFormed(metadata?.name ?? ""),
    uid: metadata?.uid ?? "",
    terminating: Boolean(metadata?.deletionTimestamp) || status?.phase === "Terminating",
  };
}

/** Reads a ServiceAccount. */
export function serviceAccountObject({ metadata, imagePullSecrets }: V1ServiceAccount): ServiceAccountObject {
  return {
    namespace: wellFormed(metadata?.namespace ?? ""),
    name: wellFormed(metadata?.name ?? ""),
    resourceVersion: metadata?.resourceVersion ?? "",
    imagePullSecrets: (imagePullSecrets ?? []).flatMap(({ name }) => name ?? []),
    listManagers: (metadata?.managedFields ?? [])
      .filter(({ fieldsV1 }) => Object.hasOwn(Object(fieldsV1) as object, "f:imagePullSecrets"))
      .flatMap(({ manager }) => manager ?? []),
  };
}

/** Reads a Pod. */
export function podObject({ metadata, spec, status }: V1Pod): PodObject {
  const states = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const imageOf = ({ name, image = "" }: { name: string; image?: string }): ContainerImage => {
    const waiting = states.find((one) => one.name === name)?.state?.waiting;
    return { container: name, image, waiting: waiting?.reason, message: said(waiting?.message) };
  };
  return {
    namespace: wellFormed(metadata?.namespace ?? ""),
    name: wellFormed(metadata?.name ?? ""),
    serviceAccount: spec?.serviceAccountName ?? "default",
    imagePullSecrets: (spec?.imagePullSecrets ?? []).flatMap(({ name }) => name ?? []),
    node: spec?.nodeName,
    containers: [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
      ...(spec?.ephemeralContainers ?? []),
    ].map(imageOf),
    over: Boolean(metadata?.deletionTimestamp) || status?.phase === "Succeeded" || status?.phase === "Failed",
  };
}

/** A kubelet's message may quote a registry's answer. */
function said(message: string | undefined): string {
  return withoutSecrets(message ?? "");
}

/** Reads an Event. */
export function podEvent({ reason, message, lastTimestamp, eventTime }: CoreV1Event): PodEvent {
  const at = lastTimestamp ?? eventTime;
  return { reason: reason ?? "", message: said(message), at: at ? new Date(at).getTime() : 0 };
}

/** Reads which platform a Node runs. */
export function nodePlatform({ metadata, status }: V1Node): NodePlatform {
  return {
    name: wellFormed(metadata?.name ?? ""),
    os: status?.nodeInfo?.operatingSystem ?? "",
    architecture: status?.nodeInfo?.architecture ?? "",
  };
}
