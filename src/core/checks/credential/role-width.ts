import { pass, warn, type Check } from "../check.ts";
import type { EntryFacts, HeldRole } from "../facts.ts";
import { az } from "../remedies.ts";
import { byGroup, givesMore, isByGroup, isPrincipal, roleName } from "./outcomes.ts";

/** Does it hold more than was asked for, or on more than this registry? Anybody who takes the secret gets all of it. */
export const roleWidth: Check<EntryFacts> = {
  id: "role-width",
  needs: ["host", "principal", "role-assignment"],
  look: (facts) => {
    const { registry, roles, mark } = facts;
    if (!isPrincipal(facts) || !registry.known || !registry.value || !roles.known) return undefined;
    const { id, name } = registry.value;
    const asked = mark?.role ?? "acrpull";
    const wide = roles.value.find(
      (held) =>
        held.assignment.scope.toLowerCase() !== id.toLowerCase() || (asked === "acrpull" && givesMore(held)),
    );
    if (!wide) {
      return roles.value.length === 0
        ? undefined
        : pass(`It has only what ${asked} needs, and only on ${name}.`);
    }
    const { assignment } = wide;
    const above = assignment.scope.toLowerCase() !== id.toLowerCase();
    return warn(
      above
        ? `It has ${roleName(wide)}${byGroup(wide, facts)} not only on ${name} but on all of ${assignment.scope}.`
        : `It has ${roleName(wide)}${byGroup(wide, facts)} on ${name}, which allows more than pulls.`,
      {
        hint: `If nothing else needs it, and once the registry has a role assignment that allows pulls: ${narrowing(wide, facts)}`,
        docs: "https://learn.microsoft.com/azure/role-based-access-control/best-practices",
        ids: { assignmentId: assignment.id, registryId: id },
      },
    );
  },
};

/** How to take the role from this principal, and from nobody else. */
function narrowing(held: HeldRole, facts: EntryFacts): string {
  const { id, principalId } = held.assignment;
  return isByGroup(held, facts)
    ? `take the service principal out of the group ${principalId}`
    : az("role", "assignment", "delete", "--ids", id);
}
