import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { applicationUniqueName, isManaged } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { RoleAssignment } from "../../domain/role-assignment.ts";
import { azureNow } from "../clocks.ts";
import { findLeftLinks, type LeftLink } from "../cluster/left-links.ts";
import type { ClusterView } from "../cluster/view.ts";
import { foreseeRefusedChange } from "../identity/foreseen-refusal.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { Attachments } from "./attachments.ts";
import type { RemoveInput, RemovePorts } from "./contract.ts";
import {
  isUnnamed,
  judgePrincipal,
  type PrincipalFacts,
  type PrincipalQuestion,
  type PrincipalVerdict,
} from "./decide.ts";
import type { MeantRegistry } from "./find-login-server.ts";
import { lookAtPrincipals, type LookedAt, type PrincipalsWish } from "./look-at-azure.ts";
import { lookAtEntries, type SeenEntries } from "./look-at-entries.ts";
import { findUsers, rehearseUnlinking, withLeftLinks, type SecretUsers } from "./look-at-users.ts";

/** What is removed for one cluster, there and in Azure, and what stays. */
export interface Removal {
  readonly seen: ClusterView;
  readonly registry: MeantRegistry;
  readonly entries: SeenEntries;
  readonly users: SecretUsers;
  /** Azure's time at the look. */
  readonly now: Date;
  /** What was looked at in Azure, and what follows from it. */
  readonly facts: readonly PrincipalFacts[];
  readonly verdicts: readonly PrincipalVerdict[];
  /** Roles that stay because their principal is gone. */
  readonly orphans: readonly RoleAssignment[];
}

/** What a look needs. */
interface Looking {
  readonly input: RemoveInput;
  readonly ports: RemovePorts;
}

/**
 * Looks at one cluster, and at its part of Azure.
 * @param wish.gone ids of what is removed with the clusters before it; the ids of this one are added
 */
export async function lookAtCluster(
  seen: ClusterView,
  { registry, gone }: { readonly registry: MeantRegistry; readonly gone: Set<string> },
  { input, ports }: Looking,
  signal: AbortSignal,
): Promise<Removal> {
  const entries = await lookAtEntries(seen, registry.loginServer, { input, process: ports.process }, signal);
  const [named, left, { facts, orphans }] = await Promise.all([
    findUsers(entries.entries, input, signal),
    findLeftLinks(seen, input, signal),
    lookAt({ seen, registry, entries }, { gone, decisive: false }, ports, signal),
  ]);
  const users = withLeftLinks(named, left, shouldUnlink({ seen, registry, entries }, facts, input));
  await rehearseUnlinking(users, signal);
  const now = azureNow(ports.azure.directory, ports.clock);
  const question = questionFor({ seen, registry, entries }, entries.remaining, gone, { ...input, now });
  const verdicts = judgeAll(facts, question, entries);
  for (const { keys, roles } of verdicts) {
    for (const { keyId } of keys) gone.add(keyId);
    for (const { id } of roles) gone.add(id.toLowerCase());
  }
  if (verdicts.some(removesSomething) && !seen.identified) throw notIdentified(seen);
  if (verdicts.some(removesSomething) && !seen.whole) throw cannotSeeAll(seen);
  return { seen, registry, entries, users, now, facts, verdicts, orphans };
}

/**
 * Looks up again everything that the decision depends on, to see what was written since. Reads the directory first,
 * then the secrets: a run names a key in a secret before it makes the key, so every key that is seen has its holder
 * seen too.
 */
export async function judgeAgain(
  removal: Pick<Removal, "seen" | "registry" | "entries">,
  {
    remaining,
    ...how
  }: Pick<PrincipalsWish, "gone" | "decisive"> & {
    readonly remaining: () => Promise<readonly PullSecret[]>;
  },
  { input, ports }: Looking,
  signal: AbortSignal,
): Promise<readonly PrincipalVerdict[]> {
  const { facts } = await lookAt(removal, how, ports, signal);
  const now = azureNow(ports.azure.directory, ports.clock);
  const question = questionFor(removal, await remaining(), how.gone, { ...input, now });
  return facts.map((one) => judgePrincipal(one, question));
}

