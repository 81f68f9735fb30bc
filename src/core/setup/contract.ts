import type { Conversation, Outcome, ResultError, ResultSecret } from "../ending.ts";
import type { ProofKind } from "../proof/prove-pull.ts";
import type { RegistryReference, RoleAssignmentMode } from "../../domain/registry.ts";
import type { RequestedRole } from "../../domain/role.ts";
import type { KubeletIdentity } from "../../domain/managed-cluster.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import type { Action, PlannedChange } from "../plan.ts";
import type {
  Clock,
  Directory,
  ManagedClusters,
  ProofImage,
  PullProof,
  Registries,
  Roles,
  SignIn,
  ClusterTarget,
  Manifest,
  ProcessIdentity,
} from "../ports.ts";
import type { Suggest } from "../suggest.ts";

/** Everything `setup` was asked for, checked for form. Durations are milliseconds. */
export interface SetupInput {
  readonly registry: RegistryReference;
  readonly subscription: string | undefined;
  readonly resourceGroup: string | undefined;
  /** Undefined: not said, so that what stands is kept. */
  readonly role: RequestedRole | undefined;
  /** Undefined: not said, so that what stands is kept; none: all of the registry. */
  readonly repositories: readonly string[] | undefined;
  /** Display name of the application; derived when not given. */
  readonly applicationName: string | undefined;
  /** An application or principal that exists, by id or name, shared on purpose. */
  readonly servicePrincipal: string | undefined;
  readonly switchPrincipal: boolean;
  /** A password that is known already: none is made. */
  readonly knownPassword: SecretText | undefined;
  /** Call nothing of Azure but the registry. */
  readonly noAzure: boolean;
  readonly owners: readonly string[];
  readonly serviceManagementReference: string | undefined;
  /** Undefined: as long as usual, where the tenant allows that. */
  readonly expiresInMs: number | "max" | undefined;
  /** Let the nodes of a managed cluster pull, and make no secret. */
  readonly attach: boolean;
  readonly createNamespace: boolean;
  readonly serviceAccounts: readonly string[];
  readonly adopt: boolean;
  readonly credentialsFile: string | undefined;
  /** Empty: the context's own namespace, else `default`. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  /** Secrets, as `namespace/name`, that a person left out: the clusters do not list them. */
  readonly leaveOut: readonly string[];
  readonly clusterId: string | undefined;
  readonly secretName: string;
  readonly proof: ProofKind;
  readonly image: ProofImage | undefined;
  readonly waitBusyMs: number;
  /** Bounds each wait for a service. */
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly dryRun: boolean;
  readonly suggest: Suggest;
}

/** The outside, joined by connect.ts. */
export interface SetupPorts {
  /** Undefined with `--no-azure`. */
  readonly azure:
    | {
        readonly registries: Registries;
        readonly roles: Roles;
        readonly directory: Directory;
        readonly signIn: SignIn;
        readonly managedClusters: ManagedClusters;
      }
    | undefined;
  readonly pullProof: PullProof;
  /** One for each chosen context, in the order given. */
  readonly clusters: readonly ClusterTarget[];
  readonly clock: Clock;
  /** Who this process is, for the pending mark. */
  readonly process: ProcessIdentity;
  /** Writes `--credentials-file`: 0600, exclusive create. */
  readonly files: CredentialsFile;
  /** Where the secrets are written instead of to the cluster; undefined: to the cluster. */
  readonly manifest?: Manifest | undefined;
}

/** A file that the user asked for a password in. */
export interface CredentialsFile {
  write(path: string, content: string): Promise<void>;
}

/** What the view and the person do while setup runs. */
export type SetupConversation = Conversation<SetupPlan, SetupResult>;

/** What setup would do, as data. */
export interface SetupPlan {
  readonly registry: ResultRegistry;
  /** Where the secrets are written instead of to the cluster. */
  readonly manifest?: string;
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes, such as roles that are not ours. */
  readonly warnings: readonly string[];
  /** Secrets that cannot be written, and why: the others are. */
  readonly leftOut: readonly ResultSecret[];
  /** Whether a principal that has rights on the registry gets others: nobody agrees to that by Enter alone. */
  readonly changesRights: boolean;
}

export interface ResultRegistry {
  readonly id: string | null;
  readonly name: string;
  readonly loginServer: string;
  readonly roleAssignmentMode: RoleAssignmentMode | null;
}

export interface ResultServicePrincipal {
  readonly context: string;
  readonly clusterId: string;
  readonly appId: string;
  readonly objectId: string | null;
  readonly displayName: string | null;
  readonly action: Action;
}

export interface ResultRoleAssignment {
  /** Of the cluster, or the first of its contexts, whose principal it is granted to. */
  readonly context: string;
  readonly id: string;
  readonly requestedRole: RequestedRole;
  readonly role: string;
  readonly condition: string | null;
  readonly scope: string;
  readonly action: Action;
}

export interface ResultCredential {
  readonly context: string;
  readonly clusterId: string;
  readonly appId: string;
  readonly keyId: string | null;
  /** RFC 3339 UTC; null where the directory was not asked, or does not say. */
  readonly createdAt: string | null;
  /** RFC 3339 UTC */
  readonly expiresAt: string | null;
  readonly action: Action;
}

export interface ResultServiceAccount {
  readonly context: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: Action;
  readonly error?: ResultError;
}

/** A managed cluster whose nodes pull by their own identity. */
export interface ResultAttachment {
  readonly context: string;
  /** Its resource id. */
  readonly managedCluster: string;
  readonly kubeletIdentity: KubeletIdentity;
  /** What was done to its role. */
  readonly action: Action;
}

export interface ResultVerification {
  readonly status: "passed" | "failed" | "skipped";
  readonly reason?: string;
  readonly checks: ReadonlyArray<{
    readonly id: string;
    readonly status: "pass" | "warn" | "fail" | "skip";
    readonly message: string;
  }>;
}

/** What setup did: the document of the published contract, without its envelope. */
export interface SetupResult {
  readonly registry: ResultRegistry;
  /** Where the secrets were written instead of to the cluster. */
  readonly manifest?: string;
  readonly servicePrincipals: readonly ResultServicePrincipal[];
  readonly roleAssignments: readonly ResultRoleAssignment[];
  /** Assignments of the principal on the registry that are not ours. */
  readonly extraRoles: ReadonlyArray<{ readonly id: string; readonly role: string; readonly scope: string }>;
  readonly credentials: readonly ResultCredential[];
  /** Those that were made. */
  readonly namespaces: ReadonlyArray<Pick<ResultSecret, "context" | "namespace" | "action">>;
  readonly secrets: readonly ResultSecret[];
  readonly serviceAccounts: readonly ResultServiceAccount[];
  /** With `--attach`. */
  readonly attachments?: readonly ResultAttachment[];
  readonly verification: ResultVerification;
  readonly renewalDue: boolean;
  /** Keys of ours that are not in use any more. */
  readonly keptKeys: ReadonlyArray<{
    readonly appId: string;
    readonly keyId: string;
    readonly reason: string;
  }>;
}

/** How setup ended. */
export type SetupOutcome = Outcome<SetupPlan, SetupResult>;
