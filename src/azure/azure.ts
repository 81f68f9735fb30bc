import { ActionableError } from "../domain/errors.ts";
import { azureError } from "./azure-errors.ts";
import { createAzureHttp, type AzureHttp } from "./azure-http.ts";
import { resolveCloud, type FetchJson } from "./cloud.ts";
import { createCredential, type CredentialOptions } from "./credential.ts";
import { createDirectoryClient } from "./directory-client.ts";
import { createRegistryResourceClient } from "./registry-resource-client.ts";
import { createRoleClient } from "./role-client.ts";
import { readAnswer, ServiceFailure } from "./service-failure.ts";
import { createSignInClient } from "./sign-in-client.ts";
import { callerOf } from "./token-claims.ts";

/** How to reach Azure. */
export interface AzureOptions extends Pick<CredentialOptions, "auth" | "tenant" | "env" | "onDeviceCode"> {
  /** A name or the URL of a Resource Manager; undefined is AzureCloud. */
  readonly cloud: string | undefined;
  /** Bounds each wait for a service, tries included; in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/**
 * All clients of one cloud, sharing one sign-in and one pool of connections. Costs a request only for a cloud that is
 * not Microsoft's own.
 * @throws ActionableError as resolveCloud does
 */
export async function openAzure(
  options: AzureOptions,
  signal: AbortSignal,
  http: AzureHttp = createAzureHttp(undefined, options.timeoutMs),
) {
  const cloud = await resolveCloud(options.cloud, jsonFetcher(http), signal);
  const credential = createCredential({ ...options, cloud, http });
  // Resource Manager's token is needed in any case, Graph's is not.
  const tenantOf = async (signal: AbortSignal) =>
    options.tenant ?? callerOf(await credential.claims(cloud.resourceManagerScope, signal)).tenantId;
  return {
    cloud,
    credential,
    registries: createRegistryResourceClient(cloud, credential, http),
    roles: createRoleClient(cloud, credential, http),
    directory: createDirectoryClient(cloud, credential, http),
    signIn: createSignInClient(cloud, http, tenantOf),
  };
}

function jsonFetcher(http: AzureHttp): FetchJson {
  return async (url, signal) => {
    const undertaking = { doing: `ask ${url} for the cloud's services`, area: "registries" } as const;
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
      if (!(error instanceof SyntaxError)) throw azureError(error, undertaking);
      throw new ActionableError(`Could not ${undertaking.doing}: the answer is no JSON.`, {
        code: "azure.bad-metadata",
        hint: "Check that --cloud is the address of an Azure Resource Manager.",
      });
    }
  };
}
