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
 * Reads are never stale: each asks the API server for the newest state. If somebody else writes after a read, a
 * conditional write fails with `kubernetes.conflict`.
 *
 * A failure has one of the codes `kubernetes.unauthorized`, `.forbidden`, `.terminating`, `.quota`, `.conflict`,
 * `.already-exists`, `.invalid`, `.not-found`, `.namespace-not-found`, `.unreachable`, `.untrusted-certificate`,
 * `.timed-out`, `.busy` or `.failed`.
 */

/** A context of the kubeconfig. */
export interface KubeContext {
  readonly name: string;
  readonly namespace: string | undefined;
  /** The URL of its API server, without user information; undefined if the kubeconfig does not name one. */
  readonly server: string | undefined;
}

/** A context for completing what somebody types: only names are read. */
export interface NamedContext extends Pick<KubeContext, "name" | "namespace"> {
  readonly isCurrent: boolean;
}

/** What `verify` reads from a cluster. Lists in a namespace that does not exist are empty. */
export interface ClusterReads {
  readonly context: string;
  /** The host of its API server. */
  readonly apiHost: string;
  /** The cluster's clock, by its latest response; before the first response, this machine's clock. */
  serverTime(): Date;
  findNamespace(name: string, signal: AbortSignal): Promise<NamespaceObject | undefined>;
  /** The namespaces that match the selector; all of them if it is empty. */
  listNamespaces(labelSelector: string, signal: AbortSignal): Promise<readonly NamespaceObject[]>;
  findSecret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined>;
  /**
   * Every pull secret (`kubernetes.io/dockerconfigjson` and the older `kubernetes.io/dockercfg`) in all namespaces,
   * no matter who wrote it; undefined if the caller may not list secrets cluster-wide.
   */
  listPullSecrets(signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Pull secrets of both types in one namespace. */
  listPullSecretsIn(namespace: string, signal: AbortSignal): Promise<readonly PullSecret[]>;
  /** Service accounts in a namespace, with their pull secrets. */
  listAccountLinks(namespace: string, signal: AbortSignal): Promise<readonly ServiceAccountObject[]>;
  /** Service accounts in all namespaces; undefined if the caller may not list them cluster-wide. */
  listAllAccountLinks(signal: AbortSignal): Promise<readonly ServiceAccountObject[] | undefined>;
  listPods(namespace: string, signal: AbortSignal): Promise<readonly PodObject[]>;
  findPod(namespace: string, name: string, signal: AbortSignal): Promise<PodObject | undefined>;
  /** The events of one pod, in no particular order. */
  listPodEvents(namespace: string, pod: string, signal: AbortSignal): Promise<readonly PodEvent[]>;
  listNodes(signal: AbortSignal): Promise<readonly NodePlatform[]>;
}

/** A secret to create. */
export type NewSecret = {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
} & SecretChange;
/** A secret, in the version that a change applies to. */
export type KnownSecret = Pick<SecretObject, "namespace" | "name" | "resourceVersion">;
/** A service account, in the version that a change applies to. */
export type KnownAccount = Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">;

/**
 * Rehearses the writes: a rehearsal checks everything and stores nothing. Each fails as its write does, and also with
 * `kubernetes.already-exists` or `kubernetes.not-found` in cases where the write succeeds.
 */
export interface ClusterRehearsal {
  /** Distinguishes a rehearsal from a client that writes: both have methods with the same names. */
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

/** A cluster for making a plan: it can be read, and its writes can be rehearsed. */
export interface Cluster extends ClusterReads {
  /**
   * The manifest that its secrets and service accounts are written to and read from; undefined if that is the
   * cluster.
   */
  readonly manifest?: {
    /** Its name in messages. */
    readonly name: string;
    /** The cluster that it is applied to; undefined if no cluster can be reached. */
    readonly applied: ClusterReads | undefined;
  };
  /** UID of the namespace kube-system; undefined if the caller may not read it. */
  kubeSystemUid(signal: AbortSignal): Promise<string | undefined>;
  /** Whether the caller may do this in every namespace, present or future; false if the cluster does not say. */
  mayEverywhere(
    verb: "get" | "create" | "patch",
    resource: "secrets" | "namespaces",
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Whether the API server says that the caller may not write secrets there; everywhere if no namespace is given. */
  mayNotWriteSecrets(namespace: string | undefined, signal: AbortSignal): Promise<boolean>;
  /** Secrets with the label in all namespaces; undefined if the caller may not list secrets cluster-wide. */
  listSecrets(labelSelector: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Secrets of one type in one namespace. */
  listSecretsOfType(namespace: string, type: string, signal: AbortSignal): Promise<readonly PullSecret[]>;
  /** Secrets with the name in all namespaces; undefined if the caller may not list secrets cluster-wide. */
  listSecretsNamed(name: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Secrets with the label in one namespace; undefined if the caller may not list secrets there. */
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

/** A cluster for carrying out a plan. Code that makes a plan gets a `Cluster`, which cannot write. */
export interface WritableCluster extends Cluster {
  /** Succeeds if the namespace already exists. */
  createNamespace(name: string, signal: AbortSignal): Promise<void>;
  createSecret(secret: NewSecret, signal: AbortSignal): Promise<PullSecret>;
  /** Changes the secret in place, but only if it still has this resource version. */
  patchSecret(secret: KnownSecret, change: SecretChange, signal: AbortSignal): Promise<PullSecret>;
  /**
   * Succeeds if the secret is already gone.
   * @returns the secret if finalizers still hold it; undefined if it is gone
   * @throws ActionableError `kubernetes.conflict` unless it is still the same secret, in this version
   */
  deleteSecret(
    secret: KnownSecret & Pick<SecretObject, "uid">,
    signal: AbortSignal,
  ): Promise<PullSecret | undefined>;
  /** Replaces the list of pull secrets, but only if the account still has this resource version. */
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

/** One chosen cluster that may be written to. */
export interface WritableClusterTarget extends ClusterTarget {
  readonly cluster: WritableCluster;
}

/** A flow's ports with clusters that can be written to, for carrying out a plan. */
export type Writing<Ports extends { readonly clusters: readonly ClusterTarget[] }> = Omit<
  Ports,
  "clusters"
> & {
  readonly clusters: readonly WritableClusterTarget[];
};
