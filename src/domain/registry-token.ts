import { decodeJwt, errors } from "jose";
import type { PullCredential } from "./docker-config.ts";

/*
 * A registry's token, which lives for hours. Others write one into a pull secret instead of a password: `az acr login
 * --expose-token`, External Secrets and msi-acrpull do.
 * Source: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */

/** The user name that a token signs in with. */
const tokenUser = "00000000-0000-0000-0000-000000000000";

/** What a token says about itself. Only its registry can verify it, but its holder may read it. */
export interface RegistryToken {
  /** Undefined if the token does not say. */
  readonly expiresAt: Date | undefined;
  /** The login server that it is for, in lower case. */
  readonly audience: string | undefined;
}

/** Whether the user name says that the password is a token. */
export function isTokenUser({ username }: Pick<PullCredential, "username">): boolean {
  return username === tokenUser;
}

/** The token that a credential holds; undefined if it does not hold one. */
export function registryTokenIn({ password }: Pick<PullCredential, "password">): RegistryToken | undefined {
  try {
    const { exp, aud } = decodeJwt(password.reveal());
    const [audience] = [aud].flat();
    return { expiresAt: timeOf(exp), audience: audience?.toLowerCase() };
  } catch (error) {
    // The error quotes the token, so it is not passed on.
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function timeOf(seconds: unknown): Date | undefined {
  const time = typeof seconds === "number" ? new Date(seconds * 1000) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}
