import { notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { azAcr } from "../remedies.ts";

/** May anybody pull? Then no secret is needed, and a pull does not prove that the secret works. */
export const anonymousPull: Check<EntryFacts> = {
  id: "anonymous-pull",
  needs: ["host"],
  look: ({ registry }) => {
    if (!registry.known) return notKnown(registry);
    if (!registry.value)
      return skip("The registry was not found in Azure, so whether anybody may pull is not known.");
    const { id, name, access } = registry.value;
    const ids = { registryId: id };
    if (!access.anonymousPull) return pass(`Registry ${name} allows no anonymous pulls.`, { ids });
    return warn(`Registry ${name} allows anonymous pulls: its pulls need no secret.`, {
      hint: `If that is not intended: ${azAcr(registry.value, ["update"], { more: ["--anonymous-pull-enabled", "false"] })}`,
      docs: "https://learn.microsoft.com/azure/container-registry/anonymous-pull-access",
      ids,
    });
  },
};
