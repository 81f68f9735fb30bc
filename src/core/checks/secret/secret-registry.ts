import { asking } from "../../../domain/closest-name.ts";
import { keysForImage } from "../../../domain/kubelet-match.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { fail, pass, skip, warn, type Check } from "../check.ts";
import type { SecretFacts } from "../facts.ts";
import { az, changing, suggestRemove, setupAdvice, suggestSetup } from "../remedies.ts";

const mostNamed = 5;
const docs = "https://learn.microsoft.com/azure/container-registry/container-registry-auth-kubernetes";

/** Does it hold an entry for the registry that is meant or, if none was named, for any Azure registry? */
export const secretRegistry: Check<SecretFacts> = {
  id: "secret-registry",
  needs: ["secret-parses"],
  look: (facts) => {
    const { config, registryKeys, place, wanted, wantedHost, wantedMissing, suggest, cloud } = facts;
    if (!config) return undefined;
    if (registryKeys.length > 0)
      return pass(`It holds an entry for ${registryKeys.map(inOneLine).join(", ")}.`);
    const begun = unfinished(facts);
    if (begun?.removes) {
      return fail(
        `Secret ${place.name} no longer holds a password for ${begun.host}: a removal was interrupted.`,
        {
          hint: `Run the same remove again, or only for this secret: ${suggestRemove(place, suggest, wanted ?? begun.host)}`,
        },
      );
    }
    if (begun) {
      return fail(`Secret ${place.name} holds no password for ${begun.host} yet: a setup was interrupted.`, {
        hint: `Run the same setup again to continue: ${suggestSetup(place, suggest, wanted ?? begun.host)}`,
        docs,
      });
    }
    const hosts = Object.keys(config.auths).map(inOneLine);
    const holds =
      hosts.length === 0
        ? "it is empty"
        : `it is for ${hosts.slice(0, mostNamed).join(", ")}${hosts.length > mostNamed ? ", …" : ""}`;
    if (!cloud.known && hosts.length > 0) {
      return skip(
        `Whether one of its hosts is a registry of the cloud is not known: ${holds}. ${cloud.why}`,
        {
          hint: cloud.hint,
        },
      );
    }
    if (wanted !== undefined && wantedMissing) {
      return fail(
        `Secret ${place.name} holds no entry for ${wanted}, and Azure shows you no such registry: ${holds}.`,
        {
          hint: `${asking("Check --registry.", facts.registryMeant)} To list those of a subscription: ${az("acr", "list", "--query", "[].loginServer")}`,
          docs,
        },
      );
    }
    const wide = Object.keys(config.auths).find(isForAll);
    if (wanted === undefined && wide !== undefined) {
      return warn(
        `It holds an entry for ${inOneLine(wide)}, which the kubelet uses for every registry whose name matches: none was asked, so no pull is proven.`,
        {
          hint: `Name one: ${suggest("verify", [
            ["--registry", "REGISTRY"],
            ["--namespace", place.namespace],
            ["--context", place.context],
          ])}`,
          docs,
        },
      );
    }
    const meant =
      wanted === undefined
        ? "an Azure container registry"
        : wantedHost === undefined || wantedHost === wanted
          ? wanted
          : `${wanted}, whose login server is ${wantedHost}`;
    return fail(`Secret ${place.name} holds no entry for ${meant}: ${holds}.`, {
      hint: changing(facts, setupAdvice("Add the entry, and leave the others alone", facts, [["--adopt"]])),
      docs,
    });
  },
};

/** What an interrupted run of ours began with the registry that is meant; undefined if there is no such run. */
function unfinished({
  secret,
  wanted,
  wantedHost,
}: SecretFacts): { readonly host: string; readonly removes: boolean } | undefined {
  if (!secret) return undefined;
  for (const [host, { appId, pending }] of Object.entries(secret.marks)) {
    const isMeant = wanted === undefined || host === (wantedHost ?? wanted).toLowerCase();
    const removes = pending?.removes === true;
    if (pending && isMeant && (removes || appId === undefined)) return { host: inOneLine(host), removes };
  }
  return undefined;
}

/** Whether a key has a wildcard in place of the registry's name. */
function isForAll(key: string): boolean {
  return (
    key.includes("*") &&
    ["io", "us", "cn"].some((end) => keysForImage([key], `any.azurecr.${end}`).length > 0)
  );
}
