import type { Registry as ListedResource } from "@azure/arm-containerregistry";
import pMap from "p-map";
import type { Registries, RegistryReads, RegistryScope } from "../core/ports.ts";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { isGuid } from "../domain/names.ts";
import type {
  AccessedRegistry,
  Registry,
  RegistryReference,
  RegistrySearch,
  RoleAssignmentMode,
} from "../domain/registry.ts";
import { isMissing, hasMode } from "./api-versions.ts";
import { azureError, perform } from "./azure-errors.ts";
import { loginServerBelongsTo, usualLoginServer, type Cloud } from "./cloud.ts";
import {
  allOf,
  answered,
  listSubscriptions,
  type ResourceManager,
  type Subscription,
} from "./resource-manager.ts";
import { answerOf } from "./service-failure.ts";

/** Far below Resource Manager's limits, but enough that the search takes no longer than the slowest subscription. */
const subscriptionsAtOnce = 16;

/**
 * Finds and reads registries through Azure Resource Manager.
 * @param usualSubscription the id of the subscription that the caller mostly uses: the search begins there
 */
export function createRegistryResourceClient(
  cloud: Cloud,
  resourceManager: ResourceManager,
  usualSubscription?: string,
): Registries & RegistryReads {
  async function readById(
    { id, subscriptionId, resourceGroup, name }: RegistryReference & { kind: "resource-id" },
    signal: AbortSignal,
  ): Promise<readonly AccessedRegistry[]> {
    return perform({ doing: `read registry ${id}`, area: "registries" }, signal, async () => {
      try {
        return await resourceManager.ask("registries", signal, async (clients, version) => {
          const { registries } = clients.containerRegistry(subscriptionId);
          const read = registries.get(resourceGroup, name);
          return [readRegistry(await answered(read), version)];
        });
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    });
  }

  /** The subscriptions to look in. A given id is not checked, which saves a round trip. */
  async function subscriptionsIn(
    wanted: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly Subscription[]> {
    if (wanted !== undefined && isGuid(wanted)) return [{ id: wanted, name: undefined }];
    const visible = await perform({ doing: "list the subscriptions", area: "registries" }, signal, () =>
      listSubscriptions(resourceManager, signal),
    );
    if (visible.length === 0) {
      throw noSubscription(
        `The signed-in account sees no subscription in tenant ${await resourceManager.tenant(signal)}.`,
        "Name the tenant that holds the registry with --tenant, or sign in there (az login --tenant TENANT), or name the registry by its resource id, or ask for the role Reader on it.",
      );
    }
    const named = visible.filter(
      ({ name }) => wanted === undefined || name?.toLowerCase() === wanted.toLowerCase(),
    );
    if (named.length === 0) {
      throw noSubscription(
        `The signed-in account sees no subscription called ${JSON.stringify(wanted)} in tenant ${await resourceManager.tenant(signal)}.`,
        'Check --subscription. If it is in another tenant, name that with --tenant: az account list --query "[].{name:name,tenant:tenantId}" --output table',
      );
    }
    return named;
  }

  /** The registries of one subscription, or why they could not be listed. */
  async function listIn(
    { id }: Subscription,
    { subscription }: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistrySearch<AccessedRegistry>> {
    const doing = { doing: `list the registries of subscription ${id}`, area: "registries" } as const;
    return perform(doing, signal, async () => {
      try {
        const registries = await resourceManager.ask("registries", signal, async (clients, version) => {
          const listed = await allOf(clients.containerRegistry(id).registries.list());
          return listed.map((one) => readRegistry(one, version));
        });
        return { registries, unseen: [] };
      } catch (error) {
        const status = answerOf(error)?.status;
        if (subscription !== undefined || status === undefined || status === 401) throw error;
        // The caller has no right there, or the subscription is being deleted. Only other failures are reported.
        if (status === 403 || isMissing(error)) return nothing;
        return { registries: [], unseen: [azureError(error, doing) as ActionableError] };
      }
    });
  }

  /** The registries of each subscription in the scope. */
  async function listAll(scope: RegistryScope, signal: AbortSignal) {
    const usual =
      scope.subscription === undefined && usualSubscription !== undefined && isGuid(usualSubscription)
        ? { id: usualSubscription.toLowerCase(), name: undefined }
        : undefined;
    // Usually the registry is there, so the search does not wait for the list of subscriptions.
    const inUsual = usual && listIn(usual, scope, signal);
    // If the caller does not see that subscription, a failure there does not matter.
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
    likelyLoginServer(reference) {
      if (reference.kind !== "login-server") return usualLoginServer(cloud, reference.name);
      const loginServer = reference.loginServer.toLowerCase();
      return loginServerBelongsTo(cloud, loginServer) ? loginServer : undefined;
    },

    async findRegistries(reference, scope, signal) {
      if (reference.kind === "resource-id") {
        const registries = atHome((await readById(reference, signal)).map(withoutAccess));
        return { registries, others: [], unseen: [], tenantId: await resourceManager.tenant(signal) };
      }
      const lists = await listAll(scope, signal);
      const all = lists.flatMap(({ registries }) => registries.map(withoutAccess));
      return {
        registries: atHome(all.filter((registry) => isMeant(registry, reference))),
        others: all.filter((registry) => !isMeant(registry, reference) && isAtHome(registry)),
        unseen: lists.flatMap(({ unseen }) => unseen),
        tenantId: await resourceManager.tenant(signal),
      };
    },

    async readAccess(reference, signal) {
      return (await readById(reference, signal)).find(isAtHome);
    },

    async listAccess(scope, signal) {
      const lists = await listAll(scope, signal);
      return {
        registries: lists.flatMap(({ registries }) => registries.filter(isAtHome)),
        unseen: lists.flatMap(({ unseen }) => unseen),
      };
    },

    async listRegistries(scope, signal) {
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

  /** Passwords will be sent to these hosts, so each must belong to the cloud. */
  function atHome(registries: readonly Registry[]): readonly Registry[] {
    const stray = registries.find((registry) => !isAtHome(registry));
    if (!stray) return registries;
    throw refused(
      "registry.foreign-host",
      `Registry ${stray.name} names ${stray.loginServer} as its login server, which does not belong to ${cloud.name}, so acr-pull sends no password there.`,
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

const nothing: RegistrySearch<AccessedRegistry> = { registries: [], unseen: [] };

function withoutAccess({ access: _access, ...registry }: AccessedRegistry): Registry {
  return registry;
}

/**
 * Source: https://learn.microsoft.com/rest/api/container-registry/registries/get
 * @param version the API version that returned it
 */
function readRegistry(listed: ListedResource, version: string): AccessedRegistry {
  const { networkRuleSet, publicNetworkAccess, privateEndpointConnections } = listed;
  return {
    ...registryOf(listed, version),
    access: {
      publicAccess: publicNetworkAccess !== "Disabled",
      opensToAll: networkRuleSet?.defaultAction !== "Deny",
      allowedAddresses: networkRuleSet?.ipRules?.length ?? 0,
      privateEndpoints: privateEndpointConnections?.length ?? 0,
    },
  };
}

function registryOf(listed: ListedResource, version: string): Registry {
  const { id = "", name = "", loginServer = "", location, roleAssignmentMode } = listed;
  const isPrivate = listed.publicNetworkAccess === "Disabled";
  const [, , subscriptionId = "", , resourceGroup = ""] = id.split("/");
  return {
    id,
    name,
    loginServer: loginServer.toLowerCase(),
    roleAssignmentMode: modeOf(roleAssignmentMode, version),
    subscriptionId,
    resourceGroup,
    location,
    ...(isPrivate && { isPrivate }),
  };
}

function modeOf(value: string | undefined, version: string): RoleAssignmentMode | undefined {
  if (value === "AbacRepositoryPermissions" || value === "LegacyRegistryPermissions") return value;
  // Absent on registries that no newer API version has written. Those are in the older mode.
  return !value && hasMode(version) ? "LegacyRegistryPermissions" : undefined;
}

function noSubscription(message: string, hint: string): ActionableError {
  return new ActionableError(message, {
    code: "azure.no-subscription",
    hint,
    docs: "https://learn.microsoft.com/cli/azure/manage-azure-subscriptions-azure-cli",
    exitCode: exitCode.notAllowed,
  });
}
