import type { PipelineResponse } from "@azure/core-rest-pipeline";
import type { SecretText } from "../domain/secret-text.ts";
import { urlPart } from "../domain/url-part.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";

/** A service principal's sign-in with its password, for one audience. */
export interface TokenRequest {
  /** Id or domain. */
  readonly tenant: string;
  readonly appId: string;
  readonly password: SecretText;
  readonly scope: string;
  /** What the token has to satisfy beside, as a service demanded it. */
  readonly claims?: string | undefined;
}

/**
 * Posts the form of a sign-in by password, and hands on whatever Entra answers. The SDK's credential would ask for the
 * discovery document first, each time, and it remembers refusals and repeats them for a while without asking.
 * Form: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * @throws ExchangeError when no whole answer came
 */
export function requestToken(
  { tenant, appId, password, scope, claims }: TokenRequest,
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
      // Asking for a token twice gives two tokens, which does no harm.
      repeatable: true,
    },
    signal,
  );
}
