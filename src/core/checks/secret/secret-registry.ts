import { inOneLine } from "../../../domain/in-one-line.ts";
import { fail, pass, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { changing, setupCommand } from "../remedies.ts";

const mostNamed = 5;

/** Does it hold an entry for the registry that is meant; without one named, for any of Azure's? */
export const secretRegistry: Check<SecretFacts> = {
  id: "secret-registry",
  needs: ["secret-parses"],
  look: ({ config, registryKeys, place, wanted, wantedHost, suggest, writtenBy }) => {
    if (!config) return undefined;
    if (registryKeys.length > 0)
      return pass(`It holds an entry for ${registryKeys.map(inOneLine).join(", ")}.`);
    const hosts = Object.keys(config.auths).map(inOneLine);
    const holds =
      hosts.length === 0
        ? "it is empty"
        : `it is for ${hosts.slice(0, mostNamed).join(", ")}${hosts.length > mostNamed ? ", …" : ""}`;
    const meant =
      wanted === undefined
        ? "a container registry of Azure"
        : wantedHost === undefined || wantedHost === wanted
          ? wanted
          : `${wanted}, whose login server is ${wantedHost}`;
    return fail(`Secret ${place.name} holds no entry for ${meant}: ${holds}.`, {
      hint: changing(
        { writtenBy },
        `Add the entry, and leave the others alone: ${setupCommand(place, suggest, wanted, [["--adopt"]])}`,
      ),
      docs: "https://learn.microsoft.com/azure/container-registry/container-registry-auth-kubernetes",
    });
  },
};
