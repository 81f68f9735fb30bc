import type { PullCredential } from "../../domain/docker-config.ts";
import type { Application, PasswordCredential } from "../../domain/identity.ts";
import { applicationUniqueName, isManaged, keyOrigin } from "../../domain/ownership.ts";
import { credentialsIn, isOfApplication, type PullSecret } from "../../domain/pull-secret.ts";
import type { Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import { BusyError } from "../turn/busy.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import { emptyMarked, lastEntry } from "../turn/remove-entry.ts";
import { inTurn, type Turn, type TurnWish } from "../turn/turn.ts";
import type { RemoveInput, RemovePorts } from "./contract.ts";
import { findLiveMark } from "./look-at-entries.ts";
import { cannotSeeAll, concerns, judgeAgain, mayRemoveMore, removesSomething, type Removal } from "./look.ts";
import { noteEnd, noteKeptKeys, noteKeptRoles, purgeLeft, removePrincipal } from "./remove-principals.ts";
import type { Records } from "./result.ts";
import { Several } from "./several.ts";

/** What carrying out a removal needs, the same for all clusters of a run. */
export interface RemoveTools {
  readonly input: RemoveInput;
  readonly ports: Writing<RemovePorts>;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** The same, and what the run has done so far. */
export interface Removing extends RemoveTools {
  /** Ids of what this run has removed in Azure. */
  readonly gone: Set<string>;
  readonly records: Records;
}

/**
 * Removes one cluster's part: first the links, then the entries, then what they needed in Azure. One secret is
 * removed last. It carries this run's mark. When its password is out, it still says whose key it held, so the next
 * run can continue from what the cluster holds if this run is interrupted.
 * @throws BusyError if another run is at work, or took over from this one
 */
export async function act(removal: Removal, run: Removing): Promise<void> {
  const { clusters, process } = run.ports;
  const ports = { clusters, process, report: run.report };
  const wish = wishFor(removal);
  noteKept(removal, run.records);
  await inTurn(wish, ports, run.signal, (turn) =>
    wish.places.length > 0 ? removeUnderMark(removal, run, turn) : removeWithoutMark(removal, run, turn),
  );
}

/**
 * The mark names the operation of every key that is removed. So a run that takes the mark over removes those keys
 * too.
 */
function wishFor({ seen, entries, verdicts, registry, facts }: Removal): TurnWish {
  const operations = verdicts.flatMap(({ keys }) => keys.map((key) => keyOrigin(key)?.operation ?? ""));
  const ownName = applicationUniqueName(registry.loginServer, seen.clusterId);
  const own = facts.find(({ application }) => application.uniqueName === ownName)?.application;
  return {
    seen,
    // No mark is put on a secret that is being deleted.
    places: entries.entries
      .filter(({ secret }) => !secret.deleting)
      .map(({ target, secret }) => ({ target, secret: () => secret })),
    entry: { registry: entries.entries[0]?.mark.registry ?? registry.loginServer, clusterId: seen.clusterId },
    policy: { loginServer: registry.loginServer, adopt: true, createNamespace: false },
    removes: true,
    sweep: [...entries.staleOperations, ...operations],
    deletes: own?.objectId ?? entries.staleDeletions[0],
    seenBefore: () => Promise.resolve(seen.whole ? seen.secrets.filter(isManaged) : undefined),
  };
}

async function removeUnderMark(removal: Removal, run: Removing, turn: Turn): Promise<void> {
  const { records } = run;
  const several = new Several(removal, run, turn);
  await turn.take();
  await makeWayForMore(removal, run, turn);
  records.wrote = true;
  await several.unlink(removal.users.links);
  await several.removeEntries(removal.entries.entries.filter(({ target }) => !turn.isMarked(target)));
  const before = records.failures.length;
  if (removal.verdicts.some(removesSomething)) {
    await emptyMarked(turn);
    noteUnfinished(turn, records);
    const remaining = async () =>
      (await secretsLeft(removal, turn)).filter((secret) => !turn.isMarked(secret));
    await removeInAzure(removal, remaining, run, turn);
  } else noteStanding(removal, records);
  await purgeLeft(removal, { ...run, turn });
  // After a failure, the marked secret stays, and leads the next run to what could not be removed.
  if (records.failures.length === before) await several.removeEntries([await lastEntry(turn)]);
}

/**
 * Another removal may have removed in the meantime what kept a key here. Then the last removal has to remove that key.
 * @throws BusyError if this is so: this run then looks again
 */
async function makeWayForMore(removal: Removal, { gone, input }: Removing, turn: Turn): Promise<void> {
  const { entries, verdicts } = removal;
  const holdsBack = verdicts.some(({ keptBecause }) => keptBecause?.reason === "still-held");
  if (!holdsBack && !verdicts.some(({ keptKeys }) => keptKeys.some(({ heldBy }) => heldBy))) return;
  const { secrets } = await turn.secretsNow();
  const remaining = secrets.filter(
    (secret) => !entries.entries.some(({ target }) => isSameTarget(target, secret)),
  );
  if (mayRemoveMore(removal, remaining, gone, input)) throw await turn.makeWay();
}

/**
 * The cluster's secrets as they are now. The right to list them may have gone since the look.
 * @throws ActionableError `remove.cannot-see-all-namespaces`
 */
async function secretsLeft({ seen }: Removal, turn: Turn): Promise<readonly PullSecret[]> {
  const { secrets, whole } = await turn.secretsNow();
  if (seen.whole && !whole) throw cannotSeeAll(seen, "So the key stays.");
  return secrets;
}

/** The marked secret has lost its password, but keeps its mark. */
function noteUnfinished({ mark: { target } }: Turn, records: Records): void {
  const { cluster, namespace, name: id } = target;
  const place = { kind: "secret", id, context: cluster.context, namespace } as const;
  records.add({ ...place, action: "updated", reason: "unfinished" });
}

/**
 * No secret is left that could be marked. Removes only what nothing in the cluster holds, and nothing while a run
 * that has begun since is at work.
 */
async function removeWithoutMark(removal: Removal, run: Removing, turn: Turn): Promise<void> {
  const { seen, registry, users } = removal;
  const { entries } = removal.entries;
  const several = new Several(removal, run, turn);
  const remaining = async () => {
    const secrets = await secretsLeft(removal, turn);
    const live = findLiveMark(seen, secrets, registry.loginServer, run.ports.process);
    if (live) throw new BusyError(targetName(live));
    return secrets.filter((secret) => !entries.some(({ target }) => isSameTarget(target, secret)));
  };
  if (users.links.length > 0) {
    // A link to a secret that was created again in the meantime is valid.
    const standing = await remaining();
    const danglingLinks = users.links.filter(
      ({ namespace, secretName: name }) => !standing.some((one) => isSameTarget(one, { namespace, name })),
    );
    run.records.wrote = true;
    await several.unlink(danglingLinks);
  }
  if (entries.length > 0) {
    run.records.wrote = true;
    await several.removeEntries(entries);
  }
  if (removal.verdicts.some(removesSomething)) await removeInAzure(removal, remaining, run, turn);
  else noteStanding(removal, run.records);
}

/** @param remaining the cluster's secrets as they are now, without those that are removed */
async function removeInAzure(
  removal: Removal,
  remaining: () => Promise<readonly PullSecret[]>,
  run: Removing,
  turn: Turn,
): Promise<void> {
  const { input, ports, records, report, gone } = run;
  const judge = (decisive: boolean) =>
    judgeAgain(removal, { remaining, gone, decisive }, { input, ports }, turn.signal);
  // Only the secrets of its own cluster decide about a key, and all of those are read.
  for (const verdict of (await judge(false)).filter((one) => concerns(one, removal.entries))) {
    await removePrincipal(verdict, {
      ports,
      records,
      report,
      turn,
      gone,
      loginServer: removal.registry.loginServer,
      credentialsOf: (key) => credentialsOf(key, verdict.application, removal),
      judgeAgain: async () =>
        (await judge(true)).find(({ application }) => application.appId === verdict.application.appId),
    });
  }
}

/**
 * Credentials for the registry, in entries that are removed, that begin as a key does: as far as one can tell, its
 * password.
 */
function credentialsOf(
  { hint }: PasswordCredential,
  { appId }: Application,
  { entries, registry }: Removal,
): PullCredential[] {
  const held = entries.entries
    .flatMap(({ secret }) => credentialsIn(secret))
    .filter(
      (one) =>
        one.host === registry.loginServer &&
        isOfApplication(one, appId) &&
        hint !== undefined &&
        one.password.reveal().startsWith(hint),
    );
  return [...new Map(held.map((credential) => [credential.password.reveal(), credential])).values()];
}

/** Nothing in Azure is removed: notes what is kept, and why. */
function noteStanding({ verdicts }: Removal, records: Records): void {
  for (const verdict of verdicts) {
    noteKeptKeys(verdict, records);
    noteKeptRoles(verdict, records);
    const { keptBecause } = verdict;
    if (keptBecause) noteEnd(verdict, keptBecause, records);
  }
}

function noteKept({ seen, users, entries, orphans }: Removal, records: Records): void {
  noteKeptRoles({ keptRoles: orphans.map((what) => ({ what, reason: "principal-gone" as const })) }, records);
  for (const { link, reason } of users.keptLinks) {
    const { namespace, account: id, cluster } = link;
    records.add({ kind: "service-account", id, context: cluster.context, namespace, action: "kept", reason });
  }
  const { context } = seen.cluster;
  for (const { namespace, name: id } of entries.strangers) {
    records.add({ kind: "secret", id, context, namespace, action: "kept", reason: "of-another-cluster" });
  }
  for (const { target, error } of entries.unwritable) {
    records.fail({ kind: "secret", id: target.name, context, namespace: target.namespace }, error);
  }
}
