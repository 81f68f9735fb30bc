import { usualVersion, versionInstead, type Api } from "./api-versions.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { createJsonService, type JsonService } from "./json-service.ts";
import { text } from "./json-fields.ts";

/** Azure Resource Manager, which speaks one version of an API or another. */
export interface ResourceManager {
  /**
   * Asks in the version that this cloud has: one that it refuses is asked for once a run, for it says which it has.
   * @param ask gets the version, for the query `api-version`, and is called again with another
   */
  speak<T>(api: Api, ask: (service: JsonService, version: string) => Promise<T>): Promise<T>;
}

/** Resource Manager of a cloud, signed in as the credential. Source: https://learn.microsoft.com/rest/api/azure/ */
export function createResourceManager(
  cloud: Cloud,
  credential: Credential,
  http: AzureHttp,
): ResourceManager {
  const options = { url: cloud.resourceManager, scope: cloud.resourceManagerScope, nextLink: "nextLink" };
  const service = createJsonService(options, credential, http);
  const chosen = new Map<Api, string>();
  return {
    async speak(api, ask) {
      const tried = new Set<string>();
      for (;;) {
        const version = chosen.get(api) ?? usualVersion(api);
        tried.add(version);
        try {
          return await ask(service, version);
        } catch (error) {
          const instead = versionInstead(error, api, tried);
          if (instead === undefined) throw error;
          chosen.set(api, instead);
        }
      }
    },
  };
}

/** A subscription, by its id. */
export interface Subscription {
  readonly id: string;
  readonly name: string | undefined;
}

/** Every subscription that the caller sees. */
export async function listSubscriptions(
  resourceManager: ResourceManager,
  signal: AbortSignal,
): Promise<readonly Subscription[]> {
  const listed = await resourceManager.speak("subscriptions", (service, version) =>
    service.list(`/subscriptions?api-version=${version}`, signal),
  );
  return listed.flatMap(({ subscriptionId, displayName }) => {
    const id = text(subscriptionId);
    return id === undefined ? [] : [{ id, name: text(displayName) }];
  });
}
