import type { SignIn } from "../core/ports.ts";
import { serverNow } from "../domain/retry.ts";
import type { SecretText } from "../domain/secret-text.ts";
import { perform } from "./azure-errors.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { requestToken } from "./principal-token.ts";
import { ServiceFailure } from "./service-failure.ts";
import {
  entraDescription,
  entraReason,
  isBusy,
  refusalOfTheTenant,
  type EntraReason,
} from "./sign-in-errors.ts";

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
