import pMap from "p-map";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { isGuid } from "../domain/names.ts";
import type {
  AccessedRegistry,
  ListedRegistry,
  Registry,
  RegistryReference,
  RegistrySearch,
  RoleAssignmentMode,
} from "../domain/registry.ts";
import { urlPart } from "../domain/url-part.ts";
import { isMissing, tellsMode } from "./api-versions.ts";
import { azureError, undertake } from "./azure-errors.ts";
import { loginServerBelongsTo, usualLoginServer, type Cloud } from "./cloud.ts";
import { list, record, text, type JsonObject } from "./json-fields.ts";
import { listSubscriptions, type ResourceManager, type Subscription } from "./resource-manager.ts";
import { answerOf, isAnswer } from "./service-failure.ts";

/** Where the registry is looked for: everywhere, unless narrowed. */
export interface RegistryScope {
  /** Id or name. */
  readonly subscription?: string | undefined;
  readonly resourceGroup?: string | undefined;
}

/** Far below what Resource Manager allows a caller, and enough that the slowest subscription sets the pace. */
const subscriptionsAtOnce = 16;

/**
 * Registries, by Azure Resource Manager. Fits the port `Registries` of core.
 * @param usualSubscription the id of the one that the caller mostly works in: it is looked in first, and others as well
 */
