import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { SecretText } from "../domain/secret-text.ts";
import { urlPart } from "../domain/url-part.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { parsedRecord, text } from "./json-fields.ts";
import type { TokenSource } from "./token-source.ts";

/** A service principal and its password. */
export interface PrincipalPassword {
  /** Id or domain. */
  readonly tenant: string;
  readonly appId: string;
  readonly password: SecretText;
}

/** What a token is asked for. */
interface WantedToken {
  readonly scope: string;
  /** What the token must satisfy, as a service demanded it. */
  readonly claims?: string | undefined;
}

/** How a request for a token failed: Entra refused it, or no whole answer came. */
export type FailedTokenRequest = ExchangeError | PipelineResponse;

/**
 * Posts the form of a sign-in by password and returns whatever Entra answers. The SDK's credential would ask for the
 * discovery document each time, and it repeats remembered refusals for a while without asking.
 * Form: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * @throws ExchangeError if no whole answer came
 */
export function requestToken(
  { tenant, appId, password, scope, claims }: PrincipalPassword & WantedToken,
  { authorityHost }: Pick<Cloud, "authorityHost">,
  http: AzureHttp,
  signal: AbortSignal,
): Promise<PipelineResponse> {
  return http.send(
    {
      method: "POST",
      url: `${authorityHost}/${urlPart(tenant)}/oauth2/v2.0/token`,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: appId,
        client_secret: password.reveal(),
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
 * Tokens for a service principal by its password. Most pipelines sign in this way, so it loads no SDK.
 * @param onFailure told of each failed request
 */
export function passwordSource(
  principal: PrincipalPassword,
  cloud: Cloud,
  http: AzureHttp,
  onFailure: (failure: FailedTokenRequest) => void,
): TokenSource {
  return async (scope, claims, signal) => {
    let answer: PipelineResponse;
    try {
      answer = await requestToken({ ...principal, scope, claims }, cloud, http, signal);
    } catch (error) {
      if (error instanceof ExchangeError) onFailure(error);
      throw error;
    }
    const { access_token: given, expires_in: lifeSeconds } = parsedRecord(answer.bodyAsText);
    const token = text(given);
    if (answer.status !== 200 || token === undefined) {
      onFailure(answer);
      throw new Error(`Entra answered with status ${answer.status} and no token.`);
    }
    return { token, expiresOnTimestamp: Date.now() + Number(lifeSeconds ?? 0) * 1000 };
  };
}
