import { inOneLine } from "../../../domain/in-one-line.ts";
import {
  checkRoleRights,
  compareRoles,
  foreignLimits,
  rightsChange,
  roleChanges,
  type RolesFinding,
} from "../../identity/pull-role.ts";
import type { SetupInput, SetupPlan } from "../contract.ts";
import type { AttachLook, SeenNodes } from "./look.ts";

/** The nodes of a managed cluster, and what changes in their rights. */
export interface NodesJob extends SeenNodes {
  readonly roles: RolesFinding;
}

/**
 * Decides which roles the nodes are granted, and which of ours they lose.
 * @throws ActionableError `roles.forbidden`, exit 3, and as compareRoles does, exit 2
 */
export function decideRoles(look: AttachLook, input: SetupInput): readonly NodesJob[] {
  const { registry, rights, caller } = look;
  return look.nodes.map((nodes) => {
    // Only a pull is asked for. Whatever else somebody granted the nodes stays.
    const said = { role: undefined, repositories: input.repositories };
    // Nodes have no keys that others could sign in with.
    const roles = compareRoles({ registry, said }, nodes.assignments, undefined, "");
    checkRoleRights(roles, rights, registry, caller.name);
    return { ...nodes, roles };
  });
}

/** What setup would do, as data. */
export function planAttachment({ registry }: AttachLook, jobs: readonly NodesJob[]): SetupPlan {
  const { id, name, loginServer, roleAssignmentMode = null } = registry;
  return {
    registry: { id, name, loginServer, roleAssignmentMode },
    changes: jobs.flatMap(({ roles, cluster, identity }) =>
      roleChanges(roles, registry).map((change) => ({
        ...change,
        target: `${change.target} for the nodes of ${inOneLine(cluster.name)}`,
        after:
          change.after === null
            ? null
            : { ...Object(change.after), identity: inOneLine(identity.resourceId.split("/").at(-1) ?? "") },
      })),
    ),
    warnings: [
      ...(roleAssignmentMode === null
        ? [
            `This cloud's Resource Manager does not report whether ${name} is in ABAC mode: acr-pull assigns the role for a registry in legacy mode, and only the nodes show whether they can pull`,
          ]
        : []),
      ...jobs.flatMap(({ roles, cluster }) =>
        foreignLimits(roles).map(
          (one) =>
            `The nodes of ${inOneLine(cluster.name)} hold a role under a condition that acr-pull did not write (${one.name}): which repositories they may pull is not known`,
        ),
      ),
    ],
    leftOut: [],
    changesRights: jobs.some(({ roles }) => rightsChange(roles) !== undefined),
  };
}
