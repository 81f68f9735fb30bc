import type { PipelineResponse } from "@azure/core-rest-pipeline";
import type { SecretText } from "../domain/secret-text.ts";
import { urlPart } from "../domain/url-part.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { parsedRecord, text } from "./json-fields.ts";
import type { SignInAttempt } from "./sign-in-errors.ts";
import type { TokenSource } from "./token-source.ts";

/** A service principal, and what it shows to sign in: its password, or a token that its application trusts. */
export type ShownPrincipal = {
  /** Id or domain. */
  readonly tenant: string;
  readonly appId: string;
} & ({ readonly password: SecretText } | { readonly assertion: SecretText });

/** The token to ask for. */
interface WantedToken {
  readonly scope: string;
  /** The claims that a service demands of the token. */
  readonly claims?: string | undefined;
}

/**
 * Posts the sign-in form of a service principal and returns whatever Entra answers. A password that is to be proven
 * needs this: the SDK's credentials repeat a remembered refusal for a while without asking. They would also fetch a
 * discovery document first in a cloud that is not Microsoft's own.
 * Form: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * @throws ExchangeError if no complete answer comes
 */
export function requestToken(
  { tenant, appId, scope, claims, ...shown }: ShownPrincipal & WantedToken,
  { authorityHost }: Pick<Cloud, "authorityHost">,
  http: AzureHttp,
  signal: AbortSignal,
): Promise<PipelineResponse> {
  const proof =
    "password" in shown
      ? { client_secret: shown.password.reveal() }
      : {
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: shown.assertion.reveal(),
        };
  return http.send(
    {
      method: "POST",
      url: `${authorityHost}/${urlPart(tenant)}/oauth2/v2.0/token`,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: appId,
        ...proof,
        scope,
        ...(claims !== undefined && { claims }),
      }).toString(),
      // A second request makes a second token, which does no harm.
      repeatable: true,
    },
    signal,
  );
}

/**
 * Gets tokens for a service principal. Most pipelines sign in this way, so it loads no SDK.
 * @param show called before each request: returns what the principal shows
 */
export function principalSource(
  show: (signal: AbortSignal) => Promise<ShownPrincipal>,
  cloud: Cloud,
  http: AzureHttp,
  attempt: SignInAttempt,
): TokenSource {
  return async (scope, claims, signal) => {
    const shown = await show(signal);
    attempt.shown = shown;
    const answer = await requestToken({ ...shown, scope, claims }, cloud, http, signal);
    const { access_token: given, expires_in: lifeSeconds } = parsedRecord(answer.bodyAsText);
    const token = text(given);
    if (answer.status !== 200 || token === undefined) {
      attempt.failure = answer;
      throw new Error(`Entra answered with status ${answer.status} and no token.`);
    }
    return { token, expiresOnTimestamp: Date.now() + Number(lifeSeconds ?? 0) * 1000 };
  };
}
