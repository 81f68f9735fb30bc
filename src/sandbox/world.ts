import type { CryptoKey } from "jose";
import type { Replication } from "./replication.ts";
import type { ApiVersions } from "./resource-manager/api-versions.ts";
import type { ManagedClusterRecord } from "./resource-manager/managed-clusters.ts";

/*
 * Everything the sandbox's services know, in memory: one tenant, its subscriptions, registries and clusters.
 * Services read and write these records; a record that replicates carries the moments it was made and ended, and
 * `world.replication` says what one replica knows of it. Tests hold the same records in their hands.
 */

/** Something that is written in one place and known elsewhere only later. Times are milliseconds since 1970. */
export interface Replicated {
  readonly createdAt: number;
  /** When it was removed; a replica may go on showing it for a while. */
  removedAt?: number;
}

export interface PasswordRecord extends Replicated {
  readonly keyId: string;
  readonly displayName: string | null;
  readonly startDateTime: string;
  /** RFC 3339 */
  endDateTime: string;
  readonly hint: string;
  readonly secretText: string;
}

export interface ApplicationRecord extends Replicated {
  /** Object id. */
  readonly id: string;
  readonly appId: string;
  displayName: string;
  uniqueName: string | null;
  tags: string[];
  notes: string | null;
  serviceManagementReference: string | null;
  signInAudience: string;
  /** Every password it ever had; the removed ones carry `removedAt`. */
  readonly passwords: PasswordRecord[];
  readonly keyCredentials: Array<{ keyId: string; displayName: string }>;
  readonly federatedCredentials: FederatedCredentialRecord[];
  /** Object ids of users and service principals. */
  readonly owners: string[];
  /** In deletedItems, restorable; it has its `removedAt` and still holds its unique name. */
  softDeleted: boolean;
  /** RFC 3339; null where the directory does not know it any more; absent: as `createdAt`. */
  createdDateTime?: string | null;
  /** The policy of its own. */
  managementPolicy?: ManagementPolicyRecord;
}

/** Whose tokens sign in as an application without a secret of its own. */
export interface FederatedCredentialRecord {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  /** What the tokens have to be meant for. Default: Entra's own audience. */
  readonly audience: string;
}

/** A job of a CI service, which gives it tokens of its own. */
export interface JobRecord {
  readonly runner: "github" | "azure-pipelines" | "gitlab";
  /** Whom the tokens are from, and whom they name. */
  readonly issuer: string;
  readonly subject: string;
  /** How long a token is valid, in milliseconds; 0: it has ended when it arrives. */
  readonly tokenLifetimeMs: number;
  /** Which service connection it may ask a token for; Azure Pipelines alone has them. */
  readonly serviceConnectionId: string;
  /** What the job asks for its tokens with. */
  readonly requestToken: string;
}

export interface ServicePrincipalRecord extends Replicated {
  readonly id: string;
  readonly appId: string;
  displayName: string;
  accountEnabled: boolean;
  readonly servicePrincipalType: "Application" | "ManagedIdentity";
  /** The tenant where its application is registered; null for a managed identity, which has none. */
  readonly appOwnerOrganizationId: string | null;
  readonly owners: string[];
  readonly passwords: PasswordRecord[];
  /** Application permissions on Microsoft Graph, such as `Application.ReadWrite.OwnedBy`. */
  graphPermissions: string[];
}

/** A member of the tenant who signs in by device code. */
export interface UserRecord {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  /** Template ids of directory roles, as a token's `wids`. */
  directoryRoles: string[];
}

/** A security group; who is a member of it holds its roles. */
export interface GroupRecord {
  readonly id: string;
  readonly displayName: string;
  /** Object ids of users, service principals and groups. */
  readonly members: string[];
}

/** Who answers a sign-in by device code, and how soon. */
export interface DeviceSignIn {
  /** Object id or user principal name. Default: the first user of the tenant. */
  user?: string;
  /** Polls answered `authorization_pending` before the user has signed in. Default 0. */
  pendingPolls?: number;
  /** He refuses. */
  declines?: boolean;
}

/** What a policy says of new passwords of applications; what it leaves out it does not rule. */
export interface PasswordRules {
  /** ISO 8601 duration; a longer password is refused. Null: ruled, and without limit. */
  maxPasswordLifetime?: string | null;
  /** Passwords are forbidden altogether. False in a policy of an application is its exemption. */
  passwordsForbidden?: boolean;
  /** RFC 3339. Only applications made after it are concerned. Default: a day in 2019. */
  restrictsAppsCreatedAfter?: string;
  /** Callers whom the rules leave alone, by object id, or `caller`. What is shown of them tells nobody who they are. */
  excludedActors?: string[];
}

/** A policy that an administrator made for single applications. */
export interface ManagementPolicyRecord extends PasswordRules {
  readonly id: string;
  readonly displayName: string;
  isEnabled: boolean;
}

/** A directory role that no token names: one of the tenant's own making, or one held on a single application. */
export interface CustomRoleRecord {
  /** Object id of who holds it. */
  readonly principalId: string;
  /** Such as `microsoft.directory/applications/credentials/update`. */
  readonly permissions: readonly string[];
  /** Display name of the application it is held on; absent: the whole directory. */
  readonly application?: string | undefined;
}

export interface TenantPolicy extends PasswordRules {
  /** `ServiceManagementReference` is required on new applications. */
  serviceTreeRequired?: boolean;
  /** Members may register applications. Default true. */
  membersMayRegisterApplications?: boolean;
  /** The token endpoint refuses service principals with AADSTS53003 (Conditional Access). */
  conditionalAccessBlocks?: boolean;
  /** The token endpoint refuses users with AADSTS50076 (multi-factor authentication is asked for). */
  multiFactorRequired?: boolean;
  /** Whether the policy itself may be read (Policy.Read.All). Default false, as is usual. */
  readable?: boolean;
}

