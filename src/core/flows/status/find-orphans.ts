import type { Application } from "../../../domain/identity.ts";
import { inOneLine } from "../../../domain/in-one-line.ts";
import { applicationUniqueName, isKeyOf, readableMarks } from "../../../domain/ownership.ts";
import type { RegistryReference } from "../../../domain/registry.ts";
import { timeText } from "../../../domain/time-text.ts";
import { isMeant } from "../../holders/holders.ts";
import { namedBy } from "../../holders/key-holders.ts";
import type { ManagedSecrets } from "../../holders/see-managed.ts";
import type { OrphanKey, StatusResult } from "../status-contract.ts";
import type { DirectoryFacts } from "./ask-directory.ts";

/** Why it cannot be told which keys of a cluster nothing holds. */
export type OrphansUnknown = NonNullable<StatusResult["orphansUnknown"]>;

/** Why it cannot be told which keys of a cluster nothing holds; undefined where it can. */
export function orphansUnknownOf({
  whole,
  identified,
  contexts,
}: Pick<ManagedSecrets, "whole" | "identified" | "contexts">): OrphansUnknown | undefined {
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

/**
 * Keys that acr-pull made for a cluster, of the applications that its secrets name, which no mark in it knows of: a run
 * died so that nothing remembers them, or the secrets that held them were deleted.
 * @param registry undefined: of every registry
 * @param cluster of which it can be told: see orphansUnknownOf
 */
export function findOrphans(
  cluster: ManagedSecrets,
  directory: DirectoryFacts,
  registry: RegistryReference | undefined,
): OrphanKey[] {
  const named = cluster.secrets.map(namedBy);
  return applicationsIn(cluster, directory, registry).flatMap((application) =>
    application.passwords
      .filter((key) => isKeyOf(key, cluster.clusterId) && !named.some((isNamed) => isNamed(key)))
      .map(({ keyId, startDateTime, endDateTime }) => ({
        context: cluster.cluster.context,
        clusterId: cluster.clusterId,
        appId: application.appId,
        keyId,
        createdAt: timeText(startDateTime),
        expiresAt: timeText(endDateTime),
      })),
  );
}

/** Those that entries of the registry name; of one that is known by its login server also the one that is its own. */
function applicationsIn(
  { clusterId, secrets }: ManagedSecrets,
  directory: DirectoryFacts,
  registry: RegistryReference | undefined,
): Application[] {
  const named = new Set(
    secrets
      .flatMap((secret) => Object.entries(readableMarks(secret)))
      .filter(([loginServer, mark]) => isMeant(registry, loginServer, mark.registry))
      .map(([, { appId }]) => appId),
  );
  const own =
    registry?.kind === "login-server" ? applicationUniqueName(registry.loginServer, clusterId) : undefined;
  return [...directory.values()].flatMap(({ application }) =>
    application && (named.has(application.appId) || (own !== undefined && application.uniqueName === own))
      ? [application]
      : [],
  );
}
