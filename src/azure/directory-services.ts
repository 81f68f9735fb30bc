import { ActionableError } from "../domain/errors.ts";
import { azureError } from "./azure-errors.ts";
import { createAzureHttp, type AzureHttp } from "./azure-http.ts";
import { loginServerBelongsTo, resolveCloud, trustedHosts, type Cloud, type FetchJson } from "./cloud.ts";
import { createCredential, type CredentialOptions } from "./credential.ts";
import { createDirectoryClient } from "./directory-client.ts";
import { readAnswer, ServiceFailure } from "./service-failure.ts";
import { createSignInClient } from "./sign-in-client.ts";
import { callerOf } from "./token-claims.ts";

/** How to reach Azure. */
export interface AzureOptions extends Pick<
  CredentialOptions,
  "auth" | "tenant" | "subscription" | "env" | "onDeviceCode"
> {
  /** A name, or the URL of a Resource Manager; undefined is AzureCloud. */
  readonly cloud: string | undefined;
  /** Called with the hosts that are trusted with the sign-in, if the cloud is not Microsoft's own. */
  readonly onForeignHosts?: (hosts: readonly string[]) => void;
  /** Limits each wait for a service, including retries; in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Sent with each request; a UUID. */
  readonly operationId?: string;
}

/**
 * Opens the part of a cloud that needs no Resource Manager: the directory and the sign-in. Both share the caller's
 * sign-in and one pool of connections. Costs a request only for a cloud that is not Microsoft's own.
 * @param scopesNeeded the scopes of the tokens that are needed anyway; the tenant is read from the first
 * @throws ActionableError as resolveCloud does
 */
export async function openDirectory(
  options: AzureOptions,
  signal: AbortSignal,
  http: AzureHttp = createAzureHttp({ ...options, variables: options.env }),
  scopesNeeded: (cloud: Cloud) => readonly [string, ...string[]] = (cloud) => [cloud.graphScope],
) {
  const cloud = await resolveCloud(options.cloud, jsonFetcher(http), signal);
  const hosts = cloud.isWellKnown ? [] : trustedHosts(cloud);
  if (hosts.length > 0) options.onForeignHosts?.(hosts);
  const scopes = scopesNeeded(cloud);
  const credential = createCredential({ ...options, cloud, http, ahead: { scopes, signal } });
  const tenantOf = async (signal: AbortSignal) =>
    options.tenant ?? callerOf(await credential.claims(scopes[0], signal)).tenantId;
  return {
    cloud,
    credential,
    asksPerson: credential.asksPerson,
    directory: createDirectoryClient(cloud, credential, http),
    signIn: createSignInClient(cloud, http, tenantOf),
    /** Whether a credential may be sent there. */
    ownsLoginServer: (loginServer: string) => loginServerBelongsTo(cloud, loginServer),
  };
}

function jsonFetcher(http: AzureHttp): FetchJson {
  return async (url, signal) => {
    const task = { doing: `ask ${url} for the cloud's services`, area: "registries" } as const;
    try {
      const request = {
        method: "GET",
        url,
        headers: { accept: "application/json" },
        repeatable: true,
      } as const;
      const { status, headers, bodyAsText } = await http.send(request, signal);
      if (status !== 200) throw new ServiceFailure(readAnswer(status, headers, bodyAsText ?? undefined));
      return JSON.parse(bodyAsText ?? "") as unknown;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SyntaxError)) throw azureError(error, task);
      throw new ActionableError(`Could not ${task.doing}: the answer is not JSON.`, {
        code: "azure.bad-metadata",
        hint: "Check that --cloud is the address of an Azure Resource Manager.",
      });
    }
  };
}
