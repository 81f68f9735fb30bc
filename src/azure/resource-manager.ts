import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { createJsonService, type JsonService } from "./json-service.ts";
import { text } from "./json-fields.ts";

/** The versions of Resource Manager's APIs that are spoken: the newest that all of Microsoft's clouds have. */
export const apiVersion = {
  authorization: "api-version=2022-04-01",
  registries: "api-version=2025-11-01",
  subscriptions: "api-version=2022-12-01",
} as const;

/** Azure Resource Manager of a cloud, signed in as the credential. Source: https://learn.microsoft.com/rest/api/azure/ */
export function createResourceManager(cloud: Cloud, credential: Credential, http: AzureHttp): JsonService {
  const options = { url: cloud.resourceManager, scope: cloud.resourceManagerScope, nextLink: "nextLink" };
  return createJsonService(options, credential, http);
}

/** A subscription, by its id. */
export interface Subscription {
  readonly id: string;
  readonly name: string | undefined;
}

/** Every subscription that the caller sees. */
export async function listSubscriptions(
  resourceManager: JsonService,
  signal: AbortSignal,
): Promise<readonly Subscription[]> {
  const listed = await resourceManager.list(`/subscriptions?${apiVersion.subscriptions}`, signal);
  return listed.flatMap(({ subscriptionId, displayName }) => {
    const id = text(subscriptionId);
    return id === undefined ? [] : [{ id, name: text(displayName) }];
  });
}
