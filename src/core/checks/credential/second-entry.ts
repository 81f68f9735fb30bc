import { pass, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { renewingSetup } from "../remedies.ts";
import { registryOf } from "./outcomes.ts";

/** During the grace period of a rotation, the secret also holds the old key. Does that one work? */
export const secondEntry: Check<EntryFacts> = {
  id: "second-entry",
  needs: ["host", "registry-reachable"],
  look: (facts) => {
    const { second, host, place, suggest, mark, isOfAnotherCluster } = facts;
    if (second === undefined) return undefined;
    const until = mark?.retire ? `, until ${mark.retire.after}` : "";
    if (second.kind !== "refused") {
      return pass(`The secret also holds a second password for ${host}, which signs in${until}.`);
    }
    return warn(
      `The secret also holds a second password for ${host}, which is refused: readers that try only one entry may get it.`,
      {
        hint: isOfAnotherCluster
          ? `Give this cluster a service principal of its own: ${renewingSetup(facts)}`
          : `If it is from before a rotation, remove it: ${suggest("rotate", [
              ["--registry", registryOf(facts)],
              ["--context", place.context],
              ["--finish"],
            ])}`,
      },
    );
  },
};
