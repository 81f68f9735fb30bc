import type { AuthorizationManagementClient } from "@azure/arm-authorization";
import type { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import type { SubscriptionClient } from "@azure/arm-resources-subscriptions";
import {
  bearerTokenAuthenticationPolicyName,
  createPipelineRequest,
  formDataPolicyName,
  isRestError,
  type Pipeline,
  type PipelinePolicy,
} from "@azure/core-rest-pipeline";
import pMap from "p-map";
import type { ActionableError } from "../domain/errors.ts";
import { azureError, perform } from "./azure-errors.ts";
import { retryPolicyName, type AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { list, parsedRecord, text } from "./json-fields.ts";
import { isMissing, isVersionRefused, notAnswered, ServiceFailure } from "./service-failure.ts";

/**
 * The clients for one question. They are made for it, and their requests stop with it. The build leaves out every
 * group of calls that is not named here.
 */
export interface ResourceManagerClients {
  authorization(
    subscriptionId: string,
  ): Pick<AuthorizationManagementClient, "permissions" | "roleAssignments" | "roleDefinitions">;
  containerRegistry(subscriptionId: string): Pick<ContainerRegistryManagementClient, "registries">;
  subscriptions(): Pick<SubscriptionClient, "subscriptions">;
  /** Every item of the list at this path, unparsed. For a resource whose own client would be too large for one list. */
  list(path: string): Promise<readonly unknown[]>;
}

/**
 * The APIs of Resource Manager with the version that each is asked in. Pulls by service account are in no stable
 * version of managed clusters: https://github.com/Azure/azure-rest-api-specs/pull/40533
 */
const versions = {
  authorization: "2022-04-01",
  managedClusters: "2026-06-02-preview",
  registries: "2025-11-01",
  subscriptions: "2022-12-01",
};
type Api = keyof typeof versions;

/**
 * The claims of a token whose holder signed in with multi-factor authentication, as Resource Manager demands them for
 * a person's writes. Source: https://github.com/Azure/azure-cli/pull/31699
 */
const multiFactorClaims = JSON.stringify({
  access_token: { acrs: { essential: true, values: ["p1"] } },
});

/** Azure Resource Manager. */
export interface ResourceManager {
  /**
   * Asks something. A cloud that lacks the usual version, and names those that it has, is asked in the newest of them.
   * @param question called again after the version was refused; `isUsual` says whether it is asked in the usual version
   * @throws ServiceFailure if Resource Manager refuses; ExchangeError if no complete answer comes; ActionableError if
   *   signing in fails
   */
  ask<T>(
    api: Api,
    signal: AbortSignal,
    question: (clients: ResourceManagerClients, isUsual: boolean) => Promise<T>,
  ): Promise<T>;
  /**
   * Every subscription that the caller sees.
   * @throws ActionableError
   */
  subscriptions(signal: AbortSignal): Promise<readonly Subscription[]>;
  /**
   * Has a person whose token shows no multi-factor authentication sign in with it, before a first write would ask.
   * @throws ActionableError `azure.mfa-required` if that takes a sign-in outside of this program
   */
  readyToWrite(signal: AbortSignal): Promise<void>;
  /** The tenant that is signed in to. It sees the subscriptions of no other; undefined if the token does not say. */
  tenant(signal: AbortSignal): Promise<string | undefined>;
}

/** A subscription. */
export interface Subscription {
  readonly id: string;
  readonly name: string | undefined;
  /** Undefined if it was not looked up. */
  readonly tenantId?: string | undefined;
}

/** How many subscriptions are asked at once: far below what Resource Manager allows a caller. */
const subscriptionsAtOnce = 16;

/**
 * Searches subscriptions, some at once. One where the caller may see nothing, or that is being deleted, holds nothing.
 * @param doing continues `Could not`; `of subscription ID` follows
 * @returns what was found, and why some could not be searched
 * @throws ActionableError if no other subscription would answer either
 */
export async function searchEach<T>(
  doing: string,
  subscriptions: readonly Subscription[],
  signal: AbortSignal,
  search: (subscription: Subscription) => Promise<readonly T[]>,
): Promise<{ readonly items: readonly T[]; readonly unseen: readonly ActionableError[] }> {
  const unseen: ActionableError[] = [];
  const searchOne = async (subscription: Subscription): Promise<readonly T[]> => {
    const task = { doing: `${doing} of subscription ${subscription.id}`, area: "registries" } as const;
    return perform(task, signal, async () => {
      try {
        return await search(subscription);
      } catch (error) {
        if (!(error instanceof ServiceFailure) || error.status === 401) throw error;
        if (error.status !== 403 && !isMissing(error))
          unseen.push(azureError(error, task) as ActionableError);
        return [];
      }
    });
  };
  const lists = await pMap(subscriptions, searchOne, { concurrency: subscriptionsAtOnce, signal });
  return { items: lists.flat(), unseen };
}

/** Resource Manager of a cloud, signed in with the credential. Source: https://learn.microsoft.com/rest/api/azure/ */
export function createResourceManager(
  cloud: Cloud,
  credential: Credential,
  http: AzureHttp,
): ResourceManager {
  const scope = cloud.resourceManagerScope;
  const home = new URL(cloud.resourceManager).origin;
  /** The versions that stand in for those that this cloud refused. */
  const instead = new Map<Api, string>();
  const options = {
    ...http.clientOptions(),
    endpoint: cloud.resourceManager,
    // Each kind of client has its own name for this.
    credentialScopes: scope,
    credentials: { scopes: [scope] },
  };

  async function clientsOf(version: string, signal: AbortSignal): Promise<ResourceManagerClients> {
    // The clients load while a token is fetched.
    const [sdk] = await Promise.all([
      import("./resource-manager-clients.ts"),
      credential.getToken(scope, { abortSignal: signal }),
    ]);
    const policy = questionPolicy(home, version, signal);
    function held<T extends { readonly pipeline: Pipeline }>(client: T): T {
      // Outermost, so that it sees where a request goes before a token is added, and the answer after all retries.
      client.pipeline.addPolicy(policy, {
        beforePolicies: [bearerTokenAuthenticationPolicyName, retryPolicyName],
      });
      // The policy for forms, which acr-pull never sends, makes Node load its `fetch`. That takes 18 ms.
      client.pipeline.removePolicy({ name: formDataPolicyName });
      // This policy discards the answer to a write that was still awaited when the run was told to stop.
      client.pipeline.removePolicy({ name: "defaultRetryPolicy" });
      return client;
    }
    const subscriptions = () => held(new sdk.SubscriptionClient(credential, options));
    return {
      authorization: (id) => held(new sdk.AuthorizationManagementClient(credential, id, options)),
      containerRegistry: (id) => held(new sdk.ContainerRegistryManagementClient(credential, id, options)),
      subscriptions,
      list: async (path) => {
        // All lists are read the same way, and this client is the smallest.
        const client = subscriptions();
        const items: unknown[] = [];
        for (let next: string | undefined = `${home}${path}?api-version=`; next !== undefined;) {
          const { bodyAsText } = await client.sendRequest(createPipelineRequest({ url: next }));
          const page = parsedRecord(bodyAsText);
          items.push(...list(page["value"]));
          next = text(page["nextLink"]);
        }
        return items;
      },
    };
  }

  const ask: ResourceManager["ask"] = async (api, signal, question) => {
    const usual = versions[api];
    const version = instead.get(api) ?? usual;
    try {
      return await question(await clientsOf(version, signal), version === usual);
    } catch (error) {
      // The SDKs fail so at an answer that they cannot read.
      if (error instanceof TypeError || error instanceof URIError || isRestError(error)) {
        throw notAnswered("the answer is incomplete");
      }
      const offered = version === usual ? newestOffered(error, usual) : undefined;
      if (offered === undefined) throw error;
      instead.set(api, offered);
      return await ask(api, signal, question);
    }
  };

  return {
    ask,

    subscriptions: (signal) =>
      perform({ doing: "list the subscriptions", area: "registries" }, signal, async () => {
        const listed = await ask("subscriptions", signal, (clients) =>
          allOf(clients.subscriptions().subscriptions.list()),
        );
        return listed.flatMap(({ subscriptionId: id, displayName: name, tenantId }) =>
          id ? [{ id, name: name || undefined, tenantId: tenantId || undefined }] : [],
        );
      }),

    async readyToWrite(signal) {
      const { kind, multiFactor } = await credential.claims(scope, signal);
      if (!cloud.demandsMultiFactor || kind !== "user" || multiFactor !== false) return;
      await credential.getToken(scope, { claims: multiFactorClaims, abortSignal: signal });
    },

    tenant: async (signal) => (await credential.claims(scope, signal)).tid,
  };
}

/** Every item of a list, page by page. */
export async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/**
 * The newest version that a refusal offers, a preview only in place of a preview if there are others. Both forms are
 * in use: `supported api-versions are '…, …'` and `supported versions are '…,…'`.
 */
function newestOffered(error: unknown, refused: string): string | undefined {
  if (!(error instanceof ServiceFailure) || !isVersionRefused(error)) return undefined;
  const listed = /\bsupported (?:api-)?versions are '(?<list>[^']*)'/i.exec(error.whole);
  const offered = (listed?.groups?.["list"] ?? "")
    .split(",")
    .map((version) => version.trim())
    .filter((version) => /^\d{4}-\d{2}-\d{2}(?:-preview)?$/.test(version) && version !== refused);
  const isPreview = (version: string) => version.endsWith("-preview");
  const alike = offered.filter((version) => isPreview(version) === isPreview(refused));
  return (alike.length > 0 ? alike : offered).toSorted().at(-1);
}

