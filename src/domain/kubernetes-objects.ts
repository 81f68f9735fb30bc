/** The parts of a Secret that acr-pull reads. Values of `data` are in base64, as in the API. */
export interface SecretObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  readonly immutable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  readonly ownerReferences: ReadonlyArray<{ readonly kind: string; readonly name: string }>;
  /** The field managers that wrote it. */
  readonly managers: readonly string[];
  /** When the API server recorded the last write to it, in milliseconds since 1970; absent if it recorded none. */
  readonly writtenAt?: number;
  /** What must be finished before it disappears: a deletion takes effect only when none is left. */
  readonly finalizers: readonly string[];
  /** Whether it is being deleted. It disappears when its finalizers are done. */
  readonly deleting: boolean;
}

/** What a write sets on a Secret. What is absent stays; `null` removes a label or annotation. */
export interface SecretChange {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
  /** base64 */
  readonly data?: Readonly<Record<string, string>>;
}

/** A Namespace. */
export interface NamespaceObject {
  readonly name: string;
  readonly uid: string;
  readonly terminating: boolean;
}

/** A ServiceAccount's pull secrets, in their order. */
export interface ServiceAccountObject {
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly imagePullSecrets: readonly string[];
  /** The field managers that own the list. It is replaced as a whole, so its last writer owns it. */
  readonly listManagers: readonly string[];
}

/** The image of a pod's container, and whether the container waits. */
export interface ContainerImage {
  readonly container: string;
  /** As the pod names it. */
  readonly image: string;
  /** Why it does not run, such as `ImagePullBackOff`; undefined if it does not wait. */
  readonly waiting: string | undefined;
  /** The kubelet's message; empty if there is none. */
  readonly message: string;
}

/** The parts of a Pod that show how it pulls. */
export interface PodObject {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** As admitted: the pod or its service account named them. */
  readonly imagePullSecrets: readonly string[];
  /** Undefined until it is scheduled. */
  readonly node: string | undefined;
  /** All of them, including init containers and ephemeral ones. */
  readonly containers: readonly ContainerImage[];
  /** Whether it will not pull again, because it has finished or is being deleted. */
  readonly over: boolean;
}

/** What happened to a pod. */
export interface PodEvent {
  readonly reason: string;
  readonly message: string;
  /** When it last happened, in milliseconds since 1970; 0 if unknown. */
  readonly at: number;
}

/** What a node can run. */
export interface NodePlatform {
  readonly name: string;
  /** `linux` */
  readonly os: string;
  /** `amd64` */
  readonly architecture: string;
}
