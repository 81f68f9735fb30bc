import { hasCode, refused, type ActionableError } from "../../domain/errors.ts";
import type { Application, PasswordCredential } from "../../domain/identity.ts";
import { isThere } from "../../domain/look-again.ts";
import { applicationUniqueName, isKeyOf } from "../../domain/ownership.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import { untilBelievable } from "../patience.ts";
import type { MarkedSecret } from "../turn/entry-removal.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { RemovePorts } from "./contract.ts";
import type { PrincipalFacts } from "./decide.ts";
import { loginServerOf } from "./find-login-server.ts";

/** Which applications to look at, and what is known about them. */
export interface PrincipalsWish {
  readonly clusterId: string;
  readonly loginServer: string;
  /** Resource ids of the registry; empty if none is known. */
  readonly registryIds: readonly string[];
  readonly entries: readonly MarkedSecret[];
  /** Keys and assignments that this run has removed: the look does not wait for them to show. */
  readonly gone: ReadonlySet<string>;
  /** Whether something is about to be removed because of this look. Then it must not miss keys of other clusters. */
  readonly decisive: boolean;
}

/** What was found of the applications. */
export interface LookedAt {
  readonly facts: readonly PrincipalFacts[];
  /**
   * If an entry names an application that is gone: the roles that acr-pull granted on the registry to a principal
   * that is gone. Nobody can tell any longer whose they were, and a principal that is restored has them again.
   */
  readonly orphans: readonly RoleAssignment[];
}

/**
 * Looks at every application that the entries name, and at the one with our unique name for this registry and
 * cluster: when the secrets are gone, only that name leads to it.
 * @throws ActionableError `service-principal.not-found`, exit 2, if an entry names an application that this tenant
 *   does not have, and nothing shows that it is the right tenant
 */
