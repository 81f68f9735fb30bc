import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { AuthMethod } from "../domain/identity.ts";

/*
 * A service that wants more of a sign-in than its token shows answers with claims that a new token has to satisfy:
 * https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */

/**
 * The claims of a token whose holder signed in with multi-factor authentication, as Resource Manager demands them for
 * a person's writes. Source: https://github.com/Azure/azure-cli/pull/31699
 */
export const multiFactorClaims = JSON.stringify({
  access_token: { acrs: { essential: true, values: ["p1"] } },
});

/** What a refusal of a sign-in without multi-factor authentication means. */
export const multiFactorRequired = {
  code: "azure.mfa-required",
  because: "Azure demands multi-factor authentication (MFA) of a person who changes something.",
  hint: "Sign in again with MFA: az logout, then az login.",
  docs: "https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication",
  exitCode: exitCode.notAllowed,
} as const;

/** A challenge that the Azure CLI's login does not satisfy. The person has to sign in again, outside of this program. */
export interface UnmetChallenge {
  readonly method: AuthMethod;
  /** The claims, as JSON. */
  readonly claims: string;
  readonly tenant: string | undefined;
  /** What the token is for; undefined for Resource Manager, which az signs in to anyway. */
  readonly scope: string | undefined;
}

/** The error for a challenge that only `az login` can meet, with the exact command. */
export function unmetChallengeError({ method, claims, tenant, scope }: UnmetChallenge): ActionableError {
  const isMultiFactor = claims.includes('"acrs"');
  const login = [
    "az login",
    ...(tenant === undefined ? [] : [`--tenant ${tenant}`]),
    ...(scope === undefined ? [] : [`--scope ${scope}`]),
    `--claims-challenge ${Buffer.from(claims).toString("base64")}`,
  ].join(" ");
  const { because, ...details } = multiFactorRequired;
  return new ActionableError(
    isMultiFactor ? because : `Azure accepts the sign-in no longer (--auth ${method}).`,
    {
      ...details,
      ...(isMultiFactor
        ? {}
        : {
            code: "azure.not-signed-in",
            docs: "https://learn.microsoft.com/cli/azure/authenticate-azure-cli",
          }),
      hint: `Sign in again${isMultiFactor ? " with MFA" : ""} (needs az 2.76), then run the same command: ${login}`,
    },
  );
}
