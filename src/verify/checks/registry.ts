import { keysForImage } from "../../domain/kubelet-match.ts";
import { cloudOfLoginServer, registryHostOf } from "../../domain/login-server.ts";
import { fail, pass, warn, type Check, type Verdict } from "../check.ts";
import type { EntryFacts } from "../facts.ts";
import { valueOf } from "../known.ts";
import { az, azAcr, changing, setupAdopting } from "../remedies.ts";

/** The only check of an entry that serves nobody. */
export const hostCheck: Check<EntryFacts> = { id: "host", needs: ["secret-registry"], look: host };

/** Checks of the registry that an entry is for, in the order in which they are shown. */
export const registryChecks: ReadonlyArray<Check<EntryFacts>> = [
  hostCheck,
  { id: "registry-reachable", needs: ["host"], look: isReachable },
];

/**
 * Is the entry's host exactly the login server that images are named by? The kubelet's comparison is case-sensitive,
 * and ignores a scheme before the host.
 */
function host(facts: EntryFacts): Verdict {
  const { key, host, expectedHost, registry, pull, isLeftOver, image, imageIsNamed } = facts;
  const found = valueOf(registry);
  const named = found ? `registry ${found.name}` : "the registry";
  const rewrite = (advice: string) => changing(facts, `${advice}: ${setupAdopting(facts)}`);
  if (isLeftOver) {
    return warn(
      `The secret also holds an entry for ${key}, which is not the login server of ${named}: it serves no image named by ${expectedHost}.`,
    );
  }
  const works = pull !== undefined && pull.kind !== "refused";
  if (expectedHost !== undefined && registryHostOf(host) !== expectedHost && !works) {
    const [from, to] = [cloudOfLoginServer(host), cloudOfLoginServer(expectedHost)];
    const clouds =
      from !== undefined && to !== undefined && from !== to
        ? `: the first is in ${from}, the second in ${to}`
        : "";
    return fail(
      `The entry is for ${key}, but the login server of ${named} is ${expectedHost}${clouds}.`,
      rewrite(`Name images by ${expectedHost}, and write the entry for it`),
    );
  }
  const bare = key.replace(/^https?:\/\//, "");
  const [authority = ""] = bare.split("/");
  // A scheme in capitals is none to the kubelet, so that it remains in the host.
  if (authority !== authority.toLowerCase()) {
    return fail(
      `The entry is for ${key}, with capital letters: to the kubelet that is another host than ${host}.`,
      rewrite("Write it in lower case"),
    );
  }
  const path = bare.slice(authority.length).replace(/^\/(?:v[12]\/)?/, "");
  if (path !== "" && imageIsNamed && keysForImage([key], `${host}/${image.repository}`).length === 0) {
    return fail(
      `The entry is for ${key}: the kubelet uses it only for images below that path, and ${image.repository} is not.`,
      rewrite("Write it for the whole registry"),
    );
  }
  const whole = registryHostOf(host);
  return pass(
    [
      `The entry is for ${host}`,
      whole === host ? "" : `, a regional endpoint of ${whole}`,
      path === "" ? "" : `, and only for images below /${path}`,
      bare === key ? "." : ". The kubelet ignores its scheme.",
      expectedHost === undefined && !registry.known
        ? " Only Azure could tell whether that is the registry's login server."
        : "",
    ].join(""),
  );
}

/**
 * Does the registry answer this machine, and does it let in the nodes as well? Its network rules and its private
 * endpoints may keep out one of them.
 */
function isReachable(facts: EntryFacts): Verdict {
  const { unreachable, host, pull, registry } = facts;
  const access = valueOf(registry)?.access;
  if (unreachable) {
    const gone =
      registry.known && !registry.value
        ? ` Azure shows you no registry with this login server: it may have been deleted, or belong to another subscription: ${az("acr", "list", "--query", "[].loginServer")}.`
        : "";
    return fail(unreachable.message, `${remedyFor(facts)}${gone}`.trim());
  }
  if (!pull) {
    const cloud = cloudOfLoginServer(host);
    return warn(
      `${host} was not asked, so no pull is proven: it is not a registry of this cloud, and passwords go to no other host.`,
      cloud === undefined
        ? "Check --cloud, and that its Resource Manager answers."
        : `Run verify with --cloud ${cloud}.`,
    );
  }
  if (access?.publicAccess === false) {
    return warn(
      `${host} is reachable only through its private endpoints (${access.privateEndpoints}): the nodes must be in a network with one, and resolve its private name.`,
      `List them: ${azAcr(facts, ["private-endpoint-connection", "list"], { flag: "--registry-name" })}`,
    );
  }
  if (access?.opensToAll === false) {
    const rules =
      access.allowedAddresses === 1 ? "one address rule" : `${access.allowedAddresses} address rules`;
    return warn(
      `${host} lets in only selected networks (${rules}): they must include the outbound addresses of the nodes.`,
      `List them: ${azAcr(facts, ["network-rule", "list"])}`,
    );
  }
  return pass(`${host} answers this machine${access ? ", and is open to every network" : ""}.`);
}

/** What to do about a registry that does not answer this machine. */
function remedyFor(facts: EntryFacts): string {
  const { code, hint = "" } = facts.unreachable ?? {};
  if (code === "registry.unreachable") {
    return "Check the network and any proxy or firewall between, for this machine and for the nodes. A registry with only private endpoints is known only inside its network.";
  }
  if (code !== "registry.firewall") return hint;
  if (valueOf(facts.registry)?.access.publicAccess === false) {
    return "Public access to it is off: run verify in a network with one of its private endpoints. The nodes must be in one too.";
  }
  const rule = azAcr(facts, ["network-rule", "add"], { more: ["--ip-address", "ADDRESS"] });
  return `Allow the outbound addresses of the nodes and of this machine: ${rule}. If only the nodes may reach it, run verify inside their network.`;
}
