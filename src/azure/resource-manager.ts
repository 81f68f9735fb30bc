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
import { readPages, type Pages } from "../domain/pages.ts";
import { usualVersion, alternativeVersion, type Api } from "./api-versions.ts";
import { retryPolicyName, type AzureHttp, type RequestRules } from "./azure-http.ts";
import { multiFactorClaims } from "./claims-challenge.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { list, parsedRecord, text } from "./json-fields.ts";
import { notAnswered, readAnswer, ServiceFailure } from "./service-failure.ts";

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

/** Azure Resource Manager, in the API versions that a cloud has. */
export interface ResourceManager {
  /**
   * Asks in an API version that this cloud has. A refused version is tried only once in a run, because the refusal
   * names those that exist.
   * @param question called again after a version was refused; all answers of its clients are in the given version
   * @throws ServiceFailure if Resource Manager refuses; ExchangeError if no complete answer comes; ActionableError if
   *   signing in fails
   */
  ask<T>(
    api: Api,
    signal: AbortSignal,
    question: (clients: ResourceManagerClients, version: string) => Promise<T>,
  ): Promise<T>;
  /**
   * Has a person whose token shows no multi-factor authentication sign in with it, before a first write would ask.
   * @throws ActionableError `azure.mfa-required` if that takes a sign-in outside of this program
   */
  readyToWrite(signal: AbortSignal): Promise<void>;
  /** The tenant that is signed in to. It sees the subscriptions of no other; undefined if the token does not say. */
  tenant(signal: AbortSignal): Promise<string | undefined>;
}

/** Resource Manager of a cloud, signed in with the credential. Source: https://learn.microsoft.com/rest/api/azure/ */
export function createResourceManager(
  cloud: Cloud,
  credential: Credential,
  http: AzureHttp,
): ResourceManager {
  const chosen = new Map<Api, string>();
  const scope = cloud.resourceManagerScope;
  const home = new URL(cloud.resourceManager).origin;

  const common = http.clientOptions(rules);
  const options = {
    ...common,
    endpoint: cloud.resourceManager,
    // Each kind of client has its own name for this.
    credentialScopes: scope,
    credentials: { scopes: [scope] },
    additionalPolicies: [
      ...common.additionalPolicies,
      { policy: successPolicy, position: "perRetry" as const },
    ],
  };

  async function clientsOf(version: string, pages: Pages): Promise<ResourceManagerClients> {
    const sdk = await import("./resource-manager-clients.ts");
    const policy = questionPolicy({ home, version, pages });
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
    return {
      authorization: (id) => held(new sdk.AuthorizationManagementClient(credential, id, options)),
      containerRegistry: (id) => held(new sdk.ContainerRegistryManagementClient(credential, id, options)),
      subscriptions: () => held(new sdk.SubscriptionClient(credential, options)),
      list: async (path) => {
        // All lists are read the same way, and this client is the smallest.
        const client = held(new sdk.SubscriptionClient(credential, options));
        const items: unknown[] = [];
        const first = new URL(path, home);
        first.searchParams.set("api-version", version);
        let next: string | undefined = first.href;
        while (next !== undefined) {
          const { bodyAsText } = await answered(client.sendRequest(createPipelineRequest({ url: next })));
          const page = parsedRecord(bodyAsText);
          items.push(...list(page["value"]));
          next = text(page["nextLink"]);
        }
        return items;
      },
    };
  }

  return {
    async readyToWrite(signal) {
      const { kind, multiFactor } = await credential.claims(scope, signal);
      if (!cloud.demandsMultiFactor || kind !== "user" || multiFactor !== false) return;
      await credential.getToken(scope, { claims: multiFactorClaims, abortSignal: signal });
    },

    tenant: async (signal) => (await credential.claims(scope, signal)).tid,

    ask: (api, signal, question) =>
      readPages(http.timeoutMs, signal, async (pages) => {
        await credential.getToken(scope, { abortSignal: signal });
        const tried = new Set<string>();
        for (;;) {
          const version = chosen.get(api) ?? usualVersion(api);
          const clients = await clientsOf(version, pages);
          tried.add(version);
          try {
            return await question(clients, version);
          } catch (error) {
            const instead = alternativeVersion(error, api, tried);
            if (instead === undefined) throw error;
            chosen.set(api, instead);
          }
        }
      }),
  };
}

