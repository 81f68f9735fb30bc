import { decodeJwt, errors } from "jose";
import type { Caller } from "../domain/identity.ts";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { text, texts } from "./json-fields.ts";

/**
 * What an access token says about its holder. Only the service that the token is for can verify it, but its holder may
 * read it.
 * Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export interface TokenClaims {
  readonly oid: string | undefined;
  readonly tid: string | undefined;
  readonly kind: Caller["kind"];
  /** User name, or application id. */
  readonly name: string | undefined;
  /** A principal's application permissions. */
  readonly roles: readonly string[];
  /** Template ids of built-in directory roles; undefined if the token does not have them. */
  readonly directoryRoles: readonly string[] | undefined;
  /** Whether the sign-in included multi-factor authentication; undefined if the token does not say. */
  readonly multiFactor: boolean | undefined;
}

/**
 * Reads a token.
 * @throws ActionableError `azure.not-signed-in` if it cannot be read
 */
export function readClaims(token: string): TokenClaims {
  let claims: Readonly<Record<string, unknown>>;
  try {
    claims = decodeJwt(token);
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new ActionableError("The access token from the sign-in cannot be read.", {
      code: "azure.not-signed-in",
      hint: "Sign in with a work account of the tenant, for example with az login.",
      exitCode: exitCode.notAllowed,
    });
  }
  const appOnly = claims["idtyp"] === "app" || (claims["idtyp"] === undefined && claims["scp"] === undefined);
  const userName = text(claims["upn"]) ?? text(claims["preferred_username"]) ?? text(claims["unique_name"]);
  return {
    oid: text(claims["oid"]),
    tid: text(claims["tid"]),
    kind: appOnly ? "service-principal" : "user",
    name: (appOnly ? undefined : userName) ?? text(claims["appid"]) ?? text(claims["azp"]),
    roles: texts(claims["roles"]),
    directoryRoles: Array.isArray(claims["wids"]) ? texts(claims["wids"]) : undefined,
    multiFactor: multiFactorIn(texts(claims["amr"]), texts(claims["acrs"])),
  };
}

/** Methods: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
function multiFactorIn(methods: readonly string[], contexts: readonly string[]): boolean | undefined {
  if (methods.includes("mfa") || methods.includes("ngcmfa") || contexts.includes("p1")) return true;
  return methods.length > 0 ? false : undefined;
}

/**
 * The caller that a token names.
 * @throws ActionableError `azure.not-signed-in` for a token without object id or tenant (a personal account)
 */
export function callerOf({ oid, tid, kind, name }: TokenClaims): Caller {
  if (oid === undefined || tid === undefined) {
    throw new ActionableError("The signed-in account is not a member of a tenant.", {
      code: "azure.not-signed-in",
      hint: "Sign in with a work account: az login --tenant TENANT.",
      exitCode: exitCode.notAllowed,
    });
  }
  return { objectId: oid, tenantId: tid, kind, name: name ?? oid };
}

// Template ids: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
const administrators = [
  "62e90394-69f5-4237-9190-012177145e10", // Global Administrator
  "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", // Application Administrator
  "158c047a-c907-4556-b7ef-446551a6b5f7", // Cloud Application Administrator
];
const applicationDeveloper = "cf1c38e5-3621-4004-a7cb-879624dced7c";

/** Whether the holder may register applications, as far as its token says. */
export function mayRegister({ kind, roles, directoryRoles }: TokenClaims): "yes" | "no" | "unknown" {
  const permitted =
    roles.some((role) => role === "Application.ReadWrite.All" || role === "Application.ReadWrite.OwnedBy") ||
    (directoryRoles ?? []).some((role) => role === applicationDeveloper || administrators.includes(role));
  if (permitted) return "yes";
  // Most tenants let every member register applications, and no token says so. `AppRegistration.Create` may not be
  // enough to add a password too. Only trying shows it.
  return kind === "user" || roles.includes("AppRegistration.Create") ? "unknown" : "no";
}

/** Whether the holder may change applications that are not its own, as far as its token says. */
export function mayChangeAll({ kind, roles, directoryRoles }: TokenClaims): "yes" | "no" | "unknown" {
  const permitted =
    roles.includes("Application.ReadWrite.All") ||
    (directoryRoles ?? []).some((role) => administrators.includes(role));
  if (permitted) return "yes";
  return kind === "user" && directoryRoles === undefined ? "unknown" : "no";
}

/**
 * Whether the holder may add owners to an application that it owns, as far as its token says. A pipeline needs the
 * right to read the directory in addition to `Application.ReadWrite.OwnedBy`. The documentation contradicts itself
 * about whether the two are enough: https://learn.microsoft.com/graph/api/application-post-owners
 */
export function mayAddOwners({ kind, roles, directoryRoles }: TokenClaims): "yes" | "no" | "unknown" {
  if (roles.includes("Directory.ReadWrite.All")) return "yes";
  if (roles.includes("Directory.Read.All"))
    return roles.includes("Application.ReadWrite.All") ? "yes" : "unknown";
  const hasRole = (directoryRoles ?? []).some((role) => administrators.includes(role));
  return kind === "user" || hasRole ? "unknown" : "no";
}
