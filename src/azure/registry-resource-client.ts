import type { Registry as ListedResource } from "@azure/arm-containerregistry";
import pMap from "p-map";
import type { Registries, RegistryReads, RegistryScope } from "../core/ports.ts";
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
import { azureError, perform } from "./azure-errors.ts";
import { loginServerBelongsTo, usualLoginServer, type Cloud } from "./cloud.ts";
import { allOf, subscriptionsAtOnce, type ResourceManager, type Subscription } from "./resource-manager.ts";
import { isMissing, isRefusal, ServiceFailure } from "./service-failure.ts";

/**
 * Finds and reads registries through Azure Resource Manager.
 * @param usualSubscription the id of the subscription that the caller mostly uses: the search begins there
 */
export function createRegistryResourceClient(
  cloud: Cloud,
  resourceManager: ResourceManager,
  usualSubscription?: string,
): Registries & RegistryReads {
  const isAtHome = ({ loginServer }: Registry) => loginServerBelongsTo(cloud, loginServer);

  /** The registry with this id, or none. */
  async function readById(
    { id, subscriptionId, resourceGroup, name }: RegistryReference & { kind: "resource-id" },
    signal: AbortSignal,
  ): Promise<readonly AccessedRegistry[]> {
    return perform({ doing: `read registry ${id}`, area: "registries" }, signal, async () => {
      try {
        return await resourceManager.ask("registries", signal, async (clients, isUsual) => {
          const { registries } = clients.containerRegistry(subscriptionId);
          return [readRegistry(await registries.get(resourceGroup, name), isUsual)];
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
    const task = { doing: "list the subscriptions", area: "registries" } as const;
    const visible = await perform(task, signal, () => resourceManager.subscriptions(signal));
    const named = visible.filter(
      ({ name }) => wanted === undefined || name?.toLowerCase() === wanted.toLowerCase(),
    );
    if (named.length > 0) return named;
    const called = visible.length > 0 && wanted !== undefined ? ` called ${JSON.stringify(wanted)}` : "";
    throw new ActionableError(
      `The signed-in account sees no subscription${called} in tenant ${await resourceManager.tenant(signal)}.`,
      {
        code: "azure.no-subscription",
        hint:
          called === ""
            ? "Name the tenant that holds the registry with --tenant, or sign in there (az login --tenant TENANT), or name the registry by its resource id, or ask for the role Reader on it."
            : 'Check --subscription. If it is in another tenant, name that with --tenant: az account list --query "[].{name:name,tenant:tenantId}" --output table',
        docs: "https://learn.microsoft.com/cli/azure/manage-azure-subscriptions-azure-cli",
        exitCode: exitCode.notAllowed,
      },
    );
  }

  /** The registries of one subscription, or why they could not be listed. */
  async function listIn(
    { id, name: subscriptionName }: Subscription,
    { subscription }: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistrySearch<AccessedRegistry & ListedRegistry>> {
    const task = { doing: `list the registries of subscription ${id}`, area: "registries" } as const;
    return perform(task, signal, async () => {
      try {
        const registries = await resourceManager.ask("registries", signal, async (clients, isUsual) => {
          const listed = await allOf(clients.containerRegistry(id).registries.list());
          return listed.map((one) => ({ ...readRegistry(one, isUsual), subscriptionName }));
        });
        return { registries, unseen: [] };
      } catch (error) {
        const isAnswer = error instanceof ServiceFailure && error.status !== 401;
        if (subscription !== undefined || !isAnswer) throw error;
        // The caller has no right there, or the subscription is being deleted. Only other failures are reported.
        if (isRefusal(error, 403) || isMissing(error)) return { registries: [], unseen: [] };
        return { registries: [], unseen: [azureError(error, task) as ActionableError] };
      }
    });
  }

  /** The registries in every subscription of the scope. */
  async function listAll(
    scope: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistrySearch<AccessedRegistry & ListedRegistry>> {
    const usual = scope.subscription === undefined && usualSubscription?.toLowerCase();
    // Usually the registry is there, so the search does not wait for the list of subscriptions.
    const inUsual =
      usual && isGuid(usual) ? listIn({ id: usual, name: undefined }, scope, signal) : undefined;
    // If the caller does not see that subscription, a failure there does not matter.
    inUsual?.catch(() => {});
    const lists = await pMap(
      await subscriptionsIn(scope.subscription, signal),
      async (one) => {
        if (!inUsual || one.id.toLowerCase() !== usual) return listIn(one, scope, signal);
        const { registries, unseen } = await inUsual;
        return { registries: registries.map((found) => ({ ...found, subscriptionName: one.name })), unseen };
      },
      { concurrency: subscriptionsAtOnce, signal },
    );
    return {
      registries: lists.flatMap(({ registries }) => registries),
      unseen: lists.flatMap(({ unseen }) => unseen),
    };
  }

  const listAtHome: RegistryReads["listAccess"] & Registries["listRegistries"] = async (scope, signal) => {
    const { registries, unseen } = await listAll(scope, signal);
    return { registries: registries.filter(isAtHome), unseen };
  };

  /** Passwords will be sent to these hosts, so each must belong to the cloud. */
  function checkHome(registries: readonly Registry[]): readonly Registry[] {
    const stray = registries.find((registry) => !isAtHome(registry));
    if (!stray) return registries;
    throw refused(
      "registry.foreign-host",
      `Registry ${stray.name} names ${stray.loginServer} as its login server, which does not belong to ${cloud.name}, so acr-pull sends no password there.`,
      "Check --cloud.",
    );
  }

  return {
    likelyLoginServer(reference) {
      if (reference.kind !== "login-server") return usualLoginServer(cloud, reference.name);
      const loginServer = reference.loginServer.toLowerCase();
      return loginServerBelongsTo(cloud, loginServer) ? loginServer : undefined;
    },

    async findRegistries(reference, scope, signal) {
      if (reference.kind === "resource-id") {
        const registries = checkHome((await readById(reference, signal)).map(plain));
        return { registries, others: [], unseen: [], tenantId: await resourceManager.tenant(signal) };
      }
      const { registries: seen, unseen } = await listAll(scope, signal);
      const registries = seen.map(plain);
      return {
        registries: checkHome(registries.filter((registry) => isMeant(registry, reference))),
        others: registries.filter((registry) => !isMeant(registry, reference) && isAtHome(registry)),
        unseen,
        tenantId: await resourceManager.tenant(signal),
      };
    },

    readAccess: async (reference, signal) => (await readById(reference, signal)).find(isAtHome),
    listAccess: listAtHome,
    listRegistries: listAtHome,
  };
}

/** Without what is known only here. */
function plain(found: AccessedRegistry & Partial<ListedRegistry>): Registry {
  const { access: _access, subscriptionName: _name, ...registry } = found;
  return registry;
}

function isMeant(
  registry: Registry,
  reference: Exclude<RegistryReference, { kind: "resource-id" }>,
): boolean {
  return reference.kind === "name"
    ? registry.name.toLowerCase() === reference.name.toLowerCase()
    : registry.loginServer === reference.loginServer.toLowerCase();
}

/**
 * Source: https://learn.microsoft.com/rest/api/container-registry/registries/get
 * @param isUsual whether it was read in a version that tells the mode; not every older one does
 */
function readRegistry(listed: ListedResource, isUsual: boolean): AccessedRegistry {
  const { id = "", name = "", loginServer = "", location, roleAssignmentMode } = listed;
  const { networkRuleSet, publicNetworkAccess, privateEndpointConnections } = listed;
  const isPrivate = publicNetworkAccess === "Disabled";
  const [, , subscriptionId = "", , resourceGroup = ""] = id.split("/");
  return {
    id,
    name,
    loginServer: loginServer.toLowerCase(),
    roleAssignmentMode: modeOf(roleAssignmentMode, isUsual),
    subscriptionId,
    resourceGroup,
    location,
    ...(isPrivate && { isPrivate }),
    access: {
      publicAccess: !isPrivate,
      opensToAll: networkRuleSet?.defaultAction !== "Deny",
      allowedAddresses: networkRuleSet?.ipRules?.length ?? 0,
      privateEndpoints: privateEndpointConnections?.length ?? 0,
    },
  };
}

function modeOf(value: string | undefined, isUsual: boolean): RoleAssignmentMode | undefined {
  if (value === "AbacRepositoryPermissions" || value === "LegacyRegistryPermissions") return value;
  // Absent on registries that no newer API version has written. Those are in the older mode.
  return !value && isUsual ? "LegacyRegistryPermissions" : undefined;
}