/**
 * Enforces what the SDKs do not:
 * - A request uses the given API version.
 * - A token is sent only to the cloud's own host, wherever a list says that it continues.
 * - A later page stops with the run too: the newer client passes the signal only to its first page.
 * - A response that is not the service's own does not count as an answer. The SDKs would take it for an empty one, or
 *   quote it.
 */
function questionPolicy(home: string, version: string, signal: AbortSignal): PipelinePolicy {
  let isNextPage = false;
  return {
    name: "acrPullQuestionPolicy",
    async sendRequest(request, next) {
      const url = new URL(request.url);
      if (url.origin !== home) throw notAnswered("the next page is on another host");
      // The SDK leaves two slashes for a resource without a parent.
      const path = url.pathname.replaceAll(/\/{2,}/g, "/");
      const query = url.search.replace(/([?&]api-version=)[^&]*/, `$1${version}`);
      request.url = `${home}${path}${query}`;
      request.abortSignal = signal;
      const response = await next(request).catch((error: unknown) => {
        if (!isRestError(error) || !error.response) throw error;
        if (error.code === "PARSE_ERROR") throw notAnswered("the answer is not JSON");
        return error.response;
      });
      const { status, headers, bodyAsText } = response;
      if (isNextPage && status === 404) throw notAnswered("the next page does not exist");
      isNextPage = true;
      if (status >= 300) throw new ServiceFailure(status, headers, bodyAsText);
      if (request.method === "GET") {
        const { value, id } = parsedRecord(bodyAsText);
        // An answer has one of these. Anything else would look as if there were nothing to read.
        if (!Array.isArray(value) && typeof id !== "string")
          throw notAnswered("the answer is not a JSON object");
      }
      // The SDK takes any other success for a failure.
      return request.method === "GET" ? { ...response, status: 200 } : response;
    },
  };
}
