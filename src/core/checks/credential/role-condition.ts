import { repositoriesIn } from "../../../domain/role.ts";
import { fail, pass, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { az, isOwnEntry, suggestSetup } from "../remedies.ts";
import { givesPull, isPrincipal, pulls, registryOf } from "./outcomes.ts";

/** If the role has a condition, does it allow the repository that is pulled? */
export const roleCondition: Check<EntryFacts> = {
  id: "role-condition",
  needs: ["host", "principal", "role-assignment", "role-mode"],
  look: (facts) => {
    const { registry, roles, pull, image, place, suggest, imageIsNamed } = facts;
    if (!isPrincipal(facts) || !registry.known || !registry.value || !roles.known) return undefined;
    const { name, roleAssignmentMode } = registry.value;
    const fitting = roles.value.filter((held) => givesPull(held, roleAssignmentMode));
    const [first] = fitting;
    if (!first || fitting.some(({ assignment }) => assignment.condition === undefined)) return undefined;
    const ids = { assignmentId: first.assignment.id };
    const allowed = repositoriesIn(first.assignment.condition ?? "");
    const shown = allowed.length > 0 ? allowed.join(", ") : "some repositories, by a custom condition";
    if (pulls(facts) || pull?.kind !== "no-pull-scope" || !imageIsNamed) {
      return pass(`The role is limited to ${shown}.`, { ids });
    }
    const widened = suggestSetup(place, suggest, registryOf(facts), [
      ...allowed.map((one) => ["--repository", one] as const),
      ["--repository", image.repository],
    ]);
    const hint =
      isOwnEntry(facts) && allowed.length > 0
        ? `Allow it too: ${widened}`
        : `Ask whoever wrote the condition to allow the repository too: ${az("role", "assignment", "list", "--scope", registry.value.id, "--assignee", facts.credential.username, "--include-inherited", "--include-groups")} shows the condition.`;
    return fail(`The role on ${name} is limited to ${shown}, which do not include ${image.repository}.`, {
      hint,
      docs: "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions",
      ids,
    });
  },
};
