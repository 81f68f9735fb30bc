import pMap from "p-map";
import type { RolePermissions } from "../domain/role.ts";
import { assignmentName, type DesiredAssignment, type RoleAssignment } from "../domain/role-assignment.ts";
import { undertake } from "./azure-errors.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { list, record, text, texts, type JsonObject } from "./json-fields.ts";
import { apiVersion, createResourceManager, listSubscriptions } from "./resource-manager.ts";
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
  const resourceManager = createResourceManager(cloud, credential, http);

  async function assignmentsIn(scope: string, filter: string, signal: AbortSignal) {
    const query = `${apiVersion.authorization}&$filter=${encodeURIComponent(filter)}`;
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?${query}`;
    return (await resourceManager.list(path, signal)).map(assignmentOf);
  }

  return {
    /** What the caller may do, as its role assignments say; deny assignments and conditions are not looked at. */
    async registryRights(registryId: string, signal: AbortSignal) {
      const { name } = partsOf(registryId);
      const doing = { doing: `read the caller's rights on registry ${name}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const path = `${registryId}/providers/Microsoft.Authorization/permissions?${apiVersion.authorization}`;
        const permissions = await resourceManager.list(path, signal);
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
        const below = `${registryId.toLowerCase()}/`;
        const listed = await assignmentsIn(registryId, `principalId eq '${principalId}'`, signal);
        return listed.filter(({ scope }) => !scope.toLowerCase().startsWith(below));
      });
    },

    /** What the principal holds on the registry or above it, be it by itself or by a group that it is a member of. */
    async listHeldAssignments(
      registryId: string,
      principalId: string,
      signal: AbortSignal,
    ): Promise<readonly RoleAssignment[]> {
      const doing = { doing: `list the roles of principal ${principalId}`, area: "registries" } as const;
      return undertake(doing, signal, () =>
        // Groups within groups count too: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
        assignmentsIn(registryId, `atScope() and assignedTo('${principalId}')`, signal),
      );
    },

    /** Every assignment made on the registry itself: what is inherited from above it is left out. */
    async listRegistryAssignments(
      registryId: string,
      signal: AbortSignal,
    ): Promise<readonly RoleAssignment[]> {
      const { name } = partsOf(registryId);
      const doing = { doing: `list the role assignments of registry ${name}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        // Spares what lies below; what lies above comes all the same.
        const listed = await assignmentsIn(registryId, "atScope()", signal);
        return listed.filter(({ scope }) => scope.toLowerCase() === registryId.toLowerCase());
      });
    },

    /** What a role lets its holder do; undefined when there is no such role any more. */
    async findRole(roleDefinitionId: string, signal: AbortSignal): Promise<RolePermissions | undefined> {
      const doing = { doing: `read the role ${roleDefinitionId}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        try {
          const path = `${roleDefinitionId}?${apiVersion.authorization}`;
          const { body } = await resourceManager.send({ method: "GET", path }, signal);
          const { roleName, permissions } = record(body?.["properties"]);
          return {
            name: text(roleName) ?? "",
            sets: list(permissions)
              .map(record)
              .map(({ actions, notActions, dataActions, notDataActions }) => ({
                actions: texts(actions),
                notActions: texts(notActions),
                dataActions: texts(dataActions),
                notDataActions: texts(notDataActions),
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
          const guid = assignmentName(registryId, principalId, role.guid);
          const path = `${registryId}/providers/Microsoft.Authorization/roleAssignments/${guid}`;
          const properties = {
            // As az compares them, in exactly this form.
            roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.guid}`,
            principalId,
            // Spares Resource Manager a look into a part of the directory that may not know the principal yet.
            principalType: "ServicePrincipal",
            ...(condition === undefined ? {} : { condition, conditionVersion: "2.0" }),
          };
          const { body } = await resourceManager.send(
            { method: "PUT", path: `${path}?${apiVersion.authorization}`, body: { properties } },
            signal,
          );
          return { kind: "assigned", assignment: assignmentOf(body ?? {}) };
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
        const subscriptions = await listSubscriptions(resourceManager, signal);
        const lists = await pMap(
          subscriptions,
          async ({ id }) => {
            try {
              return await assignmentsIn(`/subscriptions/${id}`, `principalId eq '${principalId}'`, signal);
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
          const path = `${id}?${apiVersion.authorization}`;
          await resourceManager.send({ method: "DELETE", path }, signal);
        } catch (error) {
          if (!isAnswer(error, 404)) throw error;
        }
      });
    },
  };
}

/** Whether these permissions grant an action: some set lists it and does not take it back. */
export function grants(permissions: readonly JsonObject[], action: string): boolean {
  const matches = (patterns: unknown) => texts(patterns).some((pattern) => wildcard(pattern).test(action));
  return permissions.some(({ actions, notActions }) => matches(actions) && !matches(notActions));
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`, "i");
}

function assignmentOf(listed: JsonObject): RoleAssignment {
  const { roleDefinitionId, principalId, scope, condition } = record(listed["properties"]);
  return {
    id: text(listed["id"]) ?? "",
    name: text(listed["name"]) ?? "",
    roleDefinitionId: text(roleDefinitionId) ?? "",
    principalId: text(principalId) ?? "",
    scope: text(scope) ?? "",
    condition: text(condition),
  };
}

function partsOf(resourceId: string): { subscription: string; name: string } {
  const [, , subscription = "", , , , , , name = ""] = resourceId.split("/");
  return { subscription, name };
}