/** Whether the cluster's other secrets now let more be removed than they did at the look. */
export function mayRemoveMore(
  removal: Removal,
  remaining: readonly PullSecret[],
  gone: ReadonlySet<string>,
  input: RemoveInput,
): boolean {
  const { facts, entries, verdicts, now: time } = removal;
  const now = judgeAll(facts, questionFor(removal, remaining, gone, { ...input, now: time }), entries);
  const count = (some: readonly PrincipalVerdict[]) =>
    some.reduce((sum, { keys, roles }) => sum + keys.length + roles.length, 0);
  return count(now) > count(verdicts);
}

/** Whether something of an application is removed. */
export function removesSomething({ keys, roles, keptBecause }: PrincipalVerdict): boolean {
  return keys.length > 0 || roles.length > 0 || keptBecause === undefined;
}

/**
 * Which links to a secret that is gone are removed. If the user named accounts: the links of those. Otherwise:
 * links that acr-pull made, as the API server's record shows, unless everything that is left of acr-pull here is for
 * another registry. If there is no record: only if our application for the registry still exists, and no secret for
 * it is left.
 */
function shouldUnlink(
  { seen, registry, entries }: Pick<Removal, "seen" | "registry" | "entries">,
  facts: readonly PrincipalFacts[],
  { serviceAccounts }: RemoveInput,
): (link: LeftLink) => boolean {
  const ownName = applicationUniqueName(registry.loginServer, seen.clusterId);
  const standsAlone =
    facts.some(({ application }) => application.uniqueName === ownName) &&
    [entries.entries, entries.unwritable, entries.others].every((some) => some.length === 0) &&
    seen.whole;
  const isConcerned = standsAlone || entries.entries.length > 0 || !seen.secrets.some(isManaged);
  return ({ account, writer }) => {
    if (serviceAccounts.length > 0) return serviceAccounts.includes(account);
    return writer === "acr-pull" ? isConcerned : writer === "unknown" && standsAlone;
  };
}

/** A registry that was set up without Azure has nothing of ours in Azure. */
async function lookAt(
  { seen, registry, entries: { entries } }: Pick<Removal, "seen" | "registry" | "entries">,
  how: Pick<PrincipalsWish, "gone" | "decisive">,
  ports: RemovePorts,
  signal: AbortSignal,
): Promise<LookedAt> {
  const { loginServer, ids } = registry;
  const ofAzure = entries.filter(({ mark }) => mark.registry.startsWith("/"));
  if (entries.length > 0 && ofAzure.length === 0) return { facts: [], orphans: [] };
  const wish = { clusterId: seen.clusterId, loginServer, registryIds: ids, entries: ofAzure, ...how };
  return lookAtPrincipals(wish, ports, signal);
}

function questionFor(
  { seen, registry, entries: { entries } }: Pick<Removal, "seen" | "registry" | "entries">,
  remaining: readonly PullSecret[],
  gone: ReadonlySet<string>,
  {
    prune,
    servicePrincipals,
    now,
  }: Pick<RemoveInput, "prune" | "servicePrincipals"> & Pick<PrincipalQuestion, "now">,
): PrincipalQuestion {
  const { cluster, clusterId } = seen;
  const named = entries.flatMap(({ mark }) => [mark.keyId, mark.retire?.keyId]);
  return {
    clusterId,
    loginServer: registry.loginServer,
    remaining,
    nameOf: ({ namespace, name }) => targetName({ cluster, namespace, name }),
    namedKeys: new Set(named.filter((keyId) => typeof keyId === "string")),
    seenBefore: seen.secrets,
    prune: new Set(prune),
    servicePrincipals: new Set(servicePrincipals),
    gone,
    now,
  };
}

