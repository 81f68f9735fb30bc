import { keysForImage } from "../../../domain/kubelet-match.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { cloudOfLoginServer, registryHostOf } from "../../../domain/login-server.ts";
import { fail, pass, warn, type Check } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { changing, suggestSetup } from "../remedies.ts";

const docs = "https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference";

/**
 * Is the entry's host exactly the login server that images are named by? The kubelet's comparison is case-sensitive,
 * and ignores a scheme before the host.
 */
export const host: Check<EntryFacts> = {
  id: "host",
  needs: ["secret-registry"],
  look: (facts) => {
    const { key, host, expectedHost, registry, pull, place, suggest, isLeftOver, writtenBy } = facts;
    const { image, imageIsNamed } = facts;
    const spelled = inOneLine(key);
    const found = registry.known ? registry.value : undefined;
    const ids = { host, ...(found && { registryId: found.id }) };
    const replace = suggestSetup(place, suggest, found?.name ?? expectedHost ?? host, [["--adopt"]]);
    const works =
      pull?.kind === "allowed" || pull?.kind === "image-missing" || pull?.kind === "no-pull-scope";
    if (isLeftOver) {
      return warn(
        `The secret also holds an entry for ${spelled}, which is not the login server of ${found ? `registry ${found.name}` : "the registry"}: it serves no image named by ${expectedHost}.`,
        { docs, ids },
      );
    }
    if (expectedHost !== undefined && registryHostOf(host) !== expectedHost && !works) {
      return fail(
        `The entry is for ${spelled}, but the login server of ${found ? `registry ${found.name}` : "the registry"} is ${expectedHost}${otherCloud(host, expectedHost)}.`,
        {
          hint: changing(
            { writtenBy },
            `Name images by ${expectedHost}, and write the entry for it: ${replace}`,
          ),
          docs,
          ids,
        },
      );
    }
    const authority = key.replace(/^https?:\/\//, "").split("/")[0] ?? "";
    if (authority !== authority.toLowerCase() || /^HTTPS?:/i.exec(key)?.[0].match(/[A-Z]/)) {
      return fail(
        `The entry is for ${spelled}, with capital letters: to the kubelet that is another host than ${host}.`,
        { hint: changing({ writtenBy }, `Write it in lower case: ${replace}`), docs, ids },
      );
    }
    const path = key.replace(/^https?:\/\//, "").slice(authority.length);
    const isLimited = path.replace(/^\/(?:v[12]\/)?/, "") !== "";
    if (isLimited && imageIsNamed && keysForImage([key], `${host}/${image.repository}`).length === 0) {
      return fail(
        `The entry is for ${spelled}: the kubelet uses it only for images below that path, and ${image.repository} is not.`,
        { hint: changing({ writtenBy }, `Write it for the whole registry: ${replace}`), docs, ids },
      );
    }
    const regional = registryHostOf(host) === host ? "" : `, a regional endpoint of ${registryHostOf(host)}`;
    const scheme = /^https?:\/\//.test(key) ? " The kubelet ignores its scheme." : "";
    const why =
      expectedHost === undefined && !registry.known
        ? " Only Azure could tell whether that is the registry's login server."
        : "";
    const below = isLimited ? `, and only for images below ${inOneLine(path)}` : "";
    return pass(`The entry is for ${host}${regional}${below}.${scheme}${why}`, { ids });
  },
};

function otherCloud(one: string, other: string): string {
  const [from, to] = [cloudOfLoginServer(one), cloudOfLoginServer(other)];
  return from !== undefined && to !== undefined && from !== to
    ? `: the first is in ${from}, the second in ${to}`
    : "";
}
