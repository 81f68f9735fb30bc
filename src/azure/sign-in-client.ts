import type { PipelineResponse } from "@azure/core-rest-pipeline";
import type { SignIn } from "../core/ports.ts";
import { serverNow } from "../domain/retry.ts";
import type { SecretText } from "../domain/secret-text.ts";
import { urlPart } from "../domain/url-part.ts";
import { perform } from "./azure-errors.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { parsedRecord, text } from "./json-fields.ts";
import { ServiceFailure } from "./service-failure.ts";
import {
  entraDescription,
  entraReason,
  isBusy,
  refusalOfTheTenant,
  type EntraReason,
  type SignInAttempt,
} from "./sign-in-errors.ts";
import type { ShownPrincipal, TokenSource } from "./token-source.ts";

/**
 * Posts the sign-in form of a service principal and returns whatever Entra answers. A password that is to be proven
 * needs this: the SDK's credentials repeat a remembered refusal for a while without asking. They would also fetch a
 * discovery document first in a cloud that is not Microsoft's own.
 * Form: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * @throws ExchangeError if no complete answer comes
 */
function requestToken(
  {
    tenant,
    appId,
    scope,
    claims,
    ...shown
  }: ShownPrincipal & { readonly scope: string; readonly claims?: string | undefined },
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

/** The audience of every registry, in every cloud. */
const registryScope = "https://containerregistry.azure.net/.default";
const resourceUnknown = 500_011;
const passwordExpired = 7_000_222;

/**
 * Signs in to Entra with an application's password.
 * @param tenantOf finds the tenant of the application
 */
export function createSignInClient(
  cloud: Cloud,
  http: AzureHttp,
  tenantOf: (signal: AbortSignal) => Promise<string>,
): SignIn {
  let scope = registryScope;

  /** Why Entra refuses, and when, according to its own clock; undefined if it accepts the password. */
  async function ask(
    appId: string,
    password: SecretText,
    signal: AbortSignal,
  ): Promise<(EntraReason & { readonly at: Date }) | undefined> {
    const tenant = await tenantOf(signal);
    const answer = await requestToken({ tenant, appId, password, scope }, cloud, http, signal);
    if (answer.status === 200) return undefined;
    const reason = isBusy(answer.status) ? undefined : entraReason(entraDescription(answer.bodyAsText));
    if (!reason) throw new ServiceFailure(answer.status, answer.headers, undefined);
    return { ...reason, at: new Date(serverNow(answer.headers.get("date"))) };
  }

  return {
    signIn: (appId, password, signal) =>
      perform({ doing: `sign in as ${appId}`, area: "directory" }, signal, async () => {
        let reason = await ask(appId, password, signal);
        if (reason?.number === resourceUnknown && scope === registryScope) {
          // A tenant where nobody used the registries' newer sign-in does not know that audience. All know this one.
          scope = cloud.resourceManagerScope;
          reason = await ask(appId, password, signal);
        }
        if (!reason) return { kind: "accepted" };
        const refusal = refusalOfTheTenant(reason);
        if (refusal) throw refusal;
        const { number, sentence, at } = reason;
        return { kind: "refused", reason: sentence, expired: number === passwordExpired, at, number };
      }),
  };
}
