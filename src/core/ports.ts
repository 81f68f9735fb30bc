import type { PullCredential } from "../domain/docker-config.ts";
import type { ActionableError } from "../domain/errors.ts";
import type {
  Application,
  ApplicationSummary,
  Caller,
  Certified,
  NewPassword,
  Owner,
  ServicePrincipal,
  ServicePrincipalSummary,
} from "../domain/identity.ts";
import type {
  NamespaceObject,
  NodePlatform,
  PodEvent,
  PodObject,
  SecretChange,
  SecretObject,
  ServiceAccountObject,
} from "../domain/kubernetes-objects.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import type {
  AccessedRegistry,
  ListedRegistry,
  Registry,
  RegistryReference,
  RegistrySearch,
} from "../domain/registry.ts";
import type { RolePermissions } from "../domain/role.ts";
import type { DesiredAssignment, RoleAssignment } from "../domain/role-assignment.ts";
import type { PasswordPolicy } from "../domain/password-policy.ts";
import type { SecretText } from "../domain/secret-text.ts";

/*
 * What the steps need of the world outside. Clients in azure/, registry/ and kubernetes/ fit these by shape;
 * connect.ts joins them.
 *
 * The rules that all of them keep: `find…` resolves to undefined for "not there" and throws every other failure;
 * `remove…` is fine when it is gone; every failure is an ActionableError with a documented code; transient faults
 * of reads are already retried; the last parameter is the signal.
 */

/** Where the registry is looked for. */
export interface RegistryScope {
  readonly subscription?: string | undefined;
  readonly resourceGroup?: string | undefined;
}

