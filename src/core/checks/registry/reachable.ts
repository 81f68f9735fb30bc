import { cloudOfLoginServer } from "../../../domain/login-server.ts";
import { fail, pass, warn, type Check, type Verdict } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { az, azAcr, namedRegistry } from "../remedies.ts";

/** Does the registry answer this machine? Its network rules and its private endpoints may keep the machine out. */
export const reachable: Check<EntryFacts> = {
  id: "registry-reachable",
  needs: ["host"],
  look: ({ unreachable, host, pull, registry }) => {
    const found = registry.known ? registry.value : undefined;
    const ids = { host, ...(found && { registryId: found.id }) };
    if (!unreachable) {
      return pull ? pass(`${host} answers this machine.`, { ids }) : notAsked(host);
    }
    const { message, code } = unreachable;
    const named = namedRegistry(registry, host);
    const remedies: Readonly<Record<string, string>> = {
      "registry.firewall":
        found?.access.publicAccess === false
          ? "Public access to it is off: run verify in a network with one of its private endpoints. The nodes must be in one too."
          : `Allow the outbound addresses of the nodes and of this machine: ${azAcr(named, ["network-rule", "add"], { more: ["--ip-address", "ADDRESS"] })}. If only the nodes may reach it, run verify inside their network.`,
      "registry.unreachable":
        "Check the network and any proxy or firewall between, for this machine and for the nodes. A registry with only private endpoints is known only inside its network.",
    };
    return fail(message, {
      hint: `${remedies[code] ?? unreachable.hint ?? ""}${
        registry.known && !registry.value
          ? ` Azure shows you no registry with this login server: it may have been deleted, or belong to another subscription: ${az("acr", "list", "--query", "[].loginServer")}.`
          : ""
      }`.trim(),
      docs:
        unreachable.docs ??
        "https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-access",
      ids,
    });
  },
};

/** Without an answer nothing is proven, and nothing is known to fail. */
function notAsked(host: string): Verdict {
  const cloud = cloudOfLoginServer(host);
  return warn(
    `${host} was not asked, so no pull is proven: it is not a registry of this cloud, and passwords go to no other host.`,
    {
      hint:
        cloud === undefined
          ? "Check --cloud, and that its Resource Manager answers."
          : `Run verify with --cloud ${cloud}.`,
      ids: { host },
    },
  );
}
