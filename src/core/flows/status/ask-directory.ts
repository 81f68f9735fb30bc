import pMap from "p-map";
import { ActionableError } from "../../../domain/errors.ts";
import type { Application, Owner, ServicePrincipal } from "../../../domain/identity.ts";
import { applicationUniqueName, readableMarks } from "../../../domain/ownership.ts";
import type { PasswordPolicy } from "../../../domain/password-policy.ts";
import type { RegistryReference } from "../../../domain/registry.ts";
import { findApplicationListing, findPrincipalOf } from "../../holders/find-application.ts";
import type { ManagedSecrets } from "../../holders/see-managed.ts";
import type { Clock, Directory } from "../../ports.ts";

/** What the directory says of one application that secrets name. */
export interface ApplicationFacts {
  /** Undefined: this tenant has none of that id. */
  readonly application: Application | undefined;
  /** Undefined where they may not be read. */
  readonly owners: readonly Owner[] | undefined;
  /** Undefined where it may not be read, or there is no application. */
  readonly principal: ServicePrincipal | "absent" | undefined;
  /** What the tenant allows its next password; undefined where there is no application. */
  readonly policy: PasswordPolicy | undefined;
  /** How many certificates the principal has; undefined where that may not be read, or there is none. */
  readonly certificates: number | undefined;
  /** Why something beside the application could not be read. */
  readonly unread: ActionableError | undefined;
}

/** By application id. */
export type DirectoryFacts = ReadonlyMap<string, ApplicationFacts>;

/**
 * Asks for every application that the clusters' secrets name, as many at once as is allowed: anybody who may write a
 * secret can name any number of them. Where the registry is given by its login
 * server also for the one that setup makes for it and the cluster, which may be left when all its secrets are gone.
 * @throws ActionableError when nobody is signed in, or applications may not be read
 */
export async function askDirectory(
  seen: readonly ManagedSecrets[],
  registry: RegistryReference | undefined,
  {
    directory,
    clock,
    concurrency,
  }: { readonly directory: Directory; readonly clock: Clock; readonly concurrency: number },
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
  const facts = await pMap(
    named,
    async ([appId, claimed]) => {
      const application = await findApplicationListing({ appId, claimed }, { directory, clock }, signal);
      const [principal, owners, policy] = application
        ? await Promise.all([
            readOrWhyNot(principalOf(appId, { directory, clock }, signal), signal),
            readOrWhyNot(directory.listOwners(application.objectId, signal), signal),
            directory.passwordPolicy(application, signal),
          ])
        : [{}, {}, undefined];
      const certificates =
        typeof principal.read === "object"
          ? await readOrWhyNot(directory.countPrincipalCertificates(principal.read.objectId, signal), signal)
          : {};
      const unread = principal.unread ?? owners.unread ?? certificates.unread;
      return [
        appId,
        {
          application,
          owners: owners.read,
          principal: principal.read,
          certificates: certificates.read,
          policy,
          unread,
        },
      ] as const;
    },
    { concurrency },
  );
  return new Map(facts);
}

async function principalOf(...question: Parameters<typeof findPrincipalOf>) {
  return (await findPrincipalOf(...question)) ?? ("absent" as const);
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

/** What is told besides is left out where it cannot be read, and that is told. */
async function readOrWhyNot<T>(
  answer: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly read?: T; readonly unread?: ActionableError }> {
  try {
    return { read: await answer };
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    return { unread: error };
  }
}