/**
 * The SDK's answer.
 * @throws ExchangeError if the SDK cannot read it
 */
export async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof TypeError || error instanceof URIError || isRestError(error)
      ? notAnswered("the answer is incomplete")
      : error;
  }
}

/** Every item of a list, page by page; throws as `answered` does. */
export async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  const read = async () => {
    for await (const item of items) all.push(item);
  };
  await answered(read());
  return all;
}

/** Every subscription that the caller sees. */
export async function listSubscriptions(
  resourceManager: ResourceManager,
  signal: AbortSignal,
): Promise<readonly Subscription[]> {
  const listed = await resourceManager.ask("subscriptions", signal, (clients) =>
    allOf(clients.subscriptions().subscriptions.list()),
  );
  return listed.flatMap(({ subscriptionId: id, displayName: name, tenantId }) =>
    id ? [{ id, name: name || undefined, tenantId: tenantId || undefined }] : [],
  );
}

/** A subscription. */
export interface Subscription {
  readonly id: string;
  readonly name: string | undefined;
  /** Undefined if it was not looked up. */
  readonly tenantId?: string | undefined;
}

const rules: RequestRules = {
  mayRepeat: ({ method }) => method === "GET" || method === "PUT" || method === "DELETE",
  writes: ({ method }) => method !== "GET",
};

/**
 * Enforces what the SDKs do not:
 * - A request uses the given API version.
 * - A token is sent only to the cloud's own host, wherever a list says that it continues.
 * - A list ends, and stops with the run.
 * - A response that is not the service's own does not count as an answer. The SDKs would take it for an empty one, or
 *   quote it.
 */
function questionPolicy({
  home,
  version,
  pages,
}: {
  readonly home: string;
  readonly version: string;
  readonly pages: Pages;
}): PipelinePolicy {
  let asked = false;
  return {
    name: "acrPullQuestionPolicy",
    async sendRequest(request, next) {
      const url = new URL(request.url);
      if (url.origin !== home) throw notAnswered("the next page is on another host");
      // The SDK leaves two slashes for a resource without a parent.
      const path = url.pathname.replaceAll(/\/{2,}/g, "/");
      const query = url.search.replace(/([?&]api-version=)[^&]*/, `$1${version}`);
      request.url = `${home}${path}${query}`;
      request.abortSignal = pages.signal;
      const isNextPage = asked;
      if (isNextPage) pages.goOn(request.url);
      asked = true;
      const response = await next(request).catch((error: unknown) => {
        if (!isRestError(error) || !error.response) throw error;
        if (error.code === "PARSE_ERROR") throw notAnswered("the answer is not JSON");
        return error.response;
      });
      const { status, headers, bodyAsText } = response;
      if (isNextPage && status === 404) throw notAnswered("the next page does not exist");
      if (status >= 300) throw new ServiceFailure(readAnswer(status, headers, bodyAsText ?? undefined));
      if (request.method === "GET") {
        const { value, id } = parsedRecord(bodyAsText);
        // An answer has one of these. Anything else would look as if there were nothing to read.
        if (!Array.isArray(value) && typeof id !== "string")
          throw notAnswered("the answer is not a JSON object");
      }
      return response;
    },
  };
}

/** The SDKs treat any success status but the usual one as a failure. */
const successPolicy: PipelinePolicy = {
  name: "acrPullSuccessPolicy",
  async sendRequest(request, next) {
    const response = await next(request);
    const usual = { GET: 200, PUT: 201, DELETE: 204 }[request.method as string];
    const succeeded = response.status >= 200 && response.status < 300;
    return succeeded && usual !== undefined ? { ...response, status: usual } : response;
  },
};
