import type { CryptoKey } from "jose";
import type { Replication } from "./replication.ts";
import type { ApiVersions } from "./resource-manager/api-versions.ts";
import type { ManagedClusterRecord } from "./resource-manager/managed-clusters.ts";

/*
 * Everything the sandbox's services know, in memory: one tenant, its subscriptions, registries and clusters. Services
 * read and write these records. A record that replicates carries the times when it was created and removed, and
 * `world.replication` says what one replica knows of it. Tests use the same records directly.
 */

/** A record that is written in one place and known elsewhere only later. Times are milliseconds since 1970. */
export interface Replicated {
  readonly createdAt: number;
  /** When it was removed. A replica may still show it for a while. */
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
  /** In deletedItems, and restorable. It has a `removedAt`, and still holds its unique name. */
  softDeleted: boolean;
  /** RFC 3339. Null if the directory no longer knows it. Default: `createdAt`. */
  createdDateTime?: string | null;
  /** Its own policy, if it has one. */
  managementPolicy?: ManagementPolicyRecord;
}

/** Whose tokens sign in as an application, without a secret. */
export interface FederatedCredentialRecord {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  /** The audience that the tokens must have. Default: Entra's own. */
  readonly audience: string;
}

/** A job of a CI service, which gives it tokens of its own. */
export interface JobRecord {
  readonly runner: "github" | "azure-pipelines" | "gitlab";
  /** The issuer and subject of the tokens. */
  readonly issuer: string;
  readonly subject: string;
  /** How long a token is valid, in milliseconds. With 0, it has expired when it arrives. */
  readonly tokenLifetimeMs: number;
  /** The service connection that it may ask a token for. Only Azure Pipelines has them. */
  readonly serviceConnectionId: string;
  /** The bearer token of the job's requests for its tokens. */
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
  /** Template ids of directory roles, as in a token's `wids`. */
  directoryRoles: string[];
  /** Whether each of their sign-ins includes multi-factor authentication, or only one that is asked to. */
  multiFactor: boolean;
}

/** A security group. Its members hold its roles. */
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
  /** Number of polls answered `authorization_pending` before the user has signed in. Default 0. */
  pendingPolls?: number;
  /** The user declines. */
  declines?: boolean;
}

/** A policy's rules for new passwords of applications. A rule that is absent is not part of the policy. */
export interface PasswordRules {
  /** An ISO 8601 duration. A longer password is refused. Null is a rule without a limit. */
  maxPasswordLifetime?: string | null;
  /** Passwords are forbidden altogether. False in an application's own policy exempts it. */
  passwordsForbidden?: boolean;
  /** RFC 3339. The rules apply only to applications created after it. Default: a day in 2019. */
  restrictsAppsCreatedAfter?: string;
  /** Callers that the rules exempt, by object id or `caller`. The policy as shown does not say who they are. */
  excludedActors?: string[];
}

/** A policy that an administrator made for single applications. */
export interface ManagementPolicyRecord extends PasswordRules {
  readonly id: string;
  readonly displayName: string;
  isEnabled: boolean;
}

/** A directory role that no token names: a custom role of the tenant, or one held on a single application. */
export interface CustomRoleRecord {
  /** Object id of its holder. */
  readonly principalId: string;
  /** Such as `microsoft.directory/applications/credentials/update`. */
  readonly permissions: readonly string[];
  /** Display name of the application that it is held on. Absent for the whole directory. */
  readonly application?: string | undefined;
}

export interface TenantPolicy extends PasswordRules {
  /** `ServiceManagementReference` is required on new applications. */
  serviceTreeRequired?: boolean;
  /** Members may register applications. Default true. */
  membersMayRegisterApplications?: boolean;
  /** Service principals are refused with AADSTS53003 (Conditional Access), also where a registry signs them in. */
  conditionalAccessBlocks?: boolean;
  /** Service principals that this exempts: object ids, or `caller`. */
  conditionalAccessExcludes?: string[];
  /** It refuses them only where a registry signs them in: the policy allows this machine's address, not the registry's. */
  conditionalAccessBlocksRegistries?: boolean;
  /** The token endpoint refuses users with AADSTS50076 (multi-factor authentication required). */
  multiFactorRequired?: boolean;
  /** Whether the policy itself may be read (Policy.Read.All). Default false, as is usual. */
  readable?: boolean;
}

export interface SubscriptionRecord {
  readonly subscriptionId: string;
  readonly displayName: string;
  /** Default: this tenant. A subscription of another tenant is delegated to this one's callers (Azure Lighthouse). */
  readonly tenantId?: string;
}

export interface ImageRecord {
  readonly repository: string;
  readonly tag: string;
  /** Platforms such as `linux/arm64`, for an index with one image for each. Absent: one image for `linux/amd64`. */
  readonly platforms?: readonly string[];
}

/** What a registry's resource says about its network. */
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
  /** Its network rules refuse every address except the allowed ones, with 403 on every path. */
  firewalled: boolean;
  network: NetworkRecord;
  /** Answers 400 to containerd's POST for a token, as some frontends do. */
  refusesPasswordGrant: boolean;
}

export interface RoleAssignmentRecord extends Replicated {
  /** `{scope}/providers/Microsoft.Authorization/roleAssignments/{name}`, in the letter case in which it was sent. */
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

/** A Kubernetes object as the API shows it, except for what the API server computes. */
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
 * What refuses every secret of a namespace: an admission webhook, with exactly the answer given here, or a
 * ValidatingAdmissionPolicy, with one of the reasons that it may give.
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
  /** `https://localhost:PORT`, known once it listens, or `https://HOST:443` if it has a host name. */
  server: string;
  /** The host name of a managed cluster's API server. Absent: this machine's. */
  hostName?: string;
  /** The proxy that leads to that name. */
  proxyUrl?: string;
  /** Objects by plural resource name (`namespaces`, `secrets`, `serviceaccounts`, `pods`, `events`…). */
  readonly objects: Record<string, KubernetesObject[]>;
  /** The user of `context`, then the users of other contexts. */
  readonly users: ClusterUserRecord[];
  /** How far its clock is ahead of this machine's, in milliseconds. */
  clockAheadMs: number;
  readonly denials: SecretDenial[];
  /** Counts up with every write. */
  resourceVersion: number;
}

/** The caller whose credentials the sandbox hands out: the person or pipeline that runs acr-pull. */
export interface CallerRecord {
  readonly appId: string;
  readonly objectId: string;
  readonly secretText: string;
}

/** The tenant's key pair, and the id by which its tokens name it. */
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
  /** Which versions of its APIs Resource Manager has here. Private clouds have fewer. */
  apiVersions: ApiVersions;
  readonly clusters: ClusterRecord[];
  readonly managedClusters: ManagedClusterRecord[];
  readonly caller: CallerRecord;
  /** The CI job that programs in the sandbox run in, if any. */
  readonly job?: JobRecord;
  /** How far the clocks of Azure and its registries are ahead of this machine's, in milliseconds. */
  clockAheadMs: number;
  /**
   * The number of items in a page of Graph, Resource Manager and Kubernetes lists. Undefined for the services' own
   * sizes.
   */
  pageSize: number | undefined;
  readonly replication: Replication;
  /**
   * How often certificates were requested since a moment, in milliseconds since 1970. The directory counts per
   * minute.
   */
  certificateReads: { readonly since: number; readonly count: number };
  /** The Azure control plane, `https://localhost:PORT`, known once it listens. */
  azureUrl: string;
  /** Called by a service after each write it has committed. */
  committed: (what: string) => void;
}
