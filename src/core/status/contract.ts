import type { ErrorDetails } from "../../domain/errors.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import type { ViewWish } from "../cluster/view.ts";
import type {
  Clock,
  ClusterTarget,
  Directory,
  ManagedClusters,
  ProcessIdentity,
  Registries,
  Roles,
} from "../ports.ts";

/** Everything the user asked `status` for, with its form checked. Durations are in milliseconds. */
export interface StatusInput extends ViewWish {
  /** Undefined for every registry that managed secrets have an entry for. */
  readonly registry: RegistryReference | undefined;
}

/** The outside, joined by connect.ts. */
export interface StatusPorts {
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  /** Opened separately, so that a failure here does not hide what the clusters alone can show. */
  directory(): Promise<Directory>;
  /** What AKS clusters need in addition. Opened only if one of the clusters is an AKS cluster. */
  azure(): Promise<AttachmentReads>;
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/** The parts of Azure that show what was granted to nodes. */
export interface AttachmentReads {
  readonly managedClusters: ManagedClusters;
  readonly roles: Pick<Roles, "listVisibleAssignments">;
  readonly registries: Pick<Registries, "findRegistries">;
}

/**
 * The worst state that is true of an entry. `foreign-change`: it does not hold what its mark says, or a
 * controller writes it that applies no documents. `expired`: its key has ended. `stale-key`: its key was replaced, or it can no longer be used.
 * `expiring`: it expires within the time asked for or, if none was given, its renewal is due. `pending`: a run is at
 * work on it, or the old key is still to be retired.
 */
export type EntryState = "ok" | "expiring" | "expired" | "stale-key" | "foreign-change" | "pending";

/**
 * Why a key should no longer be used to pull. A new key does not help if the application is gone, or if its principal
 * is gone or disabled.
 */
export type StaleCause =
  "key-replaced" | "key-removed" | "application-gone" | "principal-gone" | "principal-disabled";

/** One managed entry of one secret. */
export interface StatusEntry {
  readonly context: string;
  readonly clusterId: string;
  readonly namespace: string;
  readonly name: string;
  /** Null, like the registry, if the secret's marks cannot be read. */
  readonly loginServer: string | null;
  /** The registry's resource id as recorded, or its login server if it was set up without Azure. */
  readonly registry: string | null;
  /** Null while its first key is being made, or if the marks cannot be read. */
  readonly appId: string | null;
  /** Null if it is not known, for example because the password was given by hand. */
  readonly keyId: string | null;
  /** RFC 3339 UTC, from the directory. The mark gives the expiry if the directory does not list the key. */
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
  /** Whole days left, rounded down. Negative after the expiry, null if the expiry is not known. */
  readonly daysLeft: number | null;
  readonly state: EntryState;
  /** Why it is not in order, in a sentence. */
  readonly reason?: string;
  /** The cause of a `stale-key`, for programs. */
  readonly cause?: StaleCause;
  /** The controller that applies the secret's document, such as one that `--manifest` wrote. */
  readonly appliedBy?: string;
}

/** A key, expired or not, that acr-pull made for this cluster and that nothing in it names or holds. */
export interface OrphanKey {
  readonly context: string;
  readonly clusterId: string;
  readonly appId: string;
  readonly keyId: string;
  /** RFC 3339 UTC */
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
}

/** A service account that still names a secret that acr-pull linked and that no longer exists. */
export interface BrokenLink {
  readonly context: string;
  readonly clusterId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The name of the secret that no longer exists. */
  readonly secret: string;
}

/** A role that `setup --attach` granted the nodes of an AKS cluster. */
export interface StatusAttachment {
  readonly context: string;
  /** Its resource id. */
  readonly managedCluster: string;
  /** The object id of its nodes' identity. */
  readonly kubeletIdentity: string;
  /** The registry's resource id. */
  readonly registry: string;
  readonly role: string;
  /** Its resource id. */
  readonly roleAssignment: string;
  /**
   * `wrong-mode`: the registry's mode was switched, and the role no longer pulls anything there. `unused`: pods of the
   * cluster pull as their service accounts.
   */
  readonly state: "ok" | "wrong-mode" | "unused" | "unknown";
  /** Why it is not in order, or not known, in a sentence. */
  readonly reason?: string;
}

/** Work that a later `rotate` or `setup` has to finish, or a later `remove` if it is a removal. */
export type PendingWork = {
  readonly context: string;
  readonly clusterId: string;
  readonly loginServer: string;
  /** `namespace/name` of the secrets whose marks say so. */
  readonly secrets: readonly string[];
  /**
   * For a retirement: it was due more than a day ago, so no daily job has run since. For a run: it is no longer at
   * work, and it was to make the first key or remove everything, or its mark is more than a day old.
   */
  readonly overdue: boolean;
} & (
  | {
      readonly kind: "retirement";
      readonly appId: string | null;
      /** The key that is to be retired; null when its id is not known. */
      readonly keyId: string | null;
      /** RFC 3339 UTC */
      readonly retireAfter: string;
      readonly due: boolean;
    }
  | {
      readonly kind: "run";
      readonly operation: string;
      /** When its mark was last renewed, RFC 3339 UTC. */
      readonly renewedAt: string;
      /** Whether that run may still be at work. */
      readonly live: boolean;
      /** Whether it is a removal. */
      readonly removes: boolean;
    }
);

/** A name that was asked for and that no entry of ours matches. */
export interface MissingThing {
  readonly kind: "namespace" | "registry" | "secret";
  /** As the user gave it. If labels chose the namespaces, the label selector. */
  readonly name: string;
  /** A whole sentence. */
  readonly message: string;
  /** A similar name that exists. */
  readonly didYouMean?: string;
}

/** A part of the clusters that acr-pull could not look at. */
export interface Unseen {
  readonly context: string;
  /** Null for the whole cluster. */
  readonly namespace: string | null;
  readonly error: Pick<ErrorDetails, "code"> & { readonly message: string };
}

/** Where status looked: `whole` if one list showed all secrets of the cluster, else the namespaces that were read. */
export interface Scope {
  readonly context: string;
  readonly clusterId: string;
  readonly whole: boolean;
  /** Empty when `whole`. */
  readonly namespaces: readonly string[];
}

/** What `status` found: the document of the published contract, without its envelope. */
export interface StatusResult {
  readonly entries: readonly StatusEntry[];
  /** Only of the clusters whose orphans can be known. Null if there is no such cluster: see `orphansUnknown`. */
  readonly orphans: readonly OrphanKey[] | null;
  /** Why the orphans of some cluster are not known. */
  readonly orphansUnknown?: { readonly code: string; readonly message: string };
  /** Present if one of the clusters is an AKS cluster. */
  readonly attachments?: readonly StatusAttachment[];
  /** Why the attachments of some cluster are not known. */
  readonly attachmentsUnknown?: { readonly code: string; readonly message: string };
  /** Only from namespaces whose service accounts may be listed. */
  readonly brokenLinks: readonly BrokenLink[];
  readonly pending: readonly PendingWork[];
  readonly scopes: readonly Scope[];
  readonly unseen: readonly Unseen[];
  readonly missing: readonly MissingThing[];
  /** Things that will cause trouble one day. They do not make the exit code 5. */
  readonly warnings: readonly { readonly code: string; readonly appId: string; readonly message: string }[];
}
