import pMap from "p-map";
import { ActionableError } from "../../domain/errors.ts";
import type { Application, Owner, ServicePrincipal } from "../../domain/identity.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import { findApplicationListing, findPrincipalOf } from "../identity/find-application.ts";
import type { ClusterView } from "../cluster/view.ts";
import type { Clock, Directory } from "../ports.ts";
import { findUnnamed, seeksUnnamed } from "./find-unnamed.ts";

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

/** What the directory told. */
export interface DirectoryAnswer {
  readonly facts: DirectoryFacts;
  /** Why applications that no secret names could not be looked for; undefined where they were. */
  readonly unsearched: ActionableError | undefined;
}

/** What asking takes. */
interface Asking {
  readonly directory: Directory;
  readonly clock: Clock;
  /** The most requests under way at once. */
  readonly concurrency: number;
}

/**
 * Asks for every application that the clusters' secrets name, and beside them for those that may be left when their
 * secrets are gone.
 * @throws ActionableError when nobody is signed in, or applications may not be read
 */
export async function askDirectory(
  seen: readonly ClusterView[],
  registry: RegistryReference | undefined,
  asking: Asking,
  signal: AbortSignal,
): Promise<DirectoryAnswer> {
  const named = namedKeys(seen);
  const [ofNamed, { read: unnamed = [], unread: unsearched }] = await Promise.all([
    factsOf(named, asking, signal),
    readOrWhyNot(findUnnamed(seen, registry, asking, signal), signal),
  ]);
  if (named.size === 0 && unsearched) throw unsearched;
  const more = unnamed
    .filter(({ appId }) => !named.has(appId))
    .map(({ appId }) => [appId, new Set<string>()] as const);
  return { facts: new Map([...ofNamed, ...(await factsOf(new Map(more), asking, signal))]), unsearched };
}

/** As many at once as is allowed: anybody who may write a secret can name any number of applications. */
async function factsOf(
  claims: ReadonlyMap<string, ReadonlySet<string>>,
  { directory, clock, concurrency }: Asking,
  signal: AbortSignal,
): Promise<DirectoryFacts> {
  const facts = await pMap(
    claims,
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
  seen: readonly ClusterView[],
  registry: RegistryReference | undefined,
): boolean {
  return namedKeys(seen).size > 0 || seeksUnnamed(seen, registry);
}

/** The keys that marks name, by application. */
function namedKeys(seen: readonly ClusterView[]): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  for (const { secrets } of seen) {
    for (const { appId, keyId } of secrets.flatMap((secret) => Object.values(secret.marks))) {
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
