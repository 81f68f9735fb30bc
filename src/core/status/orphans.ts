import pMap from "p-map";
import type { ActionableError } from "../../domain/errors.ts";
import type { Application } from "../../domain/identity.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { applicationTag, applicationUniqueName, isKeyOf, type EntryMark } from "../../domain/ownership.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import { timeText } from "../../domain/time-text.ts";
import { namedBy } from "../cluster/key-holders.ts";
import { isMeant } from "../cluster/registry-meant.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { Directory } from "../ports.ts";
import type { DirectoryFacts } from "./look.ts";
import type { OrphanKey, StatusResult } from "./contract.ts";
import { atOnce } from "../at-once.ts";

/** Why acr-pull cannot say which keys of a cluster nothing holds. */
type OrphansUnknown = NonNullable<StatusResult["orphansUnknown"]>;

/** Why acr-pull cannot say which keys of a cluster nothing holds; undefined if it can. */
export function orphansUnknownOf({
  whole,
  identified,
  contexts,
}: Pick<ClusterView, "whole" | "identified" | "contexts">): OrphansUnknown | undefined {
  if (!whole) return cannotListAll(contexts);
  if (identified) return undefined;
  return {
    code: "status.cluster-not-known",
    message: `You may not read the namespace kube-system in context ${namesOf(contexts)}, so only marks tell which cluster it is. They may be copied from another cluster that uses the key`,
  };
}

/** A key may be held in a namespace that acr-pull could not look at. */
function cannotListAll(contexts: readonly string[]): OrphansUnknown {
  return {
    code: "status.cannot-see-all-namespaces",
    message: `You may not list secrets in every namespace of context ${namesOf(contexts)}, so another namespace may use a key that no visible secret holds`,
  };
}

function namesOf(contexts: readonly string[]): string {
  return contexts.map(inOneLine).join(", ");
}

/** Applications that no secret names may still have keys. */
export function cannotSearch({ code, message }: ActionableError): OrphansUnknown {
  return { code, message: `acr-pull could not search for applications that no secret names. ${message}` };
}

/** Whether acr-pull can say which keys of a cluster nothing holds. */
export function knowsOrphans(cluster: ClusterView): boolean {
  return orphansUnknownOf(cluster) === undefined;
}

/** Applications are found by login server, and only an entry tells which login server a registry's name stands for. */
export function loginServerUnknown(): OrphansUnknown {
  return {
    code: "status.registry-not-known",
    message:
      "No secret that acr-pull looked at has an entry for that registry. To find what may be left of it, name its login server: --registry LOGIN_SERVER",
  };
}

/** The login servers of the registry that was asked for: the one given, or those of the entries for it in secrets. */
export function loginServersOf(seen: readonly ClusterView[], registry: RegistryReference): readonly string[] {
  if (registry.kind === "login-server") return [registry.loginServer];
  return [...new Set(seen.flatMap((cluster) => entriesOf(cluster, registry)).map(([name]) => name))];
}

/**
 * Keys that acr-pull made for the clusters whose secrets it can all see, and that no mark in them names. A run
 * crashed and left no record of them, or the secrets that held them were deleted.
 * @param registry undefined for every registry
 */
export function findOrphans(
  seen: readonly ClusterView[],
  directory: DirectoryFacts,
  registry: RegistryReference | undefined,
): OrphanKey[] {
  const known = [...directory.values()].flatMap(({ application }) => application ?? []);
  const loginServers = registry ? loginServersOf(seen, registry) : [];
  return seen.filter(knowsOrphans).flatMap((cluster) => {
    const { clusterId } = cluster;
    // If a registry was asked for: the applications that its entries name, and the one that setup makes for it.
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

/** The keys of an application that were made for a cluster and that no mark in it names. */
function orphansOf(
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

/** Whether to look for more applications than those that secrets name. */
export function seeksUnnamed(seen: readonly ClusterView[], registry: RegistryReference | undefined): boolean {
  return registry ? loginServersOf(seen, registry).length > 0 : seen.some(knowsOrphans);
}

/**
 * Applications that may still have a key although no secret names it any longer. If a registry was asked for, they
 * are those that setup makes for it and the clusters. Otherwise they are those with our tag and with a key that was
 * made for one of the clusters and that no mark in it names.
 * @throws ActionableError if applications may not be read
 */
export async function findUnnamed(
  seen: readonly ClusterView[],
  registry: RegistryReference | undefined,
  { directory }: { readonly directory: Directory },
  signal: AbortSignal,
): Promise<readonly Application[]> {
  if (!seeksUnnamed(seen, registry)) return [];
  if (!registry) {
    const tagged = await directory.listApplicationsTagged(applicationTag, signal);
    const told = seen.filter(knowsOrphans);
    return tagged.filter((application) => told.some((cluster) => orphansOf(application, cluster).length > 0));
  }
  const names = loginServersOf(seen, registry).flatMap((loginServer) =>
    seen.map(({ clusterId }) => applicationUniqueName(loginServer, clusterId)),
  );
  const found = await pMap(names, (name) => directory.findApplicationByUniqueName(name, signal), atOnce);
  return found.filter((application) => application !== undefined);
}
