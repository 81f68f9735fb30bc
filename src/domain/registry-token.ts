import { decodeJwt, errors } from "jose";
import type { PullCredential } from "./docker-config.ts";

/*
 * What others write into pull secrets in place of a password: a token of a registry, which lives for hours. `az acr login
 * --expose-token`, External Secrets and msi-acrpull write such.
 * Source: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 */

/** The user name that a token signs in by. */
const tokenUser = "00000000-0000-0000-0000-000000000000";

/** What a token says about itself. Only its registry can verify it, but its holder may read it. */
export interface RegistryToken {
  readonly issuedAt: Date | undefined;
  /** Undefined where it does not say. */
  readonly expiresAt: Date | undefined;
  /** The login server that it is for, in lower case. */
  readonly audience: string | undefined;
}

/** Whether the user name says that the password is a token. */
export function isTokenUser({ username }: Pick<PullCredential, "username">): boolean {
  return username === tokenUser;
}

/** The token that a credential holds; undefined where what it holds is not one. */
export function registryTokenIn({ password }: Pick<PullCredential, "password">): RegistryToken | undefined {
  try {
    const { iat, exp, aud } = decodeJwt(password.reveal());
    const [audience] = [aud].flat();
    return { issuedAt: timeOf(iat), expiresAt: timeOf(exp), audience: audience?.toLowerCase() };
  } catch (error) {
    // What is wrong with it quotes it.
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function timeOf(seconds: unknown): Date | undefined {
  const time = typeof seconds === "number" ? new Date(seconds * 1000) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}
