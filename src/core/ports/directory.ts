import type { ActionableError } from "../../domain/errors.ts";
import type {
  Application,
  ApplicationSummary,
  Caller,
  Certified,
  NewPassword,
  Owner,
  ServicePrincipal,
  ServicePrincipalSummary,
} from "../../domain/identity.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";

/*
 * Applications, service principals and their keys, through Microsoft Graph.
 *
 * Every read may be stale. The directory has many replicas, and a request reaches any one of them. Most replicas
 * learn of a write within seconds, some after minutes. So one answer proves little: a new object may be missing, and
 * a removed one may still be shown. core/patience.ts says how long to doubt an answer. A method whose comment does
 * not say that it waits returns the answer of one replica.
 */

/** What the access token says about the caller. Sends no request to the directory. */
export interface CallerRights {
  /** Azure's clock, by the latest response of the directory or of the sign-in; undefined before the first response. */
  serverTime(): Date | undefined;
  caller(signal: AbortSignal): Promise<Caller>;
  /** `unknown` if the token does not say: most tenants let every member register applications. */
  mayRegisterApplications(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  /** Whether the caller may change every application of the tenant, not only those it owns. */
  mayChangeAllApplications(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  /** Whether the caller may add owners to an application that it owns. */
  mayAddOwners(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
}

/** Finds applications by what is known about them. */
export interface ApplicationSearch {
  readApplication(objectId: string, signal: AbortSignal): Promise<Application | undefined>;
  findApplicationByUniqueName(uniqueName: string, signal: AbortSignal): Promise<Application | undefined>;
  /** Sends one request, and tries no other kind of id. */
  findApplicationByAppId(appId: string, signal: AbortSignal): Promise<Application | undefined>;
  /** All matches by application id, object id (of the application or its principal) or exact display name. */
  findApplications(reference: string, signal: AbortSignal): Promise<readonly Application[]>;
  /**
   * At most 20 applications whose display name begins with the text, ignoring case, sorted by name. An empty text
   * matches any 20; a GUID matches as in findApplications.
   */
  searchApplications(text: string, signal: AbortSignal): Promise<readonly ApplicationSummary[]>;
  /** Every application with the tag, in no particular order. */
  listApplicationsTagged(tag: string, signal: AbortSignal): Promise<readonly Application[]>;
}

/** The properties of a new application. */
export interface NewApplication {
  readonly uniqueName: string;
  readonly displayName: string;
  readonly tags: readonly string[];
  readonly serviceManagementReference?: string | undefined;
}

/** The application that holds a unique name after an attempt to register one. */
export interface RegisteredApplication {
  readonly application: Application;
  /** Whether this attempt created it. */
  readonly created: boolean;
  /** The same application, if it is among the deleted ones: it has to be restored. */
  readonly deleted?: Application & Certified;
}

/** Registers applications. */
export interface ApplicationRegistration {
  /**
   * Registers an application with a unique name. It never changes one that exists: `created: false` means that one has
   * the name, perhaps from an earlier attempt whose response was lost. Check whose it is. Waits until that one can be
   * read.
   * @throws ActionableError `directory.unique-name-taken` if the application that has the name cannot be seen
   */
  createApplication(application: NewApplication, signal: AbortSignal): Promise<RegisteredApplication>;
}

/** Why a deleted application could not be deleted permanently, and where it is. */
export interface LeftDeleted {
  readonly url: string;
  readonly because: ActionableError;
}

/** Deletes applications. A deleted one keeps its unique name for 30 days and can be restored. */
export interface ApplicationRemoval {
  /**
   * Deletes the application and its service principal, permanently if that is allowed. Succeeds if it is already
   * gone. Waits about a minute while replicas still show it, so that a search for its name no longer finds it.
   * @param onDeleted called when it is deleted, before it is deleted permanently
   * @returns undefined if it is permanently deleted
   * @throws ActionableError `directory.stale-answer` if the directory says that there is nothing to delete,
   *   but replicas keep showing the application
   */
  removeApplication(
    objectId: string,
    signal: AbortSignal,
    onDeleted?: () => void,
  ): Promise<LeftDeleted | undefined>;
  /** Also undefined if the caller may not list deleted applications: `Application.ReadWrite.OwnedBy` is not enough. */
  findDeletedApplication(
    uniqueName: string,
    signal: AbortSignal,
  ): Promise<(Application & Certified) | undefined>;
  /** Waits up to two seconds for a replica that knows of the deletion. Succeeds if it is already restored. */
  restoreApplication(objectId: string, signal: AbortSignal): Promise<void>;
  /**
   * Permanently deletes a deleted application, if it has the unique name. A caller who may not read deleted
   * applications may still delete its own permanently. So this tries even if the read is refused: only deleted
   * applications can be affected.
   * @returns undefined if no such deleted application is left
   */
  purgeApplication(
    objectId: string,
    uniqueName: string,
    signal: AbortSignal,
  ): Promise<LeftDeleted | undefined>;
}

/**
 * Who else controls an existing application or principal. Each method waits up to ten seconds for a replica that
 * knows the object. Ask for certificates rarely: a tenant gets 150 such requests a minute.
 */
export interface Ownership {
  listOwners(objectId: string, signal: AbortSignal): Promise<readonly Owner[]>;
  /** Owners of a service principal. They may add a password to it. */
  listPrincipalOwners(objectId: string, signal: AbortSignal): Promise<readonly Owner[]>;
  /** Succeeds if it is already an owner. */
  addOwner(objectId: string, ownerId: string, signal: AbortSignal): Promise<void>;
  countFederatedCredentials(objectId: string, signal: AbortSignal): Promise<number>;
  countCertificates(objectId: string, signal: AbortSignal): Promise<number>;
  countPrincipalCertificates(objectId: string, signal: AbortSignal): Promise<number>;
}

/** Service principals of applications. */
export interface ServicePrincipals {
  findServicePrincipal(appId: string, signal: AbortSignal): Promise<ServicePrincipal | undefined>;
  /**
   * The service principals among these object ids whose application is registered in this tenant, in no particular
   * order. Leaves out users, groups, managed identities, applications of other tenants and unknown ids.
   */
  findServicePrincipals(
    objectIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ServicePrincipalSummary[]>;
  /**
   * Creates the principal, or reads the existing one.
   * @returns undefined while the replica does not know the application or the principal yet: ask again
   */
  createServicePrincipal(
    appId: string,
    signal: AbortSignal,
  ): Promise<(ServicePrincipal & Certified) | undefined>;
}

/** Passwords of applications. */
export interface Passwords {
  /**
   * Sends one request. Repeats it only after a 429, which means that nothing was done.
   * @throws OutcomeUnknownError if the response was lost: the key may exist
   * @throws ActionableError `directory.password-lifetime`, `directory.passwords-forbidden`, `directory.forbidden`,
   *   `directory.not-found` while a new application is not known everywhere
   */
  addPassword(
    objectId: string,
    password: { readonly displayName: string; readonly endDateTime: Date },
    signal: AbortSignal,
  ): Promise<NewPassword>;
  /**
   * Succeeds if the key is already gone. Waits about a minute while replicas disagree.
   * @throws ActionableError `directory.stale-answer` if the directory says that there is no such key, but replicas keep
   *   listing it: it was removed a while ago, or it is so new that some replicas do not know it yet
   */
  removePassword(objectId: string, keyId: string, signal: AbortSignal): Promise<void>;
  /**
   * What the tenant's policies say about new passwords. Few callers may read them, so a refusal means `unknown`.
   * @param application undefined for one that does not exist yet
   */
  passwordPolicy(
    application: Pick<Application, "objectId" | "createdAt"> | undefined,
    signal: AbortSignal,
  ): Promise<PasswordPolicy>;
}

/** Everything that the flows do in the directory. */
export interface Directory
  extends
    CallerRights,
    ApplicationSearch,
    ApplicationRegistration,
    ApplicationRemoval,
    Ownership,
    ServicePrincipals,
    Passwords {}

/** What `verify` reads about an application and its principal. */
export type PrincipalReads = Pick<
  Directory,
  "findServicePrincipal" | "passwordPolicy" | "findApplications" | "findApplicationByAppId"
>;
