import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { parsedRecord, text } from "./json-fields.ts";
import { requestToken, type TokenRequest } from "./token-request.ts";
import type { TokenSource } from "./token-source.ts";

/**
 * Tokens for a service principal by its password: what signs in most pipelines, and so without loading an SDK for it.
 * @param onFailure told of each request that was refused or got no whole answer
 */
export function passwordSource(
  principal: Pick<TokenRequest, "tenant" | "appId" | "password">,
  cloud: Cloud,
  http: AzureHttp,
  onFailure: (failure: ExchangeError | PipelineResponse) => void,
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
