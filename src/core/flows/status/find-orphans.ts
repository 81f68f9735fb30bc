import type { Application, PasswordCredential } from "../../../domain/identity.ts";
import { applicationUniqueName, isKeyOf, readableMarks } from "../../../domain/ownership.ts";
import type { RegistryReference } from "../../../domain/registry.ts";
import { timeText } from "../../../domain/time-text.ts";
import { isMeant } from "../../holders/holders.ts";
import { namedBy } from "../../holders/key-holders.ts";
import type { ManagedSecrets } from "../../holders/see-managed.ts";
import type { OrphanKey } from "../status-contract.ts";
import type { DirectoryFacts } from "./ask-directory.ts";

/**
 * Keys that acr-pull made for a cluster, of the applications that its secrets name, which no mark in it knows of: a run
 * died so that nothing remembers them, or the secrets that held them were deleted.
 * @param registry undefined: of every registry
 * @param cluster seen whole: a key may be held where nobody could look
 */
export function findOrphans(
  cluster: ManagedSecrets,
  directory: DirectoryFacts,
  registry: RegistryReference | undefined,
): OrphanKey[] {
  return applicationsIn(cluster, directory, registry).flatMap((application) =>
    application.passwords
      .filter((key) => isKeyOf(key, cluster.clusterId) && !isKnown(key, cluster))
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

/** Whether some mark of the cluster names a key. */
export function isKnown(key: PasswordCredential, { secrets }: Pick<ManagedSecrets, "secrets">): boolean {
  return secrets.some((secret) => namedBy(secret)(key));
}
