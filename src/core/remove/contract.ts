import type { Conversation, Outcome, ResultError } from "../ending.ts";
import type { ProofKind } from "../proof/prove-pull.ts";
import type { RemovalEvidence } from "../proof/prove-removed.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import type { Action, PlannedChange } from "../plan.ts";
import type {
  Clock,
  ClusterTarget,
  Directory,
  ManagedClusters,
  ProcessIdentity,
  PullProof,
  Registries,
  Roles,
  SignIn,
} from "../ports.ts";
import type { Suggest } from "../suggest.ts";

/** Everything that the user asked `remove` for, checked for form. Durations are in milliseconds. */
export interface RemoveInput {
  readonly registry: RegistryReference;
  readonly subscription: string | undefined;
  /** Only entries in these namespaces. Empty, without a selector: in every visible namespace. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Only entries in secrets with this name; undefined for any name. */
  readonly secretName: string | undefined;
  readonly clusterId: string | undefined;
  /**
   * The service accounts to unlink, no matter who linked them. Empty: all except those that somebody else is known to
   * have linked.
   */
  readonly serviceAccounts: readonly string[];
  /**
   * Whether to remove the secret even if pods or service accounts still name it, and the role of nodes even if other
   * clusters may share their identity.
   */
  readonly force: boolean;
  /** Ids of keys to remove even though no secret of the cluster names them. */
  readonly prune: readonly string[];
  /** Ids of applications whose roles are removed even though others may sign in as them. */
  readonly servicePrincipals: readonly string[];
  /** How to test that removed keys are refused. */
  readonly proof: ProofKind;
  /** How long every try of a removed key has to be refused before the key counts as refused. */
  readonly settleMs: number;
  /** Limits each wait for a service. */
  readonly timeoutMs: number;
  readonly dryRun: boolean;
  readonly suggest: Suggest;
}

/** What `remove` needs of the outside. connect.ts provides it. */
export interface RemovePorts {
  readonly azure: {
    readonly registries: Registries;
    readonly roles: Roles;
    readonly directory: Directory;
    readonly managedClusters: ManagedClusters;
    readonly signIn: SignIn;
    /**
     * Whether a host is a login server of the cloud that the user is signed in to. A password is sent to no other
     * host.
     */
    ownsLoginServer(loginServer: string): boolean;
  };
  readonly pullProof: PullProof;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/** How a run of remove reports, and asks a person. */
export type RemoveConversation = Conversation<RemovePlan, RemoveResult>;

/** What remove would do, as data. */
export interface RemovePlan {
  /** The registry's name, which a person types to confirm; its login server if there is no other name. */
  readonly registryName: string;
  readonly loginServer: string;
  readonly changes: readonly PlannedChange[];
  /** What to know before agreeing to the plan. */
  readonly warnings: readonly string[];
  /** What cannot be undone, in sentences. */
  readonly lasting: readonly string[];
}

/** Why something stays. */
export type KeptReason =
  /** A secret with entries for other hosts, or for other registries of ours; or a link that those entries need. */
  | "holds-other-entries"
  /** A secret that somebody else made. */
  | "not-made-by-acr-pull"
  /** A secret whose credential for the host is not the one that acr-pull wrote. */
  | "holds-other-credential"
  /** A secret that is being deleted. It is gone when its finalizers are done. */
  | "being-deleted"
  /** A secret without its password. Its mark leads the next run to what is still to be removed. */
  | "unfinished"
  /** A service account that somebody other than acr-pull linked. */
  | "linked-by-others"
  /** A secret whose mark says that it belongs to another cluster. */
  | "of-another-cluster"
  /** A key that some secret still holds, or what that key needs. */
  | "still-held"
  /** A key or role that acr-pull did not make, or did not make for this cluster. */
  | "not-ours"
  /** A key for this cluster's id that none of its secrets names. A copy of the cluster may use it. */
  | "unnamed"
  /** An application with such a key, or its role. */
  | "has-unnamed-key"
  /** A role that acr-pull granted to a principal that is gone. */
  | "principal-gone"
  /** A role or principal that keys of other clusters use. */
  | "used-by-other-clusters"
  /** An application that acr-pull did not make for this cluster, or the role of one that others can sign in as. */
  | "shared"
  /** A role that the nodes hold through an identity that other AKS clusters share. */
  | "identity-shared"
  /** A role that the nodes hold through an identity that other clusters, which acr-pull cannot see, may share. */
  | "clusters-not-seen"
  /** An application that has other credentials to sign in with. */
  | "has-other-credentials"
  /** An application whose other credentials, if it has any, cannot be seen. */
  | "not-seen"
  /** A principal that holds other roles. */
  | "has-other-roles";

/** The kinds of things to remove. */
export type RemovedKind =
  "service-account" | "secret" | "key" | "role-assignment" | "service-principal" | "application";

/** What happened to one thing. */
export interface RemovedItem {
  readonly kind: RemovedKind;
  /** A name in the cluster; or a key's id, an assignment's resource id, an object id or an application id. */
  readonly id: string;
  readonly context?: string;
  readonly namespace?: string;
  /** `updated`: it stays, without acr-pull's part in it. `skipped`: the run ended before it was removed. */
  readonly action: Action;
  readonly reason?: KeptReason;
  /** For a removed key: what shows that it is gone, or that some part of the service still accepts it. */
  readonly evidence?: RemovalEvidence | "not-yet-refused";
  /**
   * The secrets that are the reason, as `context/namespace/name`. For a secret that is being deleted, its finalizers.
   * For a shared identity, the other clusters.
   */
  readonly heldBy?: readonly string[];
  readonly error?: ResultError;
}

/** What remove did: the document of the published contract, without its envelope. */
export interface RemoveResult {
  readonly removed: readonly RemovedItem[];
}

/** How remove ended. */
export type RemoveOutcome = Outcome<RemovePlan, RemoveResult>;

/** A registry that secrets have entries for, for a list to choose from. */
export interface RemovableRegistry {
  readonly loginServer: string;
  /** Its resource id, as recorded; its login server if it was set up without Azure. */
  readonly registry: string;
  /** `context/namespace/name` of each secret. */
  readonly secrets: readonly string[];
}
