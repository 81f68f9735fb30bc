import type { Permission, RoleAssignment as ListedAssignment } from "@azure/arm-authorization";
import type { RoleReads, Roles } from "../core/ports.ts";
import { refused } from "../domain/errors.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import { assignmentName, type RoleAssignment } from "../domain/role-assignment.ts";
import { perform } from "./azure-errors.ts";
import { allOf, searchEach, type ResourceManager } from "./resource-manager.ts";
import { isMissing, isRefusal, ServiceFailure } from "./service-failure.ts";

/** Reads and changes role assignments of registries, through Azure Resource Manager. */
export function createRoleClient(resourceManager: ResourceManager): Roles & RoleReads {
  /** Reads something. Its failure says what was being read. */
  const reading = <T>(what: string, signal: AbortSignal, read: () => Promise<T>): Promise<T> =>
    perform({ doing: what, area: "registries" }, signal, read);

  async function assignmentsIn(scope: string, filter: string, signal: AbortSignal) {
    const listed = await resourceManager.ask("authorization", signal, (clients) => {
      const { roleAssignments } = clients.authorization(partsOf(scope).subscription);
      return allOf(roleAssignments.listForScope(withoutSlash(scope), { filter }));
    });
    return listed.map(assignmentOf);
  }

  return {
    readyToWrite: (signal) => resourceManager.readyToWrite(signal),

    registryRights(registryId, signal) {
      const { subscription, group, name } = partsOf(registryId);
      return reading(`read the caller's rights on registry ${name}`, signal, async () => {
        try {
          const permissions = await resourceManager.ask("authorization", signal, (clients) => {
            const listed = clients.authorization(subscription).permissions;
            return allOf(
              listed.listForResource(group, "Microsoft.ContainerRegistry", "", "registries", name),
            );
          });
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

    listAssignments: (registryId, principalId, signal) =>
      reading(`list the roles of principal ${principalId}`, signal, async () => {
        const below = `${registryId.toLowerCase()}/`;
        const listed = await assignmentsIn(registryId, `principalId eq '${principalId}'`, signal);
        return listed.filter(({ scope }) => !scope.toLowerCase().startsWith(below));
      }),

    listHeldAssignments: (registryId, principalId, signal) =>
      reading(`list the roles of principal ${principalId}`, signal, () =>
        // Nested groups count too:
        // https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
        assignmentsIn(registryId, `atScope() and assignedTo('${principalId}')`, signal),
      ),

    listRegistryAssignments: (registryId, signal) =>
      reading(`list the role assignments of registry ${partsOf(registryId).name}`, signal, async () => {
        // This filter leaves out assignments below the registry, but not those above it.
        const listed = await assignmentsIn(registryId, "atScope()", signal);
        return listed.filter(({ scope }) => scope.toLowerCase() === registryId.toLowerCase());
      }),

    findRole: (roleDefinitionId, signal) =>
      reading(`read the role ${roleDefinitionId}`, signal, async () => {
        const { subscription } = partsOf(roleDefinitionId);
        try {
          const { roleName = "", permissions = [] } = await resourceManager.ask(
            "authorization",
            signal,
            (clients) =>
              clients.authorization(subscription).roleDefinitions.getById(withoutSlash(roleDefinitionId)),
          );
          return { name: roleName, sets: permissions.map((set) => ({ ...noActions, ...set })) };
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),

    assignRole(registryId, principalId, { role, condition, name: given }, signal) {
      const { subscription, name } = partsOf(registryId);
      const task = {
        doing: `assign the role ${role.name} on registry ${name}`,
        area: "roles",
        hintOnCondition: `A condition limits which roles you may assign. Ask whoever gave you that right to allow the role ${role.name} (${role.guid}) for the principal type ServicePrincipal, or have an Owner of the registry run this.`,
      } as const;
      return perform(task, signal, async () => {
        const parameters = {
          // az compares role definition ids in exactly this form.
          roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.guid}`,
          principalId,
          // With this, Resource Manager does not look the principal up in a replica that may not know it yet.
          principalType: "ServicePrincipal",
          ...(condition === undefined ? {} : { condition, conditionVersion: "2.0" }),
        };
        const guid = given ?? assignmentName(registryId, principalId, role.guid);
        try {
          const assignment = await resourceManager.ask("authorization", signal, (clients, isUsual) => {
            // An older version may ignore the condition: the role would be wider than was asked for.
            // https://learn.microsoft.com/azure/role-based-access-control/conditions-faq
            if (condition !== undefined && !isUsual) throw noConditions(name);
            const { roleAssignments } = clients.authorization(subscription);
            return roleAssignments.create(withoutSlash(registryId), guid, parameters);
          });
          return { kind: "assigned", assignment: assignmentOf(assignment) };
        } catch (error) {
          // Also while Azure is busy with another change of it.
          if (isRefusal(error, 409, "RoleAssignmentExists") || isRefusal(error, 409, "Conflict")) {
            return { kind: "exists" };
          }
          if (isRefusal(error, 400, "PrincipalNotFound")) return { kind: "principal-unknown" };
          throw error;
        }
      });
    },

    async listVisibleAssignments(principalId, signal) {
      const { items, unseen } = await searchEach(
        `list the roles of principal ${principalId}`,
        await resourceManager.subscriptions(signal),
        signal,
        ({ id }) => assignmentsIn(`/subscriptions/${id}`, `principalId eq '${principalId}'`, signal),
      );
      const [failure] = unseen;
      if (failure) throw failure;
      // An assignment above the subscriptions is listed in each of them.
      return [...new Map(items.map((one) => [one.id.toLowerCase(), one])).values()];
    },

    removeAssignment: (id, signal) =>
      perform({ doing: "remove a role assignment", area: "roles" }, signal, async () => {
        try {
          await resourceManager.ask("authorization", signal, (clients) =>
            clients.authorization(partsOf(id).subscription).roleAssignments.deleteById(withoutSlash(id)),
          );
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      }),
  };
}

/** Whether the service could not say, or did not answer. A refusal of the caller is not such a failure. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof ExchangeError) return true;
  return error instanceof ServiceFailure && error.status !== 401 && error.status !== 403;
}

function noConditions(registryName: string) {
  return refused(
    "repository.needs-abac",
    `This cloud's Resource Manager does not support conditions, so a role on ${registryName} cannot be limited to repositories.`,
    "Omit --repository.",
  );
}

/** Whether these permissions grant an action: some set lists it and does not exclude it. */
export function grants(permissions: readonly Permission[], action: string): boolean {
  const matches = (patterns: readonly string[] = []) =>
    patterns.some((pattern) => wildcard(pattern).test(action));
  return permissions.some(({ actions, notActions }) => matches(actions) && !matches(notActions));
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`, "i");
}

const noActions = { actions: [], notActions: [], dataActions: [], notDataActions: [] };

function assignmentOf(listed: ListedAssignment): RoleAssignment {
  const { id = "", name = "", roleDefinitionId = "", principalId = "", scope = "", condition } = listed;
  // A condition that was never set may be null.
  return { id, name, roleDefinitionId, principalId, scope, condition: condition || undefined };
}

function partsOf(resourceId: string): { subscription: string; group: string; name: string } {
  const [, , subscription = "", , group = "", , , , name = ""] = resourceId.split("/");
  return { subscription, group, name };
}

/** An id without its leading slash, which the SDK adds. */
function withoutSlash(id: string): string {
  return id.replace(/^\/+/, "");
}
