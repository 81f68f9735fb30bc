import type { Registry as ListedResource } from "@azure/arm-containerregistry";
import type { Registries, RegistryReads, RegistryScope } from "../core/ports.ts";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { isGuid } from "../domain/names.ts";
import type {
  AccessedRegistry,
  ListedRegistry,
  Registry,
  RegistryReference,
  RoleAssignmentMode,
} from "../domain/registry.ts";
import { perform } from "./azure-errors.ts";
import { loginServerBelongsTo, usualLoginServer, type Cloud } from "./cloud.ts";
import { allOf, searchEach, type ResourceManager, type Subscription } from "./resource-manager.ts";
import { isMissing } from "./service-failure.ts";

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
    const visible = await resourceManager.subscriptions(signal);
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

  /** The registries of one subscription. */
  function listIn({ id, name: subscriptionName }: Subscription, signal: AbortSignal) {
    return resourceManager.ask("registries", signal, async (clients, isUsual) => {
      const listed = await allOf(clients.containerRegistry(id).registries.list());
      return listed.map((one) => ({ ...readRegistry(one, isUsual), subscriptionName }));
    });
  }

  /** The registries in every subscription of the scope. If the scope names one, that has to be readable. */
  async function listAll({ subscription: wanted }: RegistryScope, signal: AbortSignal) {
    const doing = "list the registries";
    if (wanted !== undefined) {
      const subscriptions = await subscriptionsIn(wanted, signal);
      const task = { doing: `${doing} of subscription ${wanted}`, area: "registries" } as const;
      const lists = await perform(task, signal, () =>
        Promise.all(subscriptions.map((one) => listIn(one, signal))),
      );
      return { items: lists.flat(), unseen: [] };
    }
    // Usually the registry is in this one, so the search does not wait for the list of subscriptions.
    const usual = isGuid(usualSubscription ?? "") ? usualSubscription?.toLowerCase() : undefined;
    const inUsual = usual === undefined ? undefined : listIn({ id: usual, name: undefined }, signal);
    // If the caller does not see it, a failure there does not matter.
    inUsual?.catch(() => {});
    return searchEach(doing, await subscriptionsIn(undefined, signal), signal, async (one) => {
      if (!inUsual || one.id.toLowerCase() !== usual) return listIn(one, signal);
      return (await inUsual).map((found) => ({ ...found, subscriptionName: one.name }));
    });
  }

  const listAtHome: RegistryReads["listAccess"] & Registries["listRegistries"] = async (scope, signal) => {
    const { items, unseen } = await listAll(scope, signal);
    return { registries: items.filter(isAtHome), unseen };
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
      const { items, unseen } = await listAll(scope, signal);
      const registries = items.map(plain);
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
