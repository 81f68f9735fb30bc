import type { ActionableError } from "../../domain/errors.ts";
import type { Application } from "../../domain/identity.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { applicationUniqueName, isKeyOf, type EntryMark } from "../../domain/ownership.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import { timeText } from "../../domain/time-text.ts";
import { isMeant } from "../cluster/registry-meant.ts";
import { namedBy } from "../cluster/key-holders.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { OrphanKey, StatusResult } from "./contract.ts";
import type { DirectoryFacts } from "./ask-directory.ts";

/** Why it cannot be told which keys of a cluster nothing holds. */
export type OrphansUnknown = NonNullable<StatusResult["orphansUnknown"]>;

/** Why it cannot be told which keys of a cluster nothing holds; undefined where it can. */
export function orphansUnknownOf({
  whole,
  identified,
  contexts,
}: Pick<ClusterView, "whole" | "identified" | "contexts">): OrphansUnknown | undefined {
  if (!whole) return cannotSeeAll(contexts);
  if (identified) return undefined;
  return {
    code: "status.cluster-not-known",
    message: `The namespace kube-system may not be read in context ${namesOf(contexts)}, and marks, which alone tell which cluster it is, may have been copied from another one that uses the key`,
  };
}

/** A key may be held where nobody could look. */
export function cannotSeeAll(contexts: readonly string[]): OrphansUnknown {
  return {
    code: "status.cannot-see-all-namespaces",
    message: `Secrets may not be listed in every namespace of context ${namesOf(contexts)}, so a key that none of those holds may be in use in another`,
  };
}

function namesOf(contexts: readonly string[]): string {
  return contexts.map(inOneLine).join(", ");
}

/** Keys may be left of applications that no secret names. */
export function cannotSearch({ code, message }: ActionableError): OrphansUnknown {
  return { code, message: `applications that no secret names could not be looked for. ${message}` };
}

/** Whether it can be told of a cluster which keys nothing holds. */
export function isTold(cluster: ClusterView): boolean {
  return orphansUnknownOf(cluster) === undefined;
}

/** Nothing leads from a registry's name to the applications that are left of it. */
export function loginServerUnknown(): OrphansUnknown {
  return {
    code: "status.registry-not-known",
    message:
      "No secret that was looked at has an entry of that registry, and its login server alone leads to what may be left of it: --registry LOGIN_SERVER",
  };
}

/** The login servers of a registry that was asked for: by itself, or by the entries that secrets have for it. */
export function loginServersOf(seen: readonly ClusterView[], registry: RegistryReference): readonly string[] {
  if (registry.kind === "login-server") return [registry.loginServer];
  return [...new Set(seen.flatMap((cluster) => entriesOf(cluster, registry)).map(([name]) => name))];
}

/**
 * Keys that acr-pull made for the clusters of which it can be told, and which no mark in them knows of: a run died so
 * that nothing remembers them, or the secrets that held them were deleted.
 * @param registry undefined: of every registry
 */
export function findOrphans(
  seen: readonly ClusterView[],
  directory: DirectoryFacts,
  registry: RegistryReference | undefined,
): OrphanKey[] {
  const known = [...directory.values()].flatMap(({ application }) => application ?? []);
  const loginServers = registry ? loginServersOf(seen, registry) : [];
  return seen.filter(isTold).flatMap((cluster) => {
    const { clusterId } = cluster;
    // Of a registry that was asked for: those that its entries name, and the one that is its own.
    const named = new Set(registry && entriesOf(cluster, registry).map(([, { appId }]) => appId));
    const own = new Set(loginServers.map((name) => applicationUniqueName(name, clusterId)));
    return known
      .filter(({ appId, uniqueName = "" }) => !registry || named.has(appId) || own.has(uniqueName))
      .flatMap((application) => orphansOf(application, cluster));
  });
}

function entriesOf({ secrets }: ClusterView, registry: RegistryReference): Array<[string, EntryMark]> {
  return secrets
    .flatMap((secret) => Object.entries(secret.marks))
    .filter(([loginServer, mark]) => isMeant(registry, loginServer, mark.registry));
}

/** Those of an application that were made for a cluster and that no mark in it names. */
export function orphansOf(
  { appId, passwords }: Application,
  { cluster: { context }, clusterId, secrets }: ClusterView,
): OrphanKey[] {
  const named = secrets.map(namedBy);
  return passwords
    .filter((key) => isKeyOf(key, clusterId) && !named.some((isNamed) => isNamed(key)))
    .map(({ keyId, startDateTime, endDateTime }) => ({
      context,
      clusterId,
      appId,
      keyId,
      createdAt: timeText(startDateTime),
      expiresAt: timeText(endDateTime),
    }));
}
