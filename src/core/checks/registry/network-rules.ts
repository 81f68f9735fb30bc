import { notKnown, pass, skip, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { azAcr } from "../remedies.ts";

const docs =
  "https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks";

/** Whom does the registry let in, by its settings in Azure? It may let in this machine but not the nodes. */
export const networkRules: Check<EntryFacts> = {
  id: "network-rules",
  needs: ["host"],
  look: ({ registry }) => {
    if (!registry.known) return notKnown(registry);
    if (!registry.value)
      return skip("The registry was not found in Azure, so its network rules are not known.");
    const { id, name, access } = registry.value;
    const ids = { registryId: id };
    if (!access.publicAccess) {
      return warn(
        `Registry ${name} is reachable only through its private endpoints (${access.privateEndpoints}): the nodes must be in a network with one, and resolve its private name.`,
        {
          hint: `List them: ${azAcr(registry.value, ["private-endpoint-connection", "list"], { flag: "--registry-name" })}`,
          docs: "https://learn.microsoft.com/azure/container-registry/container-registry-private-endpoints",
          ids,
        },
      );
    }
    if (!access.opensToAll) {
      return warn(
        `Registry ${name} lets in only selected networks (${access.allowedAddresses === 1 ? "one address rule" : `${access.allowedAddresses} address rules`}): they must include the outbound addresses of the nodes.`,
        { hint: `List them: ${azAcr(registry.value, ["network-rule", "list"])}`, docs, ids },
      );
    }
    return pass(`Registry ${name} is open to every network.`, { ids });
  },
};
