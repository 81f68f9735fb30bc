/** The parts of a Secret that acr-pull reads. Values of `data` stay base64, as the API carries them. */
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
  /** What has to be done before it can go: while one is left, a deletion leaves it standing. */
  readonly finalizers: readonly string[];
  /** Whether it is being deleted, and goes when its finalizers are done. */
  readonly deleting: boolean;
}

/** What a write sets on a Secret; what is absent stays, `null` takes a label or annotation away. */
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
  /** The field managers to whom that list belongs: of a list that is replaced as a whole, who wrote it last. */
  readonly listManagers: readonly string[];
}

/** What a container of a pod pulls, and whether it waits. */
export interface ContainerImage {
  readonly container: string;
  /** As the pod names it. */
  readonly image: string;
  /** Why it does not run, such as `ImagePullBackOff`; undefined when it waits for nothing. */
  readonly waiting: string | undefined;
  /** What the kubelet says to that; empty when it says nothing. */
  readonly message: string;
}

/** The parts of a Pod that tell how it pulls. */
export interface PodObject {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** What it was admitted with, whether it named them itself or its service account did. */
  readonly imagePullSecrets: readonly string[];
  /** Undefined while it is not scheduled. */
  readonly node: string | undefined;
  /** All of them: those that go before, and those of a debugger too. */
  readonly containers: readonly ContainerImage[];
  /** Whether it will pull no more: it has ended, or is being deleted. */
  readonly over: boolean;
}

/** What happened to a pod. */
export interface PodEvent {
  readonly reason: string;
  readonly message: string;
  /** When it happened last, in milliseconds since 1970; 0 where it does not say. */
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