export async function lookAtPrincipals(
  wish: PrincipalsWish,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<LookedAt> {
  const { loginServer, clusterId, entries } = wish;
  const named = new Map<string, MarkedSecret[]>();
  for (const entry of entries) {
    const { appId } = entry.mark;
    if (appId !== undefined) named.set(appId, [...(named.get(appId) ?? []), entry]);
  }
  const uniqueName = applicationUniqueName(loginServer, clusterId);
  const [own, ...others] = await Promise.all([
    findOwn(uniqueName, entries, ports, signal),
    ...[...named].map(([appId, some]) => findNamed({ appId, entries: some }, wish, ports, signal)),
  ]);
  const found = new Map<string, Application>();
  for (const one of [own, ...others]) if (one) found.set(one.appId, withAllKeys(found.get(one.appId), one));
  const missing = entries.find(({ mark }) => mark.appId !== undefined && !found.has(mark.appId));
  const orphans = missing ? await orphanedRoles(missing, wish, ports, signal) : [];
  const facts = await Promise.all(
    [...found.values()].map((application) => factsUnlessGone(application, wish, ports, signal)),
  );
  return { facts: facts.filter((one) => one !== undefined), orphans };
}

function findOwn(
  uniqueName: string,
  entries: readonly MarkedSecret[],
  { azure, clock }: RemovePorts,
  signal: AbortSignal,
): Promise<Application | undefined> {
  const findByName = () => azure.directory.findApplicationByUniqueName(uniqueName, signal);
  // A mark without an application is from a run that was interrupted early. It may have made the application just
  // before that, so a 404 may be stale.
  const isExpected = entries.some(({ mark }) => mark.appId === undefined);
  return untilBelievable(findByName, (one) => one !== undefined || !isExpected, clock, signal);
}

/**
 * Asks until the directory shows every key that the entries name, and combines what its parts show. Nobody knows
 * which keys others made. So before something of a shared application is removed, the look repeats often enough to
 * meet a part that knows them.
 */
async function findNamed(
  { appId, entries }: { readonly appId: string; readonly entries: readonly MarkedSecret[] },
  { gone, loginServer, clusterId, decisive }: PrincipalsWish,
  { azure, clock }: RemovePorts,
  signal: AbortSignal,
): Promise<Application | undefined> {
  const claimed = entries
    .flatMap(({ mark }) => [mark.keyId, mark.retire?.keyId])
    .filter((keyId) => typeof keyId === "string")
    .filter((keyId) => !gone.has(keyId));
  const ownName = applicationUniqueName(loginServer, clusterId);
  let known: Application | undefined;
  await untilBelievable(
    async () => {
      const found = known
        ? await azure.directory.readApplication(known.objectId, signal)
        : await azure.directory.findApplicationByAppId(appId, signal);
      if (found) known = withAllKeys(known, found);
    },
    () =>
      known !== undefined &&
      claimed.every((id) => known?.passwords.some(({ keyId }) => keyId === id)) &&
      !(decisive && known.uniqueName !== ownName),
    clock,
    signal,
  );
  return known;
}

function withAllKeys(known: Application | undefined, found: Application): Application {
  const passwords = new Map<string, PasswordCredential>(
    [...(known?.passwords ?? []), ...found.passwords].map((key) => [key.keyId, key]),
  );
  return { ...found, passwords: [...passwords.values()] };
}

/**
 * An application that is not there may have been deleted by hand, or it may be in another tenant, where its key would
 * live on. Resource Manager knows the subscription only in the registry's own tenant.
 * @returns the roles of principals that are gone
 */
async function orphanedRoles(
  { target, mark }: MarkedSecret,
  { registryIds }: PrincipalsWish,
  { azure }: RemovePorts,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[]> {
  for (const registryId of registryIds) {
    try {
      const ours = (await azure.roles.listRegistryAssignments(registryId, signal)).filter((one) =>
        isOurAssignment(registryId, one),
      );
      if (ours.length === 0) return [];
      const ids = new Set(ours.map(({ principalId }) => principalId));
      const known = await azure.directory.findServicePrincipals([...ids], signal);
      return ours.filter(({ principalId }) => !known.some(({ objectId }) => objectId === principalId));
    } catch (error) {
      if (hasCode(error, "azure.not-found")) return [];
      if (!hasCode(error, "azure.no-subscription", "azure.wrong-tenant", "azure.forbidden")) throw error;
    }
  }
  throw notInTenant(targetName(target), mark.appId);
}

function notInTenant(secret: string, appId: string | undefined): ActionableError {
  return refused(
    "service-principal.not-found",
    `The secret ${secret} names the service principal ${appId}, but this tenant has no such application, and the account signed in does not see the registry's subscription. Nothing was removed.`,
    "Sign in to the tenant where the registry and the application are (--tenant). If both are gone, delete the secret with kubectl.",
  );
}

/**
 * A lagging part of the directory still shows a deleted application, while the other parts know neither the
 * application nor what belongs to it. An application that every part shows exists, even if some of it cannot be
 * looked at.
 */
async function factsUnlessGone(
  ...[application, wish, ports, signal]: Parameters<typeof factsOf>
): Promise<PrincipalFacts | undefined> {
  const facts = await factsOf(application, wish, ports, signal);
  if (facts.otherCredentials !== "unseen") return facts;
  const { azure, clock } = ports;
  const look = () => azure.directory.readApplication(application.objectId, signal);
  const shown = await untilBelievable(look, (found) => found === undefined, clock, signal);
  return shown && facts;
}

async function factsOf(
  application: Application,
  { registryIds, entries, gone, loginServer, clusterId }: PrincipalsWish,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<PrincipalFacts> {
  const { directory, roles } = ports.azure;
  const { appId, objectId, uniqueName } = application;
  // An entry that names a role was written when the role was granted.
  const isExpected = entries.some(({ mark }) => mark.appId === appId && mark.role !== undefined);
  const mayGo = uniqueName === applicationUniqueName(loginServer, clusterId);
  const matters = mayGo || application.passwords.every((key) => isKeyOf(key, clusterId));
  const count = (ask: () => Promise<number>) => (matters ? unlessUnseen(ask()) : 0);
  const [principal, ...ofApplication] = await Promise.all([
    untilBelievable(() => directory.findServicePrincipal(appId, signal), isThere, ports.clock, signal),
    count(() => directory.countFederatedCredentials(objectId, signal)),
    count(() => directory.countCertificates(objectId, signal)),
  ]);
  if (!principal) {
    return { application, principal, assignments: [], visible: [], otherCredentials: sumOf(ofApplication) };
  }
  const [ofPrincipal, visible, ...assignments] = await Promise.all([
    count(() => directory.countPrincipalCertificates(principal.objectId, signal)),
    roles.listVisibleAssignments(principal.objectId, signal),
    ...registryIds.map(async (registryId) => ({
      registryId,
      assignments: await rolesOn(
        { registryId, objectId: principal.objectId },
        isExpected && ![...gone].some((id) => id.startsWith(registryId.toLowerCase())),
        ports,
        signal,
      ),
    })),
  ]);
  const otherCredentials = sumOf([...ofApplication, ofPrincipal, principal.passwords.length]);
  return { application, principal, assignments, visible, otherCredentials };
}

type Count = PrincipalFacts["otherCredentials"];

async function unlessUnseen(count: Promise<number>): Promise<Count> {
  try {
    return await count;
  } catch (error) {
    if (hasCode(error, "directory.not-found")) return "unseen";
    throw error;
  }
}

function sumOf(counts: readonly Count[]): Count {
  let sum = 0;
  for (const count of counts) {
    if (count === "unseen") return count;
    sum += count;
  }
  return sum;
}

/**
 * The principal's role assignments on the registry. A deleted registry has none: they were deleted with it.
 * @throws ActionableError `azure.not-found` if they are not shown although the registry exists
 */
async function rolesOn(
  { registryId, objectId }: { readonly registryId: string; readonly objectId: string },
  isExpected: boolean,
  { azure, clock }: RemovePorts,
  signal: AbortSignal,
): Promise<readonly RoleAssignment[]> {
  try {
    return await untilBelievable(
      () => azure.roles.listAssignments(registryId, objectId, signal),
      (found) => !isExpected || found.some((one) => isOurAssignment(registryId, one)),
      clock,
      signal,
    );
  } catch (error) {
    if (!hasCode(error, "azure.not-found")) throw error;
    if ((await loginServerOf(registryId, azure.registries, signal)) !== undefined) throw error;
    return [];
  }
}
