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
  /** Undefined if not given: the current role stays. */
  readonly role: RequestedRole | undefined;
  /** Undefined if not given: the current limit stays. Empty for the whole registry. */
  readonly repositories: readonly string[] | undefined;
  /** Display name of the application. Derived if not given. */
  readonly applicationName: string | undefined;
  /** An existing application or principal, by id or name, shared on purpose. */
  readonly servicePrincipal: string | undefined;
  /** A password that already exists. No new one is made. */
  readonly knownPassword: SecretText | undefined;
  readonly owners: readonly string[];
  readonly serviceManagementReference: string | undefined;
  /** Undefined for the usual lifetime, if the tenant allows it. */
  readonly expiresInMs: number | "max" | undefined;
  /** Let the nodes of a managed cluster pull, and make no secret. */
  readonly attach: boolean;
  readonly createNamespace: boolean;
  readonly serviceAccounts: readonly string[];
  readonly adopt: boolean;
  readonly credentialsFile: string | undefined;
  /** If empty, the context's own namespace, else `default`. */
  readonly namespaces: readonly string[];
  readonly namespaceSelector: string | undefined;
  readonly clusterId: string | undefined;
  readonly secretName: string;
  readonly proof: ProofKind;
  readonly image: ProofImage | undefined;
  /** The limit of each wait for a service. */
  readonly timeoutMs: number;
  readonly dryRun: boolean;
  readonly suggest: Suggest;
}

/** The outside world, joined by connect.ts. */
export interface SetupPorts {
  /** Undefined if the password and the login server are known. */
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
  /** What identifies this process in the pending mark. */
  readonly process: ProcessIdentity;
  /** Writes `--credentials-file`: mode 0600, exclusive create. */
  readonly files: CredentialsFile;
  /** Where the secrets are written instead of to the cluster. Undefined if they are written to the cluster. */
  readonly manifest?: Manifest | undefined;
}

/** Writes the file in which the user wants the password. */
export interface CredentialsFile {
  write(path: string, content: string): Promise<void>;
}

/** How setup talks to the view and the person while it runs. */
export type SetupConversation = Conversation<SetupPlan, SetupResult>;

/** What setup would do, as data. */
export interface SetupPlan {
  readonly registry: ResultRegistry;
  /** Where the secrets are written instead of to the cluster. */
  readonly manifest?: string;
  readonly changes: readonly PlannedChange[];
  /** Things to know before saying yes, such as roles that are not ours. */
  readonly warnings: readonly string[];
  /** Secrets that cannot be written, and why. The others are written. */
  readonly leftOut: readonly ResultSecret[];
  /**
   * Whether a principal that has rights on the registry gets different ones. Pressing Enter alone does not agree to
   * that.
   */
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
  /** The context, or the first of several, of the cluster whose principal has the role. */
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
  /** RFC 3339 UTC; null if the directory was not asked, or does not say. */
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
  /** Those that were created. */
  readonly namespaces: ReadonlyArray<Pick<ResultSecret, "context" | "namespace" | "action">>;
  readonly secrets: readonly ResultSecret[];
  readonly serviceAccounts: readonly ResultServiceAccount[];
  /** With `--attach`. */
  readonly attachments?: readonly ResultAttachment[];
  readonly verification: ResultVerification;
  readonly renewalDue: boolean;
  /** Keys of ours that are no longer in use. */
  readonly keptKeys: ReadonlyArray<{
    readonly appId: string;
    readonly keyId: string;
    readonly reason: string;
  }>;
}

/** How setup ended. */
export type SetupOutcome = Outcome<SetupPlan, SetupResult>;