/** Registries, by Azure Resource Manager. */
export interface Registries {
  /**
   * The login server that a registry most likely has, told without asking anybody, so that work which needs its name
   * may begin; undefined where a guess would be idle. Azure's own word decides.
   */
  likelyLoginServer(reference: RegistryReference): string | undefined;
  /**
   * Every registry that the reference fits, over all visible subscriptions unless the scope names one: then one that
   * fails ends the look at it alone. A resource id is read directly.
   */
  findRegistries(
    reference: RegistryReference,
    scope: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistrySearch<Registry>>;
  /**
   * Every registry that the caller sees, over all visible subscriptions unless the scope names one, in no order. One
   * whose login server is not the cloud's is left out: no password may be sent there.
   * @throws ActionableError `azure.no-subscription` when there is none to look in
   */
  listRegistries(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<ListedRegistry>>;
}

/** What the caller may do on a registry, as far as Azure tells beforehand. */
export interface RegistryRights {
  readonly writeRoleAssignments: boolean;
  readonly deleteRoleAssignments: boolean;
}

/** How an attempt to assign a role ended, where that is no failure. */
export type AssignOutcome =
  | { readonly kind: "assigned"; readonly assignment: RoleAssignment }
  /** 409: the principal has this role on this scope by an assignment of another name. */
  | { readonly kind: "exists" }
  /** 400 PrincipalNotFound: not yet known to Resource Manager. */
  | { readonly kind: "principal-unknown" };

/** Role assignments, by Azure Resource Manager. */
export interface Roles {
  /** Undefined where they cannot be read: the first write tells. */
  registryRights(registryId: string, signal: AbortSignal): Promise<RegistryRights | undefined>;
  /** Assignments of the principal on the registry itself and inherited from above it. */
  listAssignments(
    registryId: string,
    principalId: string,
    signal: AbortSignal,
  ): Promise<readonly RoleAssignment[]>;
  /** Every assignment made on the registry itself: what is inherited from above it is left out. */
  listRegistryAssignments(registryId: string, signal: AbortSignal): Promise<readonly RoleAssignment[]>;
  /** PUT with the derived name; the same again is the same, another condition replaces the one before. */
  assignRole(
    registryId: string,
    principalId: string,
    desired: DesiredAssignment,
    signal: AbortSignal,
  ): Promise<AssignOutcome>;
  removeAssignment(id: string, signal: AbortSignal): Promise<void>;
  /** Whatever the principal holds, at any scope, in the subscriptions that the caller sees. */
  listVisibleAssignments(principalId: string, signal: AbortSignal): Promise<readonly RoleAssignment[]>;
}

/** What a new application is made of. */
export interface NewApplication {
  readonly uniqueName: string;
  readonly displayName: string;
  readonly tags: readonly string[];
  readonly serviceManagementReference?: string | undefined;
}

/** The application that there is now of a unique name. */
export interface RegisteredApplication {
  readonly application: Application;
  /** Whether it was made just now. */
  readonly created: boolean;
  /** The same application, where it lies among the deleted: it has to be restored. */
  readonly deleted?: Application & Certified;
}

/** Why something that was deleted was not deleted for good, and where it lies. */
export interface LeftDeleted {
  readonly url: string;
  readonly because: ActionableError;
}

/** Applications and service principals, by Microsoft Graph. */
export interface Directory {
  /** Azure's clock by its newest answer, of the directory or of the sign-in; undefined before the first. */
  serverTime(): Date | undefined;
  caller(signal: AbortSignal): Promise<Caller>;
  /**
   * Whether the caller may register applications, by what its token says; `unknown` where that does not tell
   * (a user whose tenant lets members register applications).
   */
  mayRegisterApplications(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  /** Whether the caller may change every application of the tenant, not only those it owns. */
  mayChangeAllApplications(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  /** Whether the caller may make others owners of an application that it owns, by what its token says. */
  mayAddOwners(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  findApplicationByUniqueName(uniqueName: string, signal: AbortSignal): Promise<Application | undefined>;
  /** By its application id, and by that alone: one request. */
  findApplicationByAppId(appId: string, signal: AbortSignal): Promise<Application | undefined>;
  /** By application id, object id (of the application or its principal) or exact display name: all that fit. */
  findApplications(reference: string, signal: AbortSignal): Promise<readonly Application[]>;
  /**
   * Applications whose display name begins with the text, whatever the letter case, by name; at most 20. Any 20 for an
   * empty text; for a GUID those that it names, as findApplications has it.
   */
  searchApplications(text: string, signal: AbortSignal): Promise<readonly ApplicationSummary[]>;
  /** Every application that bears the tag, in no order. */
  listApplicationsTagged(tag: string, signal: AbortSignal): Promise<readonly Application[]>;
  readApplication(objectId: string, signal: AbortSignal): Promise<Application | undefined>;
  /** Undefined as well where it cannot be looked among the deleted. */
  findDeletedApplication(
    uniqueName: string,
    signal: AbortSignal,
  ): Promise<(Application & Certified) | undefined>;
  restoreApplication(objectId: string, signal: AbortSignal): Promise<void>;
  /**
   * Deletes it with its service principal, and for good where that is allowed.
   * @returns undefined when it is gone for good; else it keeps its unique name for 30 days, and can be restored
   * @throws ActionableError `directory.application-lingers` when the directory says that there is none to delete, and
   *   parts of it go on showing it
   */
  removeApplication(
    objectId: string,
    signal: AbortSignal,
    onDeleted?: () => void,
  ): Promise<LeftDeleted | undefined>;
  /**
   * Deletes for good what lies among the deleted and bears the unique name. Who may not look there, and may delete for
   * good no more than it owns, is believed: nothing that is not deleted goes by it.
   * @returns undefined when no such one is left
   */
  purgeApplication(
    objectId: string,
    uniqueName: string,
    signal: AbortSignal,
  ): Promise<LeftDeleted | undefined>;
  /**
   * Upserts by unique name (`Prefer: create-if-missing`): call it only after a 404, for it would change an
   * application that exists. `created: false` when one turned up meanwhile: then look whose it is.
   * @throws ActionableError `directory.unique-name-taken` when one holds the name that cannot be seen
   */
  createApplication(application: NewApplication, signal: AbortSignal): Promise<RegisteredApplication>;
  listOwners(objectId: string, signal: AbortSignal): Promise<readonly Owner[]>;
  /** Owners of a service principal: they may add a password to it. */
  listPrincipalOwners(objectId: string, signal: AbortSignal): Promise<readonly Owner[]>;
  addOwner(objectId: string, ownerId: string, signal: AbortSignal): Promise<void>;
  /** How many federated credentials sign in as the application. */
  countFederatedCredentials(objectId: string, signal: AbortSignal): Promise<number>;
  /** How many certificates sign in as the application; seldom asked, for a tenant may do so 150 times a minute. */
  countCertificates(objectId: string, signal: AbortSignal): Promise<number>;
  /** The same of a service principal. */
  countPrincipalCertificates(objectId: string, signal: AbortSignal): Promise<number>;
  findServicePrincipal(appId: string, signal: AbortSignal): Promise<ServicePrincipal | undefined>;
  /**
   * The service principals among these object ids, in no order, whose application is registered in this tenant. Left
   * out are users, groups, managed identities, applications of other tenants, and ids that are not known.
   */
  findServicePrincipals(
    objectIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ServicePrincipalSummary[]>;
  /** `undefined` while this part of the directory does not know the application yet. */
  createServicePrincipal(
    appId: string,
    signal: AbortSignal,
  ): Promise<(ServicePrincipal & Certified) | undefined>;
  /**
   * Sends one request, ever (429 apart, which did nothing).
   * @throws OutcomeUnknownError when the answer was lost: the key may exist
   * @throws ActionableError `directory.password-lifetime`, `directory.passwords-forbidden`, `directory.forbidden`,
   *   `directory.not-found` while a fresh application is not known everywhere
   */
  addPassword(
    objectId: string,
    password: { readonly displayName: string; readonly endDateTime: Date },
    signal: AbortSignal,
  ): Promise<NewPassword>;
  /**
   * @throws ActionableError `directory.key-lingers` when the directory says that there is none to remove, and parts of
   *   it go on listing it: it was removed a while ago, or is so young that those who were asked do not know it
   */
  removePassword(objectId: string, keyId: string, signal: AbortSignal): Promise<void>;
  /** What the tenant's policies say of new passwords of an application; undefined: of one that is still to be made. */
  passwordPolicy(
    application: Pick<Application, "objectId" | "createdAt"> | undefined,
    signal: AbortSignal,
  ): Promise<PasswordPolicy>;
}

/** How a credential was received. */
export type SignInOutcome =
  | { readonly kind: "accepted" }
  /** Refused in a way that a moment's patience may mend if the credential is fresh. */
  | {
      readonly kind: "refused";
      readonly reason: string;
      /** Entra says that the password has ended, as it says of one just made now and then. */
      readonly expired: boolean;
      /** When, by Entra's clock; absent where that is not known. */
      readonly at?: Date;
      /** Entra's own number of the reason, which stands after `AADSTS`; absent where it is not known. */
      readonly number?: number;
    };

/** Signing in to Entra as the service principal whose password is at hand. */
export interface SignIn {
  signIn(appId: string, password: SecretText, signal: AbortSignal): Promise<SignInOutcome>;
}

/** What to pull when proving that a credential can. */
export interface ProofImage {
  readonly repository: string;
  /** With a tag, or a digest, its manifest is asked for too. */
  readonly tag?: string | undefined;
}

/** How an attempt to pull ended. */
export type PullOutcome =
  | { readonly kind: "allowed" }
  /** 401 at the token endpoint: wrong or unknown credential, or no role (yet). */
  | { readonly kind: "refused"; readonly reason: string }
  /** Signed in, but the token holds no pull on the repository. */
  | { readonly kind: "no-pull-scope"; readonly reason: string }
  /** May pull, but there is no such repository or tag. */
  | { readonly kind: "image-missing"; readonly reason: string };

/** The registry's data plane, used as a node uses it. */
export interface PullProof {
  /**
   * @throws ActionableError `registry.firewall`, `registry.unreachable`, `registry.untrusted-certificate`
   */
  tryPull(
    loginServer: string,
    credential: PullCredential,
    image: ProofImage,
    signal: AbortSignal,
  ): Promise<PullOutcome>;
  /**
   * One anonymous request, to know before any write whether this machine can reach the registry.
   * @throws like tryPull
   */
  checkReachable(loginServer: string, signal: AbortSignal): Promise<void>;
}

/**
 * One Kubernetes cluster through one kubeconfig context, as plans are made of it: it is read, and writes are
 * rehearsed. Failures carry `kubernetes.unauthorized`, `.forbidden`,
 * `.terminating`, `.quota`, `.conflict`, `.already-exists`, `.invalid`, `.not-found`, `.namespace-not-found`,
 * `.unreachable`, `.untrusted-certificate`, `.timed-out`, `.busy` or `.failed`.
 */
export interface Cluster {
  readonly context: string;
  /** UID of the namespace kube-system; undefined when it may not be read. */
  kubeSystemUid(signal: AbortSignal): Promise<string | undefined>;
  findNamespace(name: string, signal: AbortSignal): Promise<NamespaceObject | undefined>;
  /** Those that carry the labels; all for an empty selector. */
  listNamespaces(labelSelector: string, signal: AbortSignal): Promise<readonly NamespaceObject[]>;
  /** Whether the caller has a right in every namespace that there is or will be; false where that cannot be told. */
  mayEverywhere(
    verb: "get" | "create" | "patch",
    resource: "secrets" | "namespaces",
    signal: AbortSignal,
  ): Promise<boolean>;
  findSecret(namespace: string, name: string, signal: AbortSignal): Promise<PullSecret | undefined>;
  /** Secrets of every namespace that carry the label; undefined when they may not be listed cluster-wide. */
  listSecrets(labelSelector: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Those of every namespace that have the name; undefined when they may not be listed cluster-wide. */
  listSecretsNamed(name: string, signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  /** Those of one namespace; undefined when they may not be listed there. */
  listSecretsIn(
    namespace: string,
    labelSelector: string,
    signal: AbortSignal,
  ): Promise<readonly PullSecret[] | undefined>;
  /**
   * Every pull secret (`kubernetes.io/dockerconfigjson`, and `kubernetes.io/dockercfg` before it) of every namespace,
   * whoever wrote it; undefined when they may not be listed cluster-wide.
   */
  listPullSecrets(signal: AbortSignal): Promise<readonly PullSecret[] | undefined>;
  findServiceAccount(
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<ServiceAccountObject | undefined>;
  /** Their names; none where the namespace does not exist. */
  listServiceAccounts(namespace: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Them with their pull secrets; none where the namespace does not exist. */
  listAccountLinks(namespace: string, signal: AbortSignal): Promise<readonly ServiceAccountObject[]>;
  /** Those of every namespace; undefined when they may not be listed cluster-wide. */
  listAllAccountLinks(signal: AbortSignal): Promise<readonly ServiceAccountObject[] | undefined>;
  /** None where the namespace does not exist. */
  listPods(namespace: string, signal: AbortSignal): Promise<readonly PodObject[]>;
  /** The cluster's clock by its newest answer; this machine's before the first. */
  serverTime(): Date;
  readonly rehearsal: ClusterRehearsal;
}

/** A secret that is to be made. */
type NewSecret = { readonly namespace: string; readonly name: string; readonly type: string } & SecretChange;
/** A secret in the version that is to be changed. */
type KnownSecret = Pick<SecretObject, "namespace" | "name" | "resourceVersion">;
/** A service account in the version that is to be changed. */
type KnownAccount = Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">;

/**
 * What a cluster would say to each of its writes: everything is checked and nothing is kept. They fail as the writes
 * do, and with `kubernetes.already-exists` or `kubernetes.not-found` also where a write is content.
 */
export interface ClusterRehearsal {
  /** By this alone what writes, under the same names, does not pass for a rehearsal. */
  readonly rehearses: true;
  createNamespace(name: string, signal: AbortSignal): Promise<void>;
  createSecret(secret: NewSecret, signal: AbortSignal): Promise<void>;
  patchSecret(secret: KnownSecret, change: SecretChange, signal: AbortSignal): Promise<void>;
  deleteSecret(secret: KnownSecret & Pick<SecretObject, "uid">, signal: AbortSignal): Promise<void>;
  patchServiceAccount(
    account: KnownAccount,
    imagePullSecrets: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
}

/** A cluster to carry a plan out in. What makes a plan has a `Cluster`, which cannot write. */
export interface WritableCluster extends Cluster {
  /** Fine when it is there already. */
  createNamespace(name: string, signal: AbortSignal): Promise<void>;
  createSecret(secret: NewSecret, signal: AbortSignal): Promise<PullSecret>;
  /** Changes it in place, and only if it still has this resource version. */
  patchSecret(secret: KnownSecret, change: SecretChange, signal: AbortSignal): Promise<PullSecret>;
  /**
   * Fine when it is gone.
   * @returns what stands of it: it goes when its finalizers are done; undefined: it is gone
   * @throws ActionableError `kubernetes.conflict` unless it is still the same one, in this version
   */
  deleteSecret(
    secret: KnownSecret & Pick<SecretObject, "uid">,
    signal: AbortSignal,
  ): Promise<PullSecret | undefined>;
  /** Replaces the list of pull secrets, and only if the account still has this resource version. */
  patchServiceAccount(
    account: KnownAccount,
    imagePullSecrets: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
}

/** Pods, nodes and links, beside the secrets: what `verify` reads of a cluster. It writes nothing. */
export interface ClusterReads extends Pick<
  Cluster,
  "context" | "findNamespace" | "listNamespaces" | "findSecret" | "listPullSecrets" | "serverTime"
> {
  /** The host of its API server. */
  readonly apiHost: string;
  /** Pull secrets of one namespace, of both types; none where the namespace does not exist. */
  listPullSecretsIn(namespace: string, signal: AbortSignal): Promise<readonly PullSecret[]>;
  /** Service accounts with their pull secrets; none where the namespace does not exist. */
  listAccountLinks(namespace: string, signal: AbortSignal): Promise<readonly ServiceAccountObject[]>;
  /** Those of every namespace; undefined when they may not be listed cluster-wide. */
  listAllAccountLinks(signal: AbortSignal): Promise<readonly ServiceAccountObject[] | undefined>;
  listPods(namespace: string, signal: AbortSignal): Promise<readonly PodObject[]>;
  findPod(namespace: string, name: string, signal: AbortSignal): Promise<PodObject | undefined>;
  /** What happened to one pod, in no order. */
  listPodEvents(namespace: string, pod: string, signal: AbortSignal): Promise<readonly PodEvent[]>;
  listNodes(signal: AbortSignal): Promise<readonly NodePlatform[]>;
}

/** Registries with how they can be reached. */
export interface RegistryReads {
  /** One by its resource id; undefined when there is none. */
  readAccess(
    reference: RegistryReference & { kind: "resource-id" },
    signal: AbortSignal,
  ): Promise<AccessedRegistry | undefined>;
  /** Every one that the caller sees; throws like Registries.listRegistries. */
  listAccess(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<AccessedRegistry>>;
}

/** Roles as they are held. */
export interface RoleReads {
  /** On the registry or above it, by the principal itself or by a group that it is a member of. */
  listHeldAssignments(
    registryId: string,
    principalId: string,
    signal: AbortSignal,
  ): Promise<readonly RoleAssignment[]>;
  /** Undefined when there is no such role any more. */
  findRole(roleDefinitionId: string, signal: AbortSignal): Promise<RolePermissions | undefined>;
}

/** An application and its principal, by the application's id. */
export type PrincipalReads = Pick<
  Directory,
  "findServicePrincipal" | "passwordPolicy" | "findApplications" | "findApplicationByAppId"
>;

/** A registry's data plane, beside the proof: what time it is there, and what its images run on. */
export interface RegistryLooks extends Pick<PullProof, "tryPull"> {
  /**
   * One anonymous request.
   * @returns how far the registry's clock is ahead of this machine's, in milliseconds; undefined when it does not tell
   * @throws like tryPull
   */
  look(loginServer: string, signal: AbortSignal): Promise<{ readonly clockAheadMs: number | undefined }>;
  /** What an image can run on, as `linux/amd64`; undefined where that cannot be read. Throws like tryPull. */
  findPlatforms(
    loginServer: string,
    credential: PullCredential,
    image: ProofImage,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined>;
}

/** Time, to wait in and to compare with. */
export interface Clock {
  now(): Date;
  /** Resolves after that many milliseconds; rejects when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** One cluster that was chosen, with the namespace its context names. */
export interface ClusterTarget {
  readonly cluster: Cluster;
  readonly defaultNamespace: string;
}

/** One that may be written to. */
export interface WritableClusterTarget extends ClusterTarget {
  readonly cluster: WritableCluster;
}

/** What a flow works with, and its clusters to be written to: for what carries a plan out. */
export type Writing<Ports extends { readonly clusters: readonly ClusterTarget[] }> = Omit<
  Ports,
  "clusters"
> & {
  readonly clusters: readonly WritableClusterTarget[];
};

/** This process, as other runs on this machine can look it up. */
export interface ProcessIdentity {
  readonly host: string;
  /** Changes when the machine starts anew. */
  readonly boot: string;
  /** Which processes a process number counts among: containers of one machine may share all else. Undefined: all. */
  readonly pidNamespace: string | undefined;
  readonly pid: number;
  /** When it started, as its system says it; undefined where that is not told. */
  readonly start: string | undefined;
  /**
   * Whether a process of the same process numbers is still there.
   * @param start when it started: another one may have its number by now; undefined: not known
   */
  isAlive(pid: number, start: string | undefined): boolean;
}