export function createRegistryResourceClient(
  cloud: Cloud,
  resourceManager: ResourceManager,
  usualSubscription?: string,
) {
  async function readById(
    { id, subscriptionId, resourceGroup, name }: RegistryReference & { kind: "resource-id" },
    signal: AbortSignal,
  ): Promise<readonly ReadRegistry[]> {
    return undertake({ doing: `read registry ${id}`, area: "registries" }, signal, async () => {
      try {
        const path = `${registriesIn(subscriptionId, resourceGroup)}/${urlPart(name)}`;
        return await resourceManager.speak("registries", async (service, version) => {
          const request = { method: "GET", path: `${path}?api-version=${version}` } as const;
          return [readRegistry((await service.send(request, signal)).body ?? {}, version)];
        });
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    });
  }

  /** The subscriptions to look in. An id that was named is taken at its word, which saves a round trip. */
  async function subscriptionsIn(
    wanted: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly Subscription[]> {
    if (wanted !== undefined && isGuid(wanted)) return [{ id: wanted, name: undefined }];
    const visible = await undertake({ doing: "list the subscriptions", area: "registries" }, signal, () =>
      listSubscriptions(resourceManager, signal),
    );
    if (visible.length === 0) {
      throw noSubscription(
        "The account signed in sees no subscription.",
        "Sign in to the tenant that holds the registry (az login --tenant TENANT), or name the registry by its resource id, or ask for the role Reader on it.",
      );
    }
    const named = visible.filter(
      ({ name }) => wanted === undefined || name?.toLowerCase() === wanted.toLowerCase(),
    );
    if (named.length === 0) {
      throw noSubscription(
        `The account signed in sees no subscription called ${JSON.stringify(wanted)}.`,
        "Check --subscription: az account list shows what is visible.",
      );
    }
    return named;
  }

  /** What one subscription holds, or why that could not be seen. */
  async function listIn(
    { id }: Subscription,
    { subscription, resourceGroup }: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistrySearch<ReadRegistry>> {
    const doing = { doing: `list the registries of subscription ${id}`, area: "registries" } as const;
    return undertake(doing, signal, async () => {
      try {
        const path = registriesIn(id, resourceGroup);
        const registries = await resourceManager.speak("registries", async (service, version) =>
          (await service.list(`${path}?api-version=${version}`, signal)).map((one) =>
            readRegistry(one, version),
          ),
        );
        return { registries, unseen: [] };
      } catch (error) {
        if (resourceGroup !== undefined && isAnswer(error, 404, "ResourceGroupNotFound")) return nothing;
        const status = answerOf(error)?.status;
        if (subscription !== undefined || status === undefined || status === 401) throw error;
        // No right there, or a subscription on its way out: nobody misses it. Of any other it is told.
        if (status === 403 || isMissing(error)) return nothing;
        return { registries: [], unseen: [azureError(error, doing) as ActionableError] };
      }
    });
  }

  /** What each subscription of the scope holds. */
  async function listAll(scope: RegistryScope, signal: AbortSignal) {
    const usual =
      scope.subscription === undefined && usualSubscription !== undefined && isGuid(usualSubscription)
        ? { id: usualSubscription.toLowerCase(), name: undefined }
        : undefined;
    // Mostly the registry is there, and then nobody waits for the list of subscriptions to begin.
    const inUsual = usual && listIn(usual, scope, signal);
    // Whoever does not see that subscription is not told of it.
    inUsual?.catch(() => {});
    const subscriptions = await subscriptionsIn(scope.subscription, signal);
    return pMap(
      subscriptions,
      async (subscription) => ({
        subscription,
        ...(await ((subscription.id.toLowerCase() === usual?.id && inUsual) ||
          listIn(subscription, scope, signal))),
      }),
      { concurrency: subscriptionsAtOnce, signal },
    );
  }

  const isAtHome = ({ loginServer }: Registry) => loginServerBelongsTo(cloud, loginServer);

  return {
    /** The login server that it most likely has; none that is not the cloud's. */
    likelyLoginServer(reference: RegistryReference): string | undefined {
      if (reference.kind !== "login-server") return usualLoginServer(cloud, reference.name);
      const loginServer = reference.loginServer.toLowerCase();
      return loginServerBelongsTo(cloud, loginServer) ? loginServer : undefined;
    },

    /**
     * Every registry that the reference fits, over all visible subscriptions unless the scope names one: then those
     * that could not be looked in are told. A resource id is read directly.
     * @throws ActionableError `azure.no-subscription` when there is none to look in, `registry.foreign-host` for a
     *   login server outside the cloud
     */
    async findRegistries(
      reference: RegistryReference,
      scope: RegistryScope,
      signal: AbortSignal,
    ): Promise<RegistrySearch<Registry>> {
      if (reference.kind === "resource-id") {
        return { registries: atHome((await readById(reference, signal)).map(withoutAccess)), unseen: [] };
      }
      const lists = await listAll(scope, signal);
      const all = lists.flatMap(({ registries }) => registries.map(withoutAccess));
      return {
        registries: atHome(all.filter((registry) => isMeant(registry, reference))),
        unseen: lists.flatMap(({ unseen }) => unseen),
      };
    },

    /** One registry by its resource id, with how it can be reached; undefined when there is none. */
    async readAccess(
      reference: RegistryReference & { kind: "resource-id" },
      signal: AbortSignal,
    ): Promise<AccessedRegistry | undefined> {
      return (await readById(reference, signal)).find(isAtHome);
    },

    /** Every registry that the caller sees, with how it can be reached; like listRegistries for the rest. */
    async listAccess(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<AccessedRegistry>> {
      const lists = await listAll(scope, signal);
      return {
        registries: lists.flatMap(({ registries }) => registries.filter(isAtHome)),
        unseen: lists.flatMap(({ unseen }) => unseen),
      };
    },

    /**
     * Every registry that the caller sees, over all visible subscriptions unless the scope names one. One whose login
     * server is not the cloud's is left out.
     * @throws ActionableError `azure.no-subscription` when there is none to look in
     */
    async listRegistries(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<ListedRegistry>> {
      const lists = await listAll(scope, signal);
      return {
        registries: lists.flatMap(({ subscription, registries }) =>
          registries
            .filter(isAtHome)
            .map((registry) => ({ ...withoutAccess(registry), subscriptionName: subscription.name })),
        ),
        unseen: lists.flatMap(({ unseen }) => unseen),
      };
    },
  };

  /** Passwords will be sent to these hosts, so each must be one of the cloud's. */
  function atHome(registries: readonly Registry[]): readonly Registry[] {
    const stray = registries.find((registry) => !isAtHome(registry));
    if (!stray) return registries;
    throw refused(
      "registry.foreign-host",
      `Registry ${stray.name} names ${stray.loginServer} as its login server, which is none of ${cloud.name}; no password is sent there.`,
      "Check --cloud.",
    );
  }
}

function isMeant(
  registry: Registry,
  reference: Exclude<RegistryReference, { kind: "resource-id" }>,
): boolean {
  return reference.kind === "name"
    ? registry.name.toLowerCase() === reference.name.toLowerCase()
    : registry.loginServer === reference.loginServer.toLowerCase();
}

/** A registry, and how it can be reached: one answer tells both. */
type ReadRegistry = AccessedRegistry;

const nothing: RegistrySearch<ReadRegistry> = { registries: [], unseen: [] };

function withoutAccess({ access: _access, ...registry }: ReadRegistry): Registry {
  return registry;
}

/** Where the registries of a subscription are, or of one of its resource groups. */
function registriesIn(subscriptionId: string, resourceGroup: string | undefined): string {
  const group = resourceGroup === undefined ? "" : `/resourceGroups/${urlPart(resourceGroup)}`;
  return `/subscriptions/${urlPart(subscriptionId)}${group}/providers/Microsoft.ContainerRegistry/registries`;
}

/**
 * Source: https://learn.microsoft.com/rest/api/container-registry/registries/get
 * @param version of the API that it was listed by
 */
function readRegistry(listed: JsonObject, version: string): ReadRegistry {
  const properties = record(listed["properties"]);
  const rules = record(properties["networkRuleSet"]);
  return {
    ...registryOf(listed, properties, version),
    access: {
      publicAccess: properties["publicNetworkAccess"] !== "Disabled",
      opensToAll: rules["defaultAction"] !== "Deny",
      allowedAddresses: list(rules["ipRules"]).length,
      privateEndpoints: list(properties["privateEndpointConnections"]).length,
      anonymousPull: properties["anonymousPullEnabled"] === true,
    },
  };
}

function registryOf(listed: JsonObject, properties: JsonObject, version: string): Registry {
  const id = text(listed["id"]) ?? "";
  const [, , subscriptionId = "", , resourceGroup = ""] = id.split("/");
  return {
    id,
    name: text(listed["name"]) ?? "",
    loginServer: (text(properties["loginServer"]) ?? "").toLowerCase(),
    roleAssignmentMode: modeOf(properties["roleAssignmentMode"], version),
    subscriptionId,
    resourceGroup,
    location: text(listed["location"]) ?? "",
  };
}

function modeOf(value: unknown, version: string): RoleAssignmentMode | undefined {
  if (value === "AbacRepositoryPermissions" || value === "LegacyRegistryPermissions") return value;
  // Absent on registries that no newer API has touched: those are in the mode that was the only one.
  return text(value) === undefined && tellsMode(version) ? "LegacyRegistryPermissions" : undefined;
}

function noSubscription(message: string, hint: string): ActionableError {
  return new ActionableError(message, {
    code: "azure.no-subscription",
    hint,
    docs: "https://learn.microsoft.com/cli/azure/manage-azure-subscriptions-azure-cli",
    exitCode: exitCode.notAllowed,
  });
}
