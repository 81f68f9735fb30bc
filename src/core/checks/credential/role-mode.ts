import { rolesFor } from "../../../domain/role.ts";
import { fail, pass, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { givesPull, isPrincipal, pulls, roleName } from "./outcomes.ts";
import { grantHint } from "./role-assignment.ts";

/** Does a role that it holds give pulls on a registry of this mode? AcrPull does nothing on one in ABAC mode. */
export const roleMode: Check<EntryFacts> = {
  id: "role-mode",
  needs: ["host", "principal", "role-assignment"],
  look: (facts) => {
    const { registry, roles } = facts;
    if (!isPrincipal(facts) || !registry.known || !registry.value || !roles.known) return undefined;
    const { id, name, roleAssignmentMode: mode } = registry.value;
    const modeName = mode === "AbacRepositoryPermissions" ? "ABAC" : "legacy";
    const fitting = roles.value.find((held) => givesPull(held, mode));
    if (fitting) {
      return pass(`${roleName(fitting)} gives pulls on ${name}, which is in ${modeName} mode.`, {
        ids: { registryId: id, assignmentId: fitting.assignment.id },
      });
    }
    if (pulls(facts) || roles.value.length === 0) return undefined;
    const right = rolesFor("acrpull", mode)[0]?.name ?? "AcrPull";
    return fail(
      `${roles.value.map(roleName).join(", ")} gives no pull on ${name}: a registry in ${modeName} mode wants ${right}.`,
      {
        hint: grantHint(facts),
        docs: "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions",
        ids: { registryId: id, assignmentId: roles.value[0]?.assignment.id ?? "" },
      },
    );
  },
};
