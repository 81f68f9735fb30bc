import { rolesFor } from "../../../domain/role.ts";
import { fail, notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { az, isOwnEntry, renewingSetup } from "../remedies.ts";
import { byGroup, isPrincipal, pulls, roleName } from "./outcomes.ts";

const docs = "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-portal";

/** Does the service principal hold any role whose scope covers the registry? */
export const roleAssignment: Check<EntryFacts> = {
  id: "role-assignment",
  needs: ["host", "principal"],
  look: (facts) => {
    if (!isPrincipal(facts)) return skip("The registry itself decides what its token may do.");
    const { registry, principal, roles } = facts;
    if (!registry.known) return notKnown(registry);
    if (!registry.value)
      return skip("The registry was not found in Azure, so its role assignments are not known.");
    if (!roles.known) return notKnown(roles);
    const { id, name } = registry.value;
    const objectId = principal.known ? principal.value?.objectId : undefined;
    const [first] = roles.value;
    if (first) {
      const names = roles.value.map((held) => `${roleName(held)}${byGroup(held, facts)}`).join(", ");
      const ids = {
        registryId: id,
        assignmentId: first.assignment.id,
        ...(objectId !== undefined && { objectId }),
      };
      return pass(`It holds ${names} on ${name} or above it.`, { ids });
    }
    const ids = { registryId: id, ...(objectId !== undefined && { objectId }) };
    if (pulls(facts)) {
      return warn(
        `It pulls from ${name}, but Azure shows no role assignment for it there, direct or through a group. If one was just removed, pulls stop within minutes.`,
        { hint: `To keep it pulling: ${grantHint(facts)}`, docs, ids },
      );
    }
    return fail(`The service principal has no role assignment on registry ${name} or above it.`, {
      hint: grantHint(facts),
      docs,
      ids,
    });
  },
};

/** Advice that grants a role that pulls. */
export function grantHint(facts: EntryFacts): string {
  const { registry, principal, writtenBy } = facts;
  const found = registry.known ? registry.value : undefined;
  const byHand =
    found && principal.known && principal.value
      ? az(
          "role",
          "assignment",
          "create",
          "--assignee-object-id",
          principal.value.objectId,
          "--assignee-principal-type",
          "ServicePrincipal",
          "--role",
          rolesFor("acrpull", found.roleAssignmentMode)[0]?.name ?? "AcrPull",
          "--scope",
          found.id,
        )
      : undefined;
  const isOurs = isOwnEntry(facts) && writtenBy === undefined;
  return `Grant it: ${byHand === undefined || isOurs ? renewingSetup(facts) : byHand}`;
}
