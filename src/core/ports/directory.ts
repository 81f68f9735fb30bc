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
 * Applications, service principals and their keys, by Microsoft Graph.
 *
 * Every read may be stale. The directory has many replicas, a request meets any of them, and each learns of a write in
 * its own time, most within seconds, some after minutes. So one answer proves little: something just made may be
 * missing, something just removed may still be shown. core/patience.ts says how long an answer is not believed. A
 * method that does not say that it waits answers with what one replica says.
 */

/** What the access token says of the caller. Nothing is asked of the directory. */
export interface CallerRights {
  /** Azure's clock by its newest answer, of the directory or of the sign-in; undefined before the first. */
  serverTime(): Date | undefined;
  caller(signal: AbortSignal): Promise<Caller>;
  /** `unknown` where the token does not tell: most tenants let every member register applications. */
  mayRegisterApplications(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  /** Whether the caller may change every application of the tenant, not only those it owns. */
  mayChangeAllApplications(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
  /** Whether the caller may add owners to an application that it owns. */
  mayAddOwners(signal: AbortSignal): Promise<"yes" | "no" | "unknown">;
}

/** Finds applications by what is known of them. */
export interface ApplicationSearch {
  readApplication(objectId: string, signal: AbortSignal): Promise<Application | undefined>;
  findApplicationByUniqueName(uniqueName: string, signal: AbortSignal): Promise<Application | undefined>;
  /** One request: no other kind of id is tried. */
  findApplicationByAppId(appId: string, signal: AbortSignal): Promise<Application | undefined>;
  /** All matches by application id, object id (of the application or its principal) or exact display name. */
  findApplications(reference: string, signal: AbortSignal): Promise<readonly Application[]>;
  /**
   * At most 20 applications whose display name begins with the text, in any letter case, sorted by name. An empty text
   * matches any 20; a GUID matches as in findApplications.
   */
  searchApplications(text: string, signal: AbortSignal): Promise<readonly ApplicationSummary[]>;
  /** Every application with the tag, in no order. */
  listApplicationsTagged(tag: string, signal: AbortSignal): Promise<readonly Application[]>;
}

/** What a new application is made of. */
export interface NewApplication {
  readonly uniqueName: string;
  readonly displayName: string;
  readonly tags: readonly string[];
  readonly serviceManagementReference?: string | undefined;
}

/** The application that holds a unique name after an attempt to register one. */
export interface RegisteredApplication {
  readonly application: Application;
  /** Whether it was made just now. */
  readonly created: boolean;
  /** The same application if it is among the deleted ones: it has to be restored. */
  readonly deleted?: Application & Certified;
}

/** Registers applications. */
export interface ApplicationRegistration {
  /**
   * Upserts by unique name (`Prefer: create-if-missing`). Call it only after a 404, because it would change an
   * application that exists. `created: false` means that one turned up in the meantime, perhaps by an earlier try
   * whose answer was lost: check whose it is. Waits until the application can be read.
   * @throws ActionableError `directory.unique-name-taken` if the holder of the name cannot be seen
   */
  createApplication(application: NewApplication, signal: AbortSignal): Promise<RegisteredApplication>;
}

/** Why a deleted application could not be deleted for good, and where it is. */
export interface LeftDeleted {
  readonly url: string;
  readonly because: ActionableError;
}

/** Deletes applications. A deleted one keeps its unique name for 30 days and can be restored. */
export interface ApplicationRemoval {
  /**
   * Deletes the application with its service principal, for good if that is allowed. Succeeds if it is already gone.
   * Waits about a minute for replicas that still show it, so that a search for its name does not find it.
   * @param onDeleted called once it is deleted, before it is deleted for good
   * @returns undefined if it is gone for good
   * @throws ActionableError `directory.application-lingers` if the directory says that there is none to delete, but
   *   replicas keep showing it
   */
  removeApplication(
    objectId: string,
    signal: AbortSignal,
    onDeleted?: () => void,
  ): Promise<LeftDeleted | undefined>;
  /** Undefined also if the caller may not list deleted applications: `Application.ReadWrite.OwnedBy` is not enough. */
  findDeletedApplication(
    uniqueName: string,
    signal: AbortSignal,
  ): Promise<(Application & Certified) | undefined>;
  /** Waits two seconds for a replica that knows of the deletion. Succeeds if it is already restored. */
  restoreApplication(objectId: string, signal: AbortSignal): Promise<void>;
  /**
   * Deletes a deleted application for good if it has the unique name. A caller who may not read deleted applications
   * may still delete its own for good, so it tries without looking: only deleted ones can be affected.
   * @returns undefined if there is no such deleted application any more
   */
  purgeApplication(
    objectId: string,
    uniqueName: string,
    signal: AbortSignal,
  ): Promise<LeftDeleted | undefined>;
}

/**
 * Who else controls a known application or principal. Each waits ten seconds for a replica that knows the object.
 * Certificates are asked for rarely: a tenant gets 150 such requests a minute.
 */
export interface Ownership {
  listOwners(objectId: string, signal: AbortSignal): Promise<readonly Owner[]>;
  /** Owners of a service principal: they may add a password to it. */
  listPrincipalOwners(objectId: string, signal: AbortSignal): Promise<readonly Owner[]>;
  /** Succeeds if it is an owner already. */
  addOwner(objectId: string, ownerId: string, signal: AbortSignal): Promise<void>;
  countFederatedCredentials(objectId: string, signal: AbortSignal): Promise<number>;
  countCertificates(objectId: string, signal: AbortSignal): Promise<number>;
  countPrincipalCertificates(objectId: string, signal: AbortSignal): Promise<number>;
}

/** Service principals of applications. */
export interface ServicePrincipals {
  findServicePrincipal(appId: string, signal: AbortSignal): Promise<ServicePrincipal | undefined>;
  /**
   * The service principals among these object ids, in no order, whose application is registered in this tenant. Users,
   * groups, managed identities, applications of other tenants and unknown ids are left out.
   */
  findServicePrincipals(
    objectIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ServicePrincipalSummary[]>;
  /**
   * Makes the principal, or reads the one that exists.
   * @returns undefined while the replica does not know the application, or the principal, yet: ask again
   */
  createServicePrincipal(
    appId: string,
    signal: AbortSignal,
  ): Promise<(ServicePrincipal & Certified) | undefined>;
}

/** Passwords of applications. */
export interface Passwords {
  /**
   * Sends one request only; refusals by 429 are repeated, because they did nothing.
   * @throws OutcomeUnknownError if the answer was lost: the key may exist
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
   * @throws ActionableError `directory.key-lingers` if the directory says that there is no such key, but replicas keep
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
