import pMap from "p-map";
import { refused, type ActionableError } from "../domain/errors.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { RolePermissions } from "../domain/role.ts";
import { assignmentName, type DesiredAssignment, type RoleAssignment } from "../domain/role-assignment.ts";
import { urlPart } from "../domain/url-part.ts";
import { isMissing, knowsConditions } from "./api-versions.ts";
import { undertake } from "./azure-errors.ts";
import { list, record, text, texts, type JsonObject } from "./json-fields.ts";
import { listSubscriptions, type ResourceManager } from "./resource-manager.ts";
import { answerOf, isAnswer } from "./service-failure.ts";

/** How an attempt to assign a role ended, where that is no failure. */
export type AssignOutcome =
  | { readonly kind: "assigned"; readonly assignment: RoleAssignment }
  | { readonly kind: "exists" }
  | { readonly kind: "principal-unknown" };

/** As for registries: far below what Resource Manager allows a caller. */
const subscriptionsAtOnce = 16;

/** Role assignments of registries, by Azure Resource Manager. Fits the port `Roles` of core. */
export function createRoleClient(resourceManager: ResourceManager) {
  async function assignmentsIn(scope: string, filter: string, signal: AbortSignal) {
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments`;
    const listed = await resourceManager.speak("roleAssignments", (service, version) =>
      service.list(`${path}?api-version=${version}&$filter=${urlPart(filter)}`, signal),
    );
    return listed.map(assignmentOf);
  }

  return {
    /**
     * What the caller may do, as its role assignments say; deny assignments and conditions are not looked at. Undefined
     * where they cannot be read for another reason than that the caller may not: then the first write tells.
     */
    async registryRights(
      registryId: string,
      signal: AbortSignal,
    ): Promise<{ writeRoleAssignments: boolean; deleteRoleAssignments: boolean } | undefined> {
      const { name } = partsOf(registryId);
      const doing = { doing: `read the caller's rights on registry ${name}`, area: "registries" } as const;
      return undertake(doing, signal, async () => {
        const path = `${registryId}/providers/Microsoft.Authorization/permissions`;
        try {
          const permissions = await resourceManager.speak("permissions", (service, version) =>
            service.list(`${path}?api-version=${version}`, signal),
          );
          return {
            writeRoleAssignments: grants(permissions, "Microsoft.Authorization/roleAssignments/write"),
            deleteRoleAssignments: grants(permissions, "Microsoft.Authorization/roleAssignments/delete"),
          };
        } catch (error) {
          if (isUnreadable(error)) return undefined;
          throw error;
        }
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
          const { body } = await resourceManager.speak("roleDefinitions", (service, version) =>
            service.send({ method: "GET", path: `${roleDefinitionId}?api-version=${version}` }, signal),
          );
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
          if (isMissing(error)) return undefined;
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
          const { body } = await resourceManager.speak("roleAssignments", (service, version) => {
            if (condition !== undefined && !knowsConditions(version)) throw noConditions(name);
            const request = {
              method: "PUT",
              path: `${path}?api-version=${version}`,
              body: { properties },
            } as const;
            return service.send(request, signal);
          });
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
              if (isAnswer(error, 403) || isMissing(error)) return [];
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
          await resourceManager.speak("roleAssignments", (service, version) =>
            service.send({ method: "DELETE", path: `${id}?api-version=${version}` }, signal),
          );
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      });
    },
  };
}

/** Whether the service could not tell, or no whole answer came; one that says who may ask is heeded. */
function isUnreadable(error: unknown): boolean {
  const status = answerOf(error)?.status;
  return error instanceof ExchangeError || (status !== undefined && status !== 401 && status !== 403);
}

/** A version without conditions heeds none: the role would be wider than what was asked for. */
function noConditions(registryName: string): ActionableError {
  return refused(
    "roles.no-conditions",
    `The Resource Manager of this cloud has no conditions, so a role on ${registryName} cannot be limited to repositories.`,
    "Leave --repository out.",
  );
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
