import pMap from "p-map";
import { ActionableError } from "../../domain/errors.ts";
import type { Application, Owner, ServicePrincipal } from "../../domain/identity.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import type { RegistryReference } from "../../domain/registry.ts";
import { ifAvailable } from "../cluster/failure-of-one.ts";
import { findLeftLinks, type LeftLink } from "../cluster/left-links.ts";
import { viewManaged, type ClusterView, type UnseenPlace } from "../cluster/view.ts";
import { findApplicationListing, findPrincipalOf, withoutRemovedKeys } from "../identity/find-application.ts";
import type { Clock, Directory } from "../ports.ts";
import { findAttachments, type AttachmentsFound } from "./attachments.ts";
import type { MissingThing, StatusInput, StatusPorts } from "./contract.ts";
import { findMissing } from "./missing.ts";
import { findOrphans, findUnnamed, seeksUnnamed } from "./orphans.ts";
import { atOnce } from "../at-once.ts";

/** Everything that was seen. */
export interface Look {
  readonly seen: readonly ClusterView[];
  readonly unseen: readonly UnseenPlace[];
  /** What the directory says, or why it could not be asked. */
  readonly facts: DirectoryFacts | ActionableError;
  /** Why acr-pull could not search for applications that no secret names. */
  readonly unsearched?: ActionableError | undefined;
  /** Azure's time at the look; undefined if Azure was not asked. */
  readonly azureTime: Date | undefined;
  /** Service accounts that name a secret that no longer exists, by cluster id. */
  readonly leftLinks: ReadonlyMap<string, readonly LeftLink[]>;
  /** What the nodes of AKS clusters were granted. */
  readonly attachments: AttachmentsFound;
  /** What was asked for by name and was not found. */
  readonly missing: readonly MissingThing[];
}

/** What was seen of the clusters, and what the directory says about them, or why it says nothing. */
type Asked = Omit<Look, "leftLinks" | "missing" | "attachments">;

/** Looks at the clusters, their keys in the directory, the roles of their nodes, and links to secrets that are gone. */
export async function lookAround(input: StatusInput, ports: StatusPorts, signal: AbortSignal): Promise<Look> {
  const stop = new AbortController();
  const attachments = findAttachments(input, ports, AbortSignal.any([signal, stop.signal]));
  // It is awaited only after the clusters were seen. If they fail first, its own failure must not go unhandled.
  attachments.catch(() => {});
  try {
    const { seen, unseen } = await viewManaged(input, ports.clusters, signal);
    const [first] = unseen;
    if (seen.length === 0 && first) throw first.error;
    const [look, leftLinks, missing, found] = await Promise.all([
      askAbout({ seen, unseen }, input, ports, signal),
      leftLinksIn(seen, input, signal),
      findMissing(input, seen, signal),
      attachments,
    ]);
    // Nodes that pull by an attachment need no entry for the registry.
    const isAttached = (found.attachments ?? []).some(({ state }) => state !== "unused");
    return {
      ...look,
      leftLinks,
      missing: missing.filter(({ kind }) => kind !== "registry" || !isAttached),
      attachments: found,
    };
  } finally {
    stop.abort();
  }
}

/** If service accounts may not be listed, or the list fails, the result shows secrets and keys alone. */
async function leftLinksIn(
  seen: readonly ClusterView[],
  input: StatusInput,
  signal: AbortSignal,
): Promise<Look["leftLinks"]> {
  const links = seen.map(async (one) => {
    const found = await ifAvailable(findLeftLinks(one, input, signal), signal);
    return [one.clusterId, found ?? []] as const;
  });
  return new Map(await Promise.all(links));
}

async function askAbout(
  { seen, unseen }: Pick<Look, "seen" | "unseen">,
  input: StatusInput,
  ports: StatusPorts,
  signal: AbortSignal,
): Promise<Asked> {
  if (!hasApplications(seen, input.registry)) return { seen, unseen, facts: new Map(), azureTime: undefined };
  try {
    const directory = await ports.directory();
    const asked = { directory, clock: ports.clock };
    const { facts, unsearched } = await askDirectory(seen, input.registry, asked, signal);
    const look = await confirmed({ seen, unseen, facts }, directory, { input, ports }, signal);
    return { ...look, unsearched, azureTime: directory.serverTime() };
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    return { seen, unseen, facts: error, azureTime: undefined };
  }
}

/**
 * A key that a run made after the secrets were listed looks like an orphan. So does a key that a run removed while
 * part of the directory lags. So acr-pull looks at apparent orphans once more: the directory first, then the secrets.
 */
async function confirmed(
  look: Pick<Look, "seen" | "unseen"> & { readonly facts: DirectoryFacts },
  directory: Directory,
  { input, ports }: { readonly input: StatusInput; readonly ports: StatusPorts },
  signal: AbortSignal,
): Promise<Omit<Asked, "azureTime">> {
  const { facts } = look;
  const { clusters, clock } = ports;
  const orphans = findOrphans(look.seen, facts, input.registry);
  if (orphans.length === 0) return look;
  const doubtful = new Set(orphans.map(({ keyId }) => keyId));
  const again = await Promise.all(
    [...facts].map(async ([appId, one]) => {
      const { application } = one;
      if (!application) return [appId, one] as const;
      const listing = await withoutRemovedKeys(application, doubtful, { directory, clock }, signal);
      return [appId, { ...one, application: listing }] as const;
    }),
  );
  return { ...(await viewManaged(input, clusters, signal)), facts: new Map(again) };
}

/** What the directory says about one application. */
interface ApplicationFacts {
  /** Undefined if this tenant has no application with that id. */
  readonly application: Application | undefined;
  /** Undefined if they could not be read, or there is no application. */
  readonly owners: readonly Owner[] | undefined;
  /** Undefined if it could not be read, or there is no application. */
  readonly principal: ServicePrincipal | "absent" | undefined;
  /** What the tenant allows its next password; undefined if there is no application. */
  readonly policy: PasswordPolicy | undefined;
  /** How many certificates the principal has; undefined if that could not be read, or there is no principal. */
  readonly certificates: number | undefined;
  /** Why the principal, the owners or the certificates could not be read. */
  readonly unread: ActionableError | undefined;
}

/** By application id. */
export type DirectoryFacts = ReadonlyMap<string, ApplicationFacts>;

/** What the directory answered. */
export interface DirectoryAnswer {
  readonly facts: DirectoryFacts;
  /** Why applications that no secret names could not be searched for; undefined if they were. */
  readonly unsearched: ActionableError | undefined;
}

/** What is needed to ask the directory. */
interface Asking {
  readonly directory: Directory;
  readonly clock: Clock;
}

/**
 * Asks for every application that the clusters' secrets name, and for those that may be left over after their secrets
 * are gone.
 * @throws ActionableError if nobody is signed in, or applications may not be read
 */
async function askDirectory(
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

/** Limits the requests under way: anybody who may write a secret can name any number of applications. */
async function factsOf(
  claims: ReadonlyMap<string, ReadonlySet<string>>,
  { directory, clock }: Asking,
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
    atOnce,
  );
  return new Map(facts);
}

async function principalOf(...question: Parameters<typeof findPrincipalOf>) {
  return (await findPrincipalOf(...question)) ?? ("absent" as const);
}

/** Whether there is any application to ask about. */
function hasApplications(seen: readonly ClusterView[], registry: RegistryReference | undefined): boolean {
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

/** Reads something that is not essential. If that fails, the result leaves it out and says why. */
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
