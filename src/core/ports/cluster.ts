import type {
  NamespaceObject,
  NodePlatform,
  PodEvent,
  PodObject,
  SecretChange,
  SecretObject,
  ServiceAccountObject,
} from "../../domain/kubernetes-objects.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";

/*
 * One Kubernetes cluster, through one context of a kubeconfig.
 *
 * Reads are not stale: each asks the API server for the newest state. What somebody else writes after a read makes a
 * conditional write fail with `kubernetes.conflict`.
 *
 * Failures have one of the codes `kubernetes.unauthorized`, `.forbidden`, `.terminating`, `.quota`, `.conflict`,
 * `.already-exists`, `.invalid`, `.not-found`, `.namespace-not-found`, `.unreachable`, `.untrusted-certificate`,
 * `.timed-out`, `.busy` or `.failed`.
 */

/** A context of the kubeconfig. */
export interface KubeContext {
  readonly name: string;
  readonly namespace: string | undefined;
  /** The URL of its API server, without a user in it; undefined if the kubeconfig does not say. */
  readonly server: string | undefined;
}

/** A context as somebody types one: nothing but names was read. */
export interface NamedContext extends Pick<KubeContext, "name" | "namespace"> {
  readonly isCurrent: boolean;
}

/**
 * Which programs a kubeconfig may name to sign in: any, those that clouds publish, or none. kubectl has the same three
 * in its own preferences: https://kubernetes.io/docs/reference/kubectl/kuberc/#credential-plugin-policy
 */
export type ExecPluginPolicy = "allow" | "known" | "deny";

/** What `verify` reads of a cluster. Lists of a namespace that does not exist are empty. */
export interface ClusterReads {
  readonly context: string;
  /** The host of its API server. */
  readonly apiHost: string;
  /** The cluster's clock by its newest answer; this machine's before the first. */
  serverTime(): Date;
  findNamespace(name: string, signal: AbortSignal): Promise<NamespaceObject | undefined>;
  /** Those with the labels; all for an empty selector. */
  listNamespaces(labelSelector: string, signal: AbortSignal): Promise<readonly NamespaceObject[]>;
  findSecret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined>;
  /**
   * Every pull secret (`kubernetes.io/dockerconfigjson` and the older `kubernetes.io/dockercfg`) of all namespaces,
   * whoever wrote it; undefined if they may not be listed cluster-wide.
   */
  listPullSecrets(signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Pull secrets of one namespace, of both types. */
  listPullSecretsIn(namespace: string, signal: AbortSignal): Promise<readonly PullSecret[]>;
  /** Service accounts of a namespace, with their pull secrets. */
  listAccountLinks(namespace: string, signal: AbortSignal): Promise<readonly ServiceAccountObject[]>;
  /** Those of all namespaces; undefined if they may not be listed cluster-wide. */
  listAllAccountLinks(signal: AbortSignal): Promise<readonly ServiceAccountObject[] | undefined>;
  listPods(namespace: string, signal: AbortSignal): Promise<readonly PodObject[]>;
  findPod(namespace: string, name: string, signal: AbortSignal): Promise<PodObject | undefined>;
  /** What happened to one pod, in no order. */
  listPodEvents(namespace: string, pod: string, signal: AbortSignal): Promise<readonly PodEvent[]>;
  listNodes(signal: AbortSignal): Promise<readonly NodePlatform[]>;
}

/** A secret to be made. */
export type NewSecret = {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
} & SecretChange;
/** A secret in the version that is to be changed. */
export type KnownSecret = Pick<SecretObject, "namespace" | "name" | "resourceVersion">;
/** A service account in the version that is to be changed. */
export type KnownAccount = Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">;

/**
 * What a cluster would answer to each of its writes: everything is checked and nothing is kept. Each fails as the write
 * does, and also with `kubernetes.already-exists` or `kubernetes.not-found` where the write would succeed.
 */
export interface ClusterRehearsal {
  /** Tells a rehearsal from a client that writes, which has methods with the same names. */
  readonly rehearses: true;
  createNamespace(name: string, signal: AbortSignal): Promise<void>;
  createSecret(secret: NewSecret, signal: AbortSignal): Promise<void>;
  patchSecret(secret: KnownSecret, change: SecretChange, signal: AbortSignal): Promise<void>;
  deleteSecret(secret: KnownSecret & Pick<SecretObject, "uid">, signal: AbortSignal): Promise<void>;
  patchServiceAccount(
    account: KnownAccount,
    imagePullSecrets: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
}

/** A cluster as plans are made of it: it is read, and writes are rehearsed. */
export interface Cluster extends ClusterReads {
  /** Where its secrets and service accounts are written to and read back from; undefined: in the cluster itself. */
  readonly manifest?: {
    /** As messages name it. */
    readonly name: string;
    /** The cluster that it is applied to; undefined where none can be reached. */
    readonly applied: ClusterReads | undefined;
  };
  /** UID of the namespace kube-system; undefined if it may not be read. */
  kubeSystemUid(signal: AbortSignal): Promise<string | undefined>;
  /** Whether the caller has a right in every namespace, present or future; false if the cluster does not tell. */
  mayEverywhere(
    verb: "get" | "create" | "patch",
    resource: "secrets" | "namespaces",
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Secrets of all namespaces with the label; undefined if they may not be listed cluster-wide. */
  listSecrets(labelSelector: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Secrets of all namespaces with the name; undefined if they may not be listed cluster-wide. */
  listSecretsNamed(name: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Secrets of one namespace with the label; undefined if they may not be listed there. */
  listSecretsIn(
    namespace: string,
    labelSelector: string,
    signal: AbortSignal,
  ): Promise<readonly PullSecret[] | undefined>;
  findServiceAccount(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<ServiceAccountObject | undefined>;
  readonly rehearsal: ClusterRehearsal;
}

/** A cluster to carry out a plan in. What makes a plan has a `Cluster`, which cannot write. */
export interface WritableCluster extends Cluster {
  /** Succeeds if it exists already. */
  createNamespace(name: string, signal: AbortSignal): Promise<void>;
  createSecret(secret: NewSecret, signal: AbortSignal): Promise<PullSecret>;
  /** Changes it in place, only if it still has this resource version. */
  patchSecret(secret: KnownSecret, change: SecretChange, signal: AbortSignal): Promise<PullSecret>;
  /**
   * Succeeds if it is already gone.
   * @returns the secret if finalizers still hold it; undefined if it is gone
   * @throws ActionableError `kubernetes.conflict` unless it is still the same one, in this version
   */
  deleteSecret(
    secret: KnownSecret & Pick<SecretObject, "uid">,
    signal: AbortSignal,
  ): Promise<PullSecret | undefined>;
  /** Replaces the list of pull secrets, only if the account still has this resource version. */
  patchServiceAccount(
    account: KnownAccount,
    imagePullSecrets: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
}

/** One chosen cluster, with the namespace of its context. */
export interface ClusterTarget {
  readonly cluster: Cluster;
  readonly defaultNamespace: string;
}

/** One that may be written to. */
export interface WritableClusterTarget extends ClusterTarget {
  readonly cluster: WritableCluster;
}

/** A flow's ports with clusters that can be written to: for what carries a plan out. */
export type Writing<Ports extends { readonly clusters: readonly ClusterTarget[] }> = Omit<
  Ports,
  "clusters"
> & {
  readonly clusters: readonly WritableClusterTarget[];
};
