import { rolesFor } from "../../../domain/role.ts";
import { fail, pass, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { givesPull, isPrincipal, pulls, roleName } from "./outcomes.ts";
import { grantHint } from "./role-assignment.ts";

const docs =
  "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions";

/** Does one of its roles allow pulls from a registry in this mode? AcrPull allows nothing in ABAC mode. */
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
      const ids = { registryId: id, assignmentId: fitting.assignment.id };
      if (mode !== undefined)
        return pass(`${roleName(fitting)} allows pulls from ${name}, which is in ${modeName} mode.`, { ids });
      const modeUnreported = "whose mode this cloud's Resource Manager does not report";
      if (pulls(facts))
        return pass(`${roleName(fitting)} allows pulls from ${name}, ${modeUnreported}.`, { ids });
      return warn(
        `${roleName(fitting)} allows pulls only in one mode of a registry, and ${name} is one ${modeUnreported}.`,
        { docs, ids },
      );
    }
    if (pulls(facts) || roles.value.length === 0) return undefined;
    const right = rolesFor("acrpull", mode)[0]?.name ?? "AcrPull";
    const subject = mode === undefined ? "it" : `a registry in ${modeName} mode`;
    return fail(
      `${roles.value.map(roleName).join(", ")} does not allow pulls from ${name}: ${subject} requires ${right}.`,
      {
        hint: grantHint(facts),
        docs,
        ids: { registryId: id, assignmentId: roles.value[0]?.assignment.id ?? "" },
      },
    );
  },
};
