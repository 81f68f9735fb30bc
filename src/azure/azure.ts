import { azureError } from "./azure-errors.ts";
import { createAzureHttp, type AzureHttp } from "./azure-http.ts";
import { badMetadata, loginServerBelongsTo, resolveCloud, trustedHosts, type Cloud } from "./cloud.ts";
import { createCredential, type CredentialOptions } from "./credential.ts";
import { createDirectoryClient } from "./directory-client.ts";
import { createManagedClusterClient } from "./managed-cluster-client.ts";
import { createRegistryResourceClient } from "./registry-resource-client.ts";
import { createResourceManager } from "./resource-manager.ts";
import { createRoleClient } from "./role-client.ts";
import { ServiceFailure } from "./service-failure.ts";
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
 * Opens all clients of one cloud, which share one sign-in and one pool of connections. Costs a request only for a cloud
 * that is not Microsoft's own.
 * @throws ActionableError as resolveCloud does
 */
export async function openAzure(options: AzureOptions, signal: AbortSignal, http = httpFor(options)) {
  const services = await openDirectory(options, signal, http, (cloud) => [
    cloud.resourceManagerScope,
    cloud.graphScope,
  ]);
  const { cloud, credential } = services;
  const resourceManager = createResourceManager(cloud, credential, http);
  return {
    ...services,
    registries: createRegistryResourceClient(cloud, resourceManager, options.env["AZURE_SUBSCRIPTION_ID"]),
    roles: createRoleClient(resourceManager),
    managedClusters: createManagedClusterClient(resourceManager),
  };
}

/**
 * Opens the part of a cloud that needs no Resource Manager: the directory and the sign-in.
 * @param scopesNeeded the scopes of the tokens that are needed anyway; the tenant is read from the first
 * @throws ActionableError as resolveCloud does
 */
export async function openDirectory(
  options: AzureOptions,
  signal: AbortSignal,
  http = httpFor(options),
  scopesNeeded: (cloud: Cloud) => readonly [string, ...string[]] = (cloud) => [cloud.graphScope],
) {
  const cloud = await resolveCloud(options.cloud, (url) => fetchMetadata(url, http, signal));
  const hosts = cloud.isWellKnown ? [] : trustedHosts(cloud);
  if (hosts.length > 0) options.onForeignHosts?.(hosts);
  const scopes = scopesNeeded(cloud);
  const credential = createCredential({ ...options, cloud, http, ahead: scopes, signal });
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

function httpFor(options: AzureOptions): AzureHttp {
  return createAzureHttp({ ...options, variables: options.env });
}

async function fetchMetadata(url: string, http: AzureHttp, signal: AbortSignal): Promise<unknown> {
  const doing = `ask ${url} for the cloud's services`;
  const headers = { accept: "application/json" };
  try {
    const request = { method: "GET", url, headers, repeatable: true } as const;
    const answer = await http.send(request, signal);
    if (answer.status !== 200) throw new ServiceFailure(answer.status, answer.headers, answer.bodyAsText);
    return JSON.parse(answer.bodyAsText ?? "") as unknown;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SyntaxError) throw badMetadata(`Could not ${doing}: the answer is not JSON.`);
    throw azureError(error, { doing, area: "registries" });
  }
}
