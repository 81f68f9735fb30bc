import type { Conversation, Outcome } from "../ending.ts";
import type { ErrorDetails } from "../../domain/errors.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import type { ViewWish } from "../cluster/view.ts";
import type { PlannedChange } from "../plan.ts";
import type {
  Clock,
  ClusterTarget,
  Directory,
  ManagedClusters,
  ProcessIdentity,
  Registries,
  Roles,
} from "../ports.ts";

/** Everything `status` was asked for, checked for form. Durations are milliseconds. */
export interface StatusInput extends ViewWish {
  /** Undefined: every registry that managed secrets have an entry for. */
  readonly registry: RegistryReference | undefined;
  /** An entry that ends within this time is not in order; undefined: one whose renewal is due. */
  readonly expiringWithinMs: number | undefined;
  /** A key to remove that acr-pull made and nothing holds. */
  readonly prune: string | undefined;
  /** With `prune`: only say what would be done. */
  readonly dryRun: boolean;
}

/** The outside, joined by connect.ts. */
export interface StatusPorts {
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  /** What needs no more than the clusters is told without it: a failure of its own leaves the rest standing. */
  directory(): Promise<Directory>;
  /** What managed clusters of AKS need besides, opened where one of the clusters is AKS's. */
  azure(): Promise<AttachmentReads>;
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/** Azure, as far as what was granted to nodes is read. */
export interface AttachmentReads {
  readonly managedClusters: ManagedClusters;
  readonly roles: Pick<Roles, "listVisibleAssignments">;
  readonly registries: Pick<Registries, "findRegistries">;
}

/** What the view and the person do while status runs. */
export type StatusConversation = Conversation<PrunePlan, StatusResult>;

/** What `prune` would do, as data. */
export interface PrunePlan {
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes. */
  readonly warnings: readonly string[];
}

/**
 * How an entry stands, the worst that is true of it. `foreign-change`: it does not hold what its mark says, or somebody
 * else writes it. `expired`: its key has ended. `stale-key`: its key was replaced or is gone. `expiring`: it ends within
 * the time asked for, or where none was its renewal is due. `pending`: a run is at work on it, or the key before it is still to be retired.
 */
export type EntryState = "ok" | "expiring" | "expired" | "stale-key" | "foreign-change" | "pending";

/**
 * Why a key is not the one to pull with any more. A new key is no help where the application is gone, or its principal is
 * gone or disabled.
 */
export type StaleCause =
  "key-replaced" | "key-removed" | "application-gone" | "principal-gone" | "principal-disabled";

/** One managed entry of one secret. */
export interface StatusEntry {
  readonly context: string;
  readonly clusterId: string;
  readonly namespace: string;
  readonly name: string;
  /** Null, as the registry is, where the secret's marks cannot be read. */
  readonly loginServer: string | null;
  /** The registry's resource id as recorded; its login server when set up without Azure. */
  readonly registry: string | null;
  /** Null while its first key is being made, or where the marks cannot be read. */
  readonly appId: string | null;
  /** Null where it is not known: the password was given by hand. */
  readonly keyId: string | null;
  /** RFC 3339 UTC; by the directory where it was asked, else as recorded. */
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
  /** Whole days left, rounded down; negative when it is over, null when the end is not known. */
  readonly daysLeft: number | null;
  readonly state: EntryState;
  /** Why it is not in order, in a sentence. */
  readonly reason?: string;
  /** The same of a `stale-key`, in a word. */
  readonly cause?: StaleCause;
}

/** A living or ended key that acr-pull made for this cluster and that nothing in it names or holds. */
export interface OrphanKey {
  readonly context: string;
  readonly clusterId: string;
  readonly appId: string;
  readonly keyId: string;
  /** RFC 3339 UTC */
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
}

/** A service account that goes on naming a secret which acr-pull linked and which is gone. */
export interface BrokenLink {
  readonly context: string;
  readonly clusterId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The name of the secret that is not there. */
  readonly secret: string;
}

/** A role that `setup --attach` granted the nodes of a managed cluster of AKS. */
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
  /** `wrong-mode`: the registry's mode was switched, and the role pulls nothing there any more. */
  readonly state: "ok" | "wrong-mode" | "unknown";
  /** Why it is not in order, or not known, in a sentence. */
  readonly reason?: string;
}

/** Something that a later run has to bring to its end: of `rotate` or `setup`, or of `remove` what one of its own began. */
export type PendingWork = {
  readonly context: string;
  readonly clusterId: string;
  readonly loginServer: string;
  /** `namespace/name` of the secrets that say so. */
  readonly secrets: readonly string[];
  /**
   * It was due more than a day ago, so that no daily job has been by; or it was to make the first key, or to take
   * everything away, and nobody is at it.
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

/** A name that was asked for, and that no entry of ours is found by. */
export interface MissingThing {
  readonly kind: "namespace" | "registry" | "secret";
  /** As it was asked for; of namespaces that were chosen by labels, these. */
  readonly name: string;
  /** A whole sentence. */
  readonly message: string;
  /** A name that is there and much like it. */
  readonly didYouMean?: string;
}

/** What of a cluster could not be looked at. */
export interface Unseen {
  readonly context: string;
  /** Null: the whole cluster. */
  readonly namespace: string | null;
  readonly error: Pick<ErrorDetails, "code"> & { readonly message: string };
}

/** Where it was looked: `whole` when one list showed all secrets of the cluster, else the namespaces that were read. */
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
  /** Of the clusters of which it can be known; null where that is none: see `orphansUnknown`. */
  readonly orphans: readonly OrphanKey[] | null;
  /** Why it is not known of some cluster. */
  readonly orphansUnknown?: { readonly code: string; readonly message: string };
  /** Where one of the clusters is AKS's. */
  readonly attachments?: readonly StatusAttachment[];
  /** Why they are not known of some cluster. */
  readonly attachmentsUnknown?: { readonly code: string; readonly message: string };
  /** Where service accounts may be listed. */
  readonly brokenLinks: readonly BrokenLink[];
  readonly pending: readonly PendingWork[];
  readonly scopes: readonly Scope[];
  readonly unseen: readonly Unseen[];
  readonly missing: readonly MissingThing[];
  /** Things that will hurt one day, and are no reason to exit with 5. */
  readonly warnings: readonly { readonly code: string; readonly appId: string; readonly message: string }[];
  /** With `prune`: the key that was removed. */
  readonly pruned?: { readonly appId: string; readonly keyId: string };
}

/** How status ended. */
export type StatusOutcome = Outcome<PrunePlan, StatusResult>;
