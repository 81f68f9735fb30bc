import type { SecretText } from "./secret-text.ts";

/** One password of an application, as Graph lists it: never its text. */
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
  /** When it was made; absent where the directory does not say. */
  readonly createdAt?: Date | undefined;
}

/**
 * What is asked for where it decides whose an application or a principal is, and nowhere else: the directory lets a whole
 * tenant ask for it 150 times a minute.
 */
export interface Certified {
  /** How many certificates sign in as it. */
  readonly certificates: number;
}

/** What it takes to tell an application from others. */
export type ApplicationSummary = Pick<Application, "objectId" | "appId" | "displayName">;

/** An owner of an application: a user or a service principal. */
export interface Owner {
  readonly objectId: string;
  /** `unknown` where Graph does not say. */
  readonly kind: "user" | "service-principal" | "unknown";
  readonly displayName: string | undefined;
}

/**
 * An Entra service principal: the application's identity in this tenant, which holds roles. It has passwords and
 * owners of its own, which sign in and rule like those of the application.
 */
export interface ServicePrincipal {
  readonly objectId: string;
  readonly appId: string;
  readonly displayName: string;
  readonly passwords: readonly PasswordCredential[];
  /** Whether it may sign in at all: somebody can switch it off. */
  readonly enabled: boolean;
}

/** What it takes to tell a service principal from others. */
export type ServicePrincipalSummary = Pick<ServicePrincipal, "objectId" | "appId" | "displayName">;

/** A password just made: the only moment its text is known. */
export interface NewPassword {
  readonly keyId: string;
  readonly secret: SecretText;
  readonly endDateTime: Date;
}

/** How the caller signs in to Azure. */
export type AuthMethod =
  "cli" | "environment" | "workload-identity" | "managed-identity" | "device-code" | "browser";

/** What `--auth` says: a method, or to find out which one fits. */
export type AuthChoice = "auto" | AuthMethod;

/** Who is signed in, as far as the access token says. */
export interface Caller {
  readonly objectId: string;
  readonly kind: "user" | "service-principal";
  /** User name, or the application id of a service principal. */
  readonly name: string;
  readonly tenantId: string;
}
