import type { SecretText } from "./secret-text.ts";

/** A password of an application, as Graph lists it: never its text. */
export interface PasswordCredential {
  readonly keyId: string;
  readonly displayName: string | undefined;
  readonly startDateTime: Date | undefined;
  readonly endDateTime: Date | undefined;
  /** The first three characters of the text. */
  readonly hint: string | undefined;
}

/** An Entra application registration. */
export interface Application {
  readonly objectId: string;
  readonly appId: string;
  readonly displayName: string;
  readonly uniqueName: string | undefined;
  readonly tags: readonly string[];
  readonly passwords: readonly PasswordCredential[];
  /** When it was made; absent if the directory does not say. */
  readonly createdAt?: Date | undefined;
}

/**
 * Asked for only if it decides whose an application or a principal is, because a whole tenant may send only 150 of
 * these requests a minute.
 */
export interface Certified {
  /** How many certificates sign in as it. */
  readonly certificates: number;
}

/** What identifies an application to a person. */
export type ApplicationSummary = Pick<Application, "objectId" | "appId" | "displayName">;

/** An owner of an application: a user or a service principal. */
export interface Owner {
  readonly objectId: string;
  /** `unknown` if Graph does not say. */
  readonly kind: "user" | "service-principal" | "unknown";
  readonly displayName: string | undefined;
}

/**
 * An Entra service principal: the application's identity in this tenant, which holds roles. It has its own passwords
 * and owners, with the same powers as those of the application.
 */
export interface ServicePrincipal {
  readonly objectId: string;
  readonly appId: string;
  readonly displayName: string;
  readonly passwords: readonly PasswordCredential[];
  /** Whether it may sign in at all: an administrator can disable it. */
  readonly enabled: boolean;
}

/** What identifies a service principal to a person. */
export type ServicePrincipalSummary = Pick<ServicePrincipal, "objectId" | "appId" | "displayName">;

/** A password that was just made: its text cannot be read again. */
export interface NewPassword {
  readonly keyId: string;
  readonly secret: SecretText;
  readonly endDateTime: Date;
}

/** How a caller can sign in to Azure. */
export const authMethods = [
  "cli",
  "environment",
  "workload-identity",
  "managed-identity",
  "github",
  "azure-pipelines",
  "device-code",
  "browser",
] as const;
export type AuthMethod = (typeof authMethods)[number];

/** What `--auth` says: a method, or `auto` to choose one that fits. */
export type AuthChoice = "auto" | AuthMethod;

/** Who is signed in, according to the access token. */
export interface Caller {
  readonly objectId: string;
  readonly kind: "user" | "service-principal";
  /** User name, or the application id of a service principal. */
  readonly name: string;
  readonly tenantId: string;
}
