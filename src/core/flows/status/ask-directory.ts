import { ActionableError } from "../../../domain/errors.ts";
import type { Application, Owner, ServicePrincipal } from "../../../domain/identity.ts";
import { applicationUniqueName, readableMarks } from "../../../domain/ownership.ts";
import type { RegistryReference } from "../../../domain/registry.ts";
import { findApplicationListing } from "../../holders/find-application.ts";
import type { ManagedSecrets } from "../../holders/see-managed.ts";
import type { Clock, Directory } from "../../ports.ts";

/** What the directory says of one application that secrets name. */
export interface ApplicationFacts {
  /** Undefined: this tenant has none of that id. */
  readonly application: Application | undefined;
  /** Undefined where they may not be read. */
  readonly owners: readonly Owner[] | undefined;
  /** Undefined where there is none, or it may not be read. */
  readonly principal: ServicePrincipal | undefined;
}

/** By application id. */
export type DirectoryFacts = ReadonlyMap<string, ApplicationFacts>;

/**
 * Asks for every application that the clusters' secrets name, all side by side; where the registry is given by its login
 * server also for the one that setup makes for it and the cluster, which may be left when all its secrets are gone.
 * @throws ActionableError when nobody is signed in, or applications may not be read
 */
export async function askDirectory(
  seen: readonly ManagedSecrets[],
  registry: RegistryReference | undefined,
  { directory, clock }: { readonly directory: Directory; readonly clock: Clock },
  signal: AbortSignal,
): Promise<DirectoryFacts> {
  const named = namedKeys(seen);
  const own =
    registry?.kind === "login-server"
      ? await Promise.all(
          seen.map(({ clusterId }) =>
            directory.findApplicationByUniqueName(
              applicationUniqueName(registry.loginServer, clusterId),
              signal,
            ),
          ),
        )
      : [];
  for (const application of own) {
    if (application && !named.has(application.appId)) named.set(application.appId, new Set());
  }
  const facts = await Promise.all(
    [...named].map(async ([appId, claimed]) => {
      const application = await findApplicationListing({ appId, claimed }, { directory, clock }, signal);
      const [owners, principal] = application
        ? await Promise.all([
            unlessRefused(directory.listOwners(application.objectId, signal), signal),
            unlessRefused(directory.findServicePrincipal(appId, signal), signal),
          ])
        : [undefined, undefined];
      return [appId, { application, owners, principal }] as const;
    }),
  );
  return new Map(facts);
}

/** Whether there is any application to ask for. */
export function hasApplications(
  seen: readonly ManagedSecrets[],
  registry: RegistryReference | undefined,
): boolean {
  return registry?.kind === "login-server" || namedKeys(seen).size > 0;
}

/** The keys that marks name, by application. */
function namedKeys(seen: readonly ManagedSecrets[]): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  for (const { secrets } of seen) {
    for (const { appId, keyId } of secrets.flatMap((secret) => Object.values(readableMarks(secret)))) {
      if (appId === undefined) continue;
      const keys = named.get(appId) ?? new Set();
      named.set(appId, keys);
      if (typeof keyId === "string") keys.add(keyId);
    }
  }
  return named;
}

/** What is told besides is left out where it may not be read. */
async function unlessRefused<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    return undefined;
  }
}
