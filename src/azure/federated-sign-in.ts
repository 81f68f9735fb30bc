import type { SecretText } from "../domain/secret-text.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { federationError } from "./federation-errors.ts";
import { entraDescription, entraReason } from "./sign-in-errors.ts";
import { principalSource, type FailedTokenRequest } from "./token-request.ts";
import type { TokenSource } from "./token-source.ts";
import type { Workload } from "./workload.ts";

/**
 * Gets tokens for a workload. Each request presents a new token of the workload's own, so a life of a few minutes is
 * enough.
 * @param onFailure called for each failed request
 */
export function federatedSource(
  { method, tenant, appId, token }: Workload,
  cloud: Cloud,
  http: AzureHttp,
  onFailure: (failure: FailedTokenRequest) => void,
): TokenSource {
  return async (scope, claims, signal) => {
    let assertion: SecretText | undefined;
    let failure: FailedTokenRequest | undefined;
    const show = async () => {
      assertion = await token(signal);
      return { tenant, appId, assertion };
    };
    const source = principalSource(show, cloud, http, (last) => {
      failure = last;
      onFailure(last);
    });
    try {
      return await source(scope, claims, signal);
    } catch (error) {
      if (!assertion || !failure || failure instanceof ExchangeError) throw error;
      const reason = entraReason(entraDescription(failure.bodyAsText));
      const presented = { token: assertion, appId };
      const attempt = { method, presented, audience: cloud.federationAudience };
      throw (reason && federationError(reason, attempt, error)) ?? error;
    }
  };
}