export interface SubscriptionRecord {
  readonly subscriptionId: string;
  readonly displayName: string;
  /** Absent: this tenant's. Another one's has been delegated to callers of this one (Azure Lighthouse). */
  readonly tenantId?: string;
}

export interface ImageRecord {
  readonly repository: string;
  readonly tag: string;
  /** An index of one image for each of these, such as `linux/arm64`; absent: one image for `linux/amd64`. */
  readonly platforms?: readonly string[];
}

/** What a registry's resource says of its network. */
export interface NetworkRecord {
  publicAccess: boolean;
  defaultAction: "Allow" | "Deny";
  readonly allowedAddresses: string[];
  privateEndpoints: number;
}

export interface RegistryRecord {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  name: string;
  readonly location: string;
  readonly sku: "Basic" | "Standard" | "Premium";
  roleAssignmentMode: "LegacyRegistryPermissions" | "AbacRepositoryPermissions";
  /** `localhost:PORT`, known once it listens. */
  loginServer: string;
  readonly images: ImageRecord[];
  /** Its network rules refuse every address but those allowed: 403 on every path. */
  firewalled: boolean;
  network: NetworkRecord;
  /** Anybody may pull without signing in. */
  anonymousPull: boolean;
  /** Answers 400 to containerd's POST for a token, as some frontends do. */
  refusesPasswordGrant: boolean;
}

export interface RoleAssignmentRecord extends Replicated {
  /** `{scope}/providers/Microsoft.Authorization/roleAssignments/{name}`, in the case it was sent. */
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly roleDefinitionId: string;
  readonly principalId: string;
  readonly principalType: string;
  condition: string | null;
  conditionVersion: string | null;
  description: string | null;
  readonly createdBy: string;
}

/** A Kubernetes object as the API shows it, but for what the API server itself computes. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: Array<Record<string, unknown>>;
    finalizers?: string[];
    managedFields?: Array<Record<string, unknown>>;
    [other: string]: unknown;
  };
  [field: string]: unknown;
}

/** One RBAC rule; `*` stands for all. `namespaces` absent means every namespace and cluster-wide lists. */
export interface AccessRule {
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
  readonly namespaces?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface ClusterUserRecord {
  readonly name: string;
  readonly token: string;
  rules: AccessRule[];
}

/**
 * Who refuses every secret of a namespace: an admission webhook, whose answer holds what it says and nothing else, or
 * a ValidatingAdmissionPolicy, for one of the reasons that it may give.
 */
export interface SecretDenial {
  readonly namespace: string;
  readonly webhook?: {
    readonly code?: number;
    readonly reason?: string;
    readonly retryAfterSeconds?: number;
  };
  readonly policy?: "Invalid" | "Forbidden" | "RequestEntityTooLarge";
}

export interface ClusterRecord {
  /** The kubeconfig context that names it. */
  readonly context: string;
  /** `https://localhost:PORT`, known once it listens; `https://HOST:443` where it has a host name. */
  server: string;
  /** The name that a managed cluster's API server has; absent: this machine's. */
  hostName?: string;
  /** The proxy that leads to that name. */
  proxyUrl?: string;
  /** Objects by plural resource name (`namespaces`, `secrets`, `serviceaccounts`, `pods`, `events`…). */
  readonly objects: Record<string, KubernetesObject[]>;
  /** The user of the context; a context of the kubeconfig may name another. */
  readonly users: ClusterUserRecord[];
  /** How far its clock is ahead of this machine's, in milliseconds. */
  clockAheadMs: number;
  readonly denials: SecretDenial[];
  /** Counts up with every write. */
  resourceVersion: number;
}

/** The caller whose credentials the sandbox prints: the person or pipeline who runs acr-pull. */
export interface CallerRecord {
  readonly appId: string;
  readonly objectId: string;
  readonly secretText: string;
}

/** The tenant's key pair and the id its tokens name it by. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly keyId: string;
}

export interface World {
  readonly tenantId: string;
  readonly subscriptions: SubscriptionRecord[];
  readonly applications: ApplicationRecord[];
  readonly servicePrincipals: ServicePrincipalRecord[];
  readonly users: UserRecord[];
  readonly groups: GroupRecord[];
  readonly policy: TenantPolicy;
  readonly managementPolicies: ManagementPolicyRecord[];
  readonly customRoles: CustomRoleRecord[];
  deviceSignIn?: DeviceSignIn;
  /** Signs the tokens of this tenant; made when the first is issued. */
  signingKey?: Promise<SigningKey>;
  readonly registries: RegistryRecord[];
  readonly roleAssignments: RoleAssignmentRecord[];
  /** Which versions of its APIs Resource Manager has here: clouds of their own have fewer. */
  apiVersions: ApiVersions;
  readonly clusters: ClusterRecord[];
  readonly managedClusters: ManagedClusterRecord[];
  readonly caller: CallerRecord;
  /** The CI job that its programs run in; absent: none. */
  readonly job?: JobRecord;
  /** How far the clocks of Azure and its registries are ahead of this machine's, in milliseconds. */
  clockAheadMs: number;
  /** Items a page holds in Graph, Resource Manager and Kubernetes lists; absent: the services' own sizes. */
  pageSize: number | undefined;
  readonly replication: Replication;
  /** How often certificates were asked for since a moment, in milliseconds since 1970: the directory counts by the minute. */
  certificateReads: { readonly since: number; readonly count: number };
  /** The Azure control plane, `https://localhost:PORT`, known once it listens. */
  azureUrl: string;
  /** Called by a service after each write it has committed. */
  committed: (what: string) => void;
}