function judgeAll(
  facts: readonly PrincipalFacts[],
  question: PrincipalQuestion,
  entries: SeenEntries,
): PrincipalVerdict[] {
  return facts.map((one) => judgePrincipal(one, question)).filter((verdict) => concerns(verdict, entries));
}

/** Whether an application concerns this run: an entry names it, or something of it is removed or could be. */
export function concerns(verdict: PrincipalVerdict, { entries }: SeenEntries): boolean {
  const { application, keptKeys, keptBecause } = verdict;
  const isNamed = entries.some(({ mark }) => mark.appId === application.appId);
  const couldGo = keptKeys.some(isUnnamed) || keptBecause?.reason === "not-seen";
  return isNamed || removesSomething(verdict) || couldGo;
}

function notIdentified({ contexts, clusterId }: ClusterView) {
  return refused(
    "remove.cluster-not-known",
    `You may not read the namespace kube-system in context ${contexts.map(inOneLine).join(", ")}, so only marks say that it is the cluster ${inOneLine(clusterId)}. They may be copied from that cluster, which may still use its keys. Nothing was removed.`,
    "Ask for the right to get the namespace kube-system. If it is that cluster, confirm it with --cluster-id.",
  );
}

/** @param outcome what that meant for the run, as a sentence */
export function cannotSeeAll({ contexts }: Pick<ClusterView, "contexts">, outcome = "Nothing was removed.") {
  return refused(
    "remove.cannot-see-all-namespaces",
    `You may not list secrets in every namespace of context ${contexts.map(inOneLine).join(", ")}, so a secret in another namespace may still hold the key. ${outcome}`,
    "Ask for the right to list secrets cluster-wide, or have somebody who has it run the same command.",
  );
}

/**
 * Checks that the caller may remove what is to be removed in Azure.
 * @throws ActionableError `directory.not-owner`, `roles.forbidden`, exit 3
 */
export async function checkRights(
  removals: readonly Removal[],
  attachments: Attachments,
  { azure }: RemovePorts,
  signal: AbortSignal,
): Promise<void> {
  const verdicts = removals.flatMap((removal) => removal.verdicts);
  const changed = verdicts.filter(({ keys, keptBecause }) => keys.length > 0 || keptBecause === undefined);
  const roles = [...verdicts.flatMap((one) => one.roles), ...attachments.roles.map(({ role }) => role)];
  const scopes = new Set(roles.map(({ scope }) => scope));
  if (changed.length === 0 && scopes.size === 0) return;
  const { directory } = azure;
  const caller = await directory.caller(signal);
  await Promise.all([
    ...changed.map(async (verdict) => {
      const { application } = verdict;
      const refusal = await foreseeRefusedChange(
        application,
        { directory, caller },
        signal,
        actionOf(verdict),
      );
      // What is removed before this could not be brought back.
      if (refusal) throw refusal;
    }),
    ...[...scopes].map((scope) => checkMayUnassign(scope, caller.name, azure, signal)),
  ]);
}

function actionOf({ keptBecause }: PrincipalVerdict): string {
  return keptBecause ? "remove a password of it" : "delete it";
}

async function checkMayUnassign(
  registryId: string,
  caller: string,
  { roles }: RemovePorts["azure"],
  signal: AbortSignal,
): Promise<void> {
  const rights = await roles.registryRights(registryId, signal);
  if (!rights || rights.deleteRoleAssignments) return roles.readyToWrite(signal);
  throw new ActionableError(
    `${caller} may not remove role assignments on ${registryId.split("/").at(-1)}: Microsoft.Authorization/roleAssignments/delete is missing.`,
    {
      code: "roles.forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask an Owner, User Access Administrator or Role Based Access Control Administrator of the registry to run this, or to assign you one of these roles on it.",
      docs: "https://learn.microsoft.com/azure/role-based-access-control/role-assignments-remove",
    },
  );
}
