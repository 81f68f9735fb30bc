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

/** Everything `remove` was asked for, checked for form. Durations are milliseconds. */
export interface RemoveInput {
  readonly registry: RegistryReference;
  readonly subscription: string | undefined;
  readonly resourceGroup: string | undefined;
  /** Entries in these namespaces; empty, and no selector: in every one that can be seen. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Entries in secrets of this name; undefined: of any name. */
  readonly secretName: string | undefined;
  /** Secrets, as `namespace/name`, that a person left out: the clusters do not list them. */
  readonly leaveOut: readonly string[];
  readonly clusterId: string | undefined;
  /** The service accounts to unlink, whoever linked them; empty: all but those that somebody else is known to have linked. */
  readonly serviceAccounts: readonly string[];
  /** Leave the application and its service principal, although nothing is left that uses them. */
  readonly keepPrincipal: boolean;
  /** Remove although pods or service accounts still name the secret. */
  readonly force: boolean;
  /** Ids of keys to remove although no secret of the cluster names them. */
  readonly prune: readonly string[];
  /** Application ids of which the role goes although others may sign in as them. */
  readonly servicePrincipals: readonly string[];
  /** The secrets that can be seen are all there are. */
  readonly namespacesComplete: boolean;
  /** How it is tried whether removed keys are refused. */
  readonly proof: ProofKind;
  /** Over how long a time they have to be refused to be called so. */
  readonly settleMs: number;
  readonly waitBusyMs: number;
  /** Bounds each wait for a service. */
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly dryRun: boolean;
  readonly suggest: Suggest;
}

/** The outside, joined by connect.ts. */
export interface RemovePorts {
  readonly azure: {
    readonly registries: Registries;
    readonly roles: Roles;
    readonly directory: Directory;
    readonly managedClusters: ManagedClusters;
    readonly signIn: SignIn;
    /** Whether a host is a registry's of the cloud that is signed in to: a password is sent to no other. */
    ownsLoginServer(loginServer: string): boolean;
  };
  readonly pullProof: PullProof;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Clock;
  readonly process: ProcessIdentity;
}

/** What the view and the person do while remove runs. */
export type RemoveConversation = Conversation<RemovePlan, RemoveResult>;

/** What remove would do, as data. */
export interface RemovePlan {
  /** The registry's name, to be typed by who agrees; its login server where there is no other. */
  readonly registryName: string;
  readonly loginServer: string;
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes. */
  readonly warnings: readonly string[];
  /** What nobody can undo, in sentences. */
  readonly lasting: readonly string[];
}

/** Why something stays. */
export type KeptReason =
  /** A secret with entries of other hosts, or of other registries of ours; a link that those need. */
  | "holds-other-entries"
  /** A secret that somebody else made. */
  | "not-made-by-acr-pull"
  /** A secret that holds another credential for the host than the one that acr-pull wrote. */
  | "holds-other-credential"
  /** A secret that is being deleted, and goes when its finalizers are done. */
  | "being-deleted"
  /** A secret whose password is taken out, and whose mark leads the next run to what is still to go. */
  | "unfinished"
  /** A service account that somebody else than acr-pull linked. */
  | "linked-by-others"
  /** Its mark says that it is another cluster's. */
  | "of-another-cluster"
  /** A key, or what it needs, that some secret goes on holding. */
  | "still-held"
  /** A key or role that acr-pull did not make, or not for this cluster. */
  | "not-ours"
  /** A key of this cluster's id that no secret of it names, which a copy of the cluster may use. */
  | "unnamed"
  /** A role or application that such a key is left on. */
  | "has-unnamed-key"
  /** A role that acr-pull granted to a principal that is gone. */
  | "principal-gone"
  /** A role or principal that keys of other clusters use. */
  | "used-by-other-clusters"
  /** An application that acr-pull did not make for this cluster, or the role of one that others can sign in as. */
  | "shared"
  /** A role of nodes whose identity other AKS clusters share. */
  | "identity-shared"
  /** A role of nodes whose identity clusters may share that could not be seen. */
  | "clusters-not-seen"
  /** An application that something else can sign in as. */
  | "has-other-credentials"
  /** An application of which it cannot be seen whether something else can sign in as it. */
  | "not-seen"
  /** A principal that holds other roles. */
  | "has-other-roles"
  /** `--keep-principal`. */
  | "asked-to-keep";

/** What kinds of things there are to remove. */
export type RemovedKind =
  "service-account" | "secret" | "key" | "role-assignment" | "service-principal" | "application";

/** What became of one thing. */
export interface RemovedItem {
  readonly kind: RemovedKind;
  /** A name in the cluster; a key's id, an assignment's resource id, an object id, an application id. */
  readonly id: string;
  readonly context?: string;
  readonly namespace?: string;
  /** `updated`: it stays, without what was acr-pull's in it. `skipped`: it was to go, and the run ended before that. */
  readonly action: Action;
  readonly reason?: KeptReason;
  /** Of a key that was removed: by what it is known to be gone, or that some part of the service still takes it. */
  readonly evidence?: RemovalEvidence | "not-yet-refused";
  /** Secrets, as `context/namespace/name`, that are the reason; of a secret that is being deleted its finalizers. */
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
  /** Its resource id, as recorded; the login server when set up without Azure. */
  readonly registry: string;
  /** `context/namespace/name` of each secret. */
  readonly secrets: readonly string[];
}
