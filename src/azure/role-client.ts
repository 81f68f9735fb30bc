import { SubscriptionClient } from "@azure/arm-resources-subscriptions";
import pMap from "p-map";
import { AuthorizationManagementClient, type Permission } from "@azure/arm-authorization";
import {
  assignmentName,
  type DesiredAssignment,
  type RoleAssignment,
  type RolePermissions,
} from "../domain/role.ts";
import { undertake } from "./azure-errors.ts";
import { isIdempotent, type AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { isAnswer } from "./service-failure.ts";

/** How an attempt to assign a role ended, where that is no failure. */
export type AssignOutcome =
  | { readonly kind: "assigned"; readonly assignment: RoleAssignment }
  | { readonly kind: "exists" }
  | { readonly kind: "principal-unknown" };

/** As for registries: far below what Resource Manager allows a caller. */
const subscriptionsAtOnce = 16;

/** Role assignments of registries, by Azure Resource Manager. Fits the port `Roles` of core. */
export function createRoleClient(cloud: Cloud, credential: Credential, http: AzureHttp) {
  const options = {
    ...http.clientOptions(isIdempotent),
    endpoint: cloud.resourceManager,
    credentialScopes: cloud.resourceManagerScope,
  };
  const clientIn = (subscription: string) =>
    new AuthorizationManagementClient(credential, subscription, options);
  const clientOf = (registryId: string) => clientIn(partsOf(registryId).subscription);

  return {
    /** What the caller may do, as its role assignments say; deny assignments and conditions are not looked at. */
    async registryRights(registryId: string, signal: AbortSignal) {
      const { group, name } = partsOf(registryId);
      const doing = { doing: `read the caller's rights on registry ${name}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const pages = clientOf(registryId).permissions.listForResource(
          group,
          "Microsoft.ContainerRegistry",
          "",
          "registries",
          name,
          { abortSignal: signal },
        );
        const permissions = await allOf(pages);
        return {
          writeRoleAssignments: grants(permissions, "Microsoft.Authorization/roleAssignments/write"),
          deleteRoleAssignments: grants(permissions, "Microsoft.Authorization/roleAssignments/delete"),
        };
      });
    },

    /** Assignments of the principal on the registry itself and inherited from above it. */
    async listAssignments(
      registryId: string,
      principalId: string,
      signal: AbortSignal,
    ): Promise<readonly RoleAssignment[]> {
      const doing = { doing: `list the roles of principal ${principalId}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const pages = clientOf(registryId).roleAssignments.listForScope(withoutSlash(registryId), {
          filter: `principalId eq '${principalId}'`,
          abortSignal: signal,
        });
        const below = `${registryId.toLowerCase()}/`;
        return (await allOf(pages))
          .map(assignmentOf)
          .filter(({ scope }) => !scope.toLowerCase().startsWith(below));
      });
    },

    /** What the principal holds on the registry or above it, be it by itself or by a group that it is a member of. */
    async listHeldAssignments(
      registryId: string,
      principalId: string,
      signal: AbortSignal,
    ): Promise<readonly RoleAssignment[]> {
      const doing = { doing: `list the roles of principal ${principalId}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const pages = clientOf(registryId).roleAssignments.listForScope(withoutSlash(registryId), {
          // Groups within groups count too: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
          filter: `atScope() and assignedTo('${principalId}')`,
          abortSignal: signal,
        });
        return (await allOf(pages)).map(assignmentOf);
      });
    },

    /** Every assignment made on the registry itself: what is inherited from above it is left out. */
    async listRegistryAssignments(
      registryId: string,
      signal: AbortSignal,
    ): Promise<readonly RoleAssignment[]> {
      const { name } = partsOf(registryId);
      const doing = { doing: `list the role assignments of registry ${name}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const pages = clientOf(registryId).roleAssignments.listForScope(withoutSlash(registryId), {
          // Spares what lies below; what lies above comes all the same.
          filter: "atScope()",
          abortSignal: signal,
        });
        return (await allOf(pages))
          .map(assignmentOf)
          .filter(({ scope }) => scope.toLowerCase() === registryId.toLowerCase());
      });
    },

    /** What a role lets its holder do; undefined when there is no such role any more. */
    async findRole(roleDefinitionId: string, signal: AbortSignal): Promise<RolePermissions | undefined> {
      const doing = { doing: `read the role ${roleDefinitionId}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        try {
          const { roleName = "", permissions = [] } = await clientOf(
            roleDefinitionId,
          ).roleDefinitions.getById(withoutSlash(roleDefinitionId), { abortSignal: signal });
          return {
            name: roleName,
            sets: permissions.map(({ actions, notActions, dataActions, notDataActions }) => ({
              actions: actions ?? [],
              notActions: notActions ?? [],
              dataActions: dataActions ?? [],
              notDataActions: notDataActions ?? [],
            })),
          };
        } catch (error) {
          if (isAnswer(error, 404)) return undefined;
          throw error;
        }
      });
    },

    /** PUT with the derived name; the same again is the same, another condition replaces the one before. */
    async assignRole(
      registryId: string,
      principalId: string,
      { role, condition }: DesiredAssignment,
      signal: AbortSignal,
    ): Promise<AssignOutcome> {
      const { subscription, name } = partsOf(registryId);
      const doing = { doing: `assign the role ${role.name} on registry ${name}`, area: "roles" } as const;
      return undertake(doing, signal, async () => {
        try {
          const assignment = await clientOf(registryId).roleAssignments.create(
            // The SDK puts a slash of its own before it.
            withoutSlash(registryId),
            assignmentName(registryId, principalId, role.guid),
            {
              // As az compares them, in exactly this form.
              roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.guid}`,
              principalId,
              // Spares Resource Manager a look into a part of the directory that may not know the principal yet.
              principalType: "ServicePrincipal",
              ...(condition === undefined ? {} : { condition, conditionVersion: "2.0" }),
            },
            { abortSignal: signal },
          );
          return { kind: "assigned", assignment: assignmentOf(assignment) };
        } catch (error) {
          if (isAnswer(error, 409, "RoleAssignmentExists")) return { kind: "exists" };
          if (isAnswer(error, 400, "PrincipalNotFound")) return { kind: "principal-unknown" };
          throw error;
        }
      });
    },

    /** Whatever the principal holds, at any scope, in the subscriptions that the caller sees. */
    async listVisibleAssignments(
      principalId: string,
      signal: AbortSignal,
    ): Promise<readonly RoleAssignment[]> {
      const doing = { doing: `list the roles of principal ${principalId}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const client = new SubscriptionClient(credential, options);
        const subscriptions = await allOf(client.subscriptions.list({ abortSignal: signal }));
        const lists = await pMap(
          subscriptions,
          async ({ subscriptionId = "" }) => {
            try {
              const filter = `principalId eq '${principalId}'`;
              const pages = clientIn(subscriptionId).roleAssignments.listForSubscription({
                filter,
                abortSignal: signal,
              });
              return (await allOf(pages)).map(assignmentOf);
            } catch (error) {
              // What the caller may not see there, or of a subscription on its way out, is not visible.
              if (isAnswer(error, 403) || isAnswer(error, 404)) return [];
              throw error;
            }
          },
          { concurrency: subscriptionsAtOnce, signal },
        );
        // What is granted above them all shows in each.
        return [...new Map(lists.flat().map((one) => [one.id.toLowerCase(), one])).values()];
      });
    },

    /** Fine when it is gone. */
    async removeAssignment(id: string, signal: AbortSignal): Promise<void> {
      await undertake({ doing: "remove a role assignment", area: "roles" }, signal, async () => {
        try {
          await clientOf(id).roleAssignments.deleteById(withoutSlash(id), { abortSignal: signal });
        } catch (error) {
          if (!isAnswer(error, 404)) throw error;
        }
      });
    },
  };
}

/** Whether these permissions grant an action: some set lists it and does not take it back. */
export function grants(permissions: readonly Permission[], action: string): boolean {
  const matches = (patterns: readonly string[] | undefined) =>
    (patterns ?? []).some((pattern) => wildcard(pattern).test(action));
  return permissions.some(({ actions, notActions }) => matches(actions) && !matches(notActions));
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`, "i");
}

interface ListedAssignment {
  readonly id?: string;
  readonly name?: string;
  readonly roleDefinitionId?: string;
  readonly principalId?: string;
  readonly scope?: string;
  readonly condition?: string;
}

function assignmentOf(listed: ListedAssignment): RoleAssignment {
  const { id = "", name = "", roleDefinitionId = "", principalId = "", scope = "", condition } = listed;
  // A condition never set may come as null.
  return { id, name, roleDefinitionId, principalId, scope, condition: condition ?? undefined };
}

async function allOf<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

function partsOf(resourceId: string): { subscription: string; group: string; name: string } {
  const [, , subscription = "", , group = "", , , , name = ""] = resourceId.split("/");
  return { subscription, group, name };
}

function withoutSlash(id: string): string {
  return id.replace(/^\/+/, "");
}
