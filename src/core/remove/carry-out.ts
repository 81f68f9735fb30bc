import type { PullCredential } from "../../domain/docker-config.ts";
import type { Application, PasswordCredential } from "../../domain/identity.ts";
import { credentialsIn, type PullSecret } from "../../domain/pull-secret.ts";
import { applicationUniqueName, isManaged, keyOrigin } from "../../domain/ownership.ts";
import { secretsNow } from "../cluster/read-secrets.ts";
import type { Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import { BusyError } from "../turn/busy.ts";
import { newOperation } from "../identity/client-secret.ts";
import { readEntry, withoutPassword, type MarkedSecret } from "../turn/entry-removal.ts";
import type { HeldMark } from "../turn/pending-mark.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import { writable } from "../cluster/read-targets.ts";
import { takeTurn } from "../turn/take-turn.ts";
import type { RemoveInput, RemovePorts } from "./contract.ts";
import { concerns, judgeAgain, mayRemoveMore, removesSomething, type Removal } from "./look.ts";
import { findLiveMark } from "./look-at-entries.ts";
import type { Records } from "./records.ts";
import { Several } from "./several.ts";
import { purgeLeft } from "./purge-left.ts";
import { noteEnd, noteKeptKeys, noteKeptRoles, removePrincipal } from "./remove-principals.ts";

/** What carrying out takes, the same for all clusters of a run. */
export interface Run {
  readonly input: RemoveInput;
  readonly ports: Writing<RemovePorts>;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Ids of what this run has removed in Azure. */
  readonly gone: Set<string>;
  readonly records: Records;
}

/**
 * Removes one cluster's part: consumers first, then the entries, then what they needed in Azure. One secret is the
 * last to go. It carries this run's mark, and when its password is out it still says whose key it held, so that a run
 * that is cut off is gone on with by the next from what the cluster holds.
 * @throws BusyError when another run is at work, or went on in this one's place
 */
export async function carryOut(removal: Removal, run: Run): Promise<void> {
  const first = removal.entries.entries.find(({ secret }) => !secret.deleting);
  noteKept(removal, run.records);
  if (first) await new ClusterRemoval(removal, first, run).toTheEnd();
  else await removeWithoutMark(removal, run);
}

/**
 * No secret is left that could be marked, for a mark is put on none that is being deleted: only what nothing in the cluster
 * holds is removed, and nothing while a run is at work that has begun since.
 */
async function removeWithoutMark(removal: Removal, run: Run): Promise<void> {
  const { seen, registry } = removal;
  const { entries } = removal.entries;
  const remaining = async () => {
    const secrets = await secretsNow(seen, run.input.concurrency, run.signal);
    const live = findLiveMark(seen, secrets, registry.loginServer, run.ports.process);
    if (live) throw new BusyError(targetName(live));
    return secrets.filter((secret) => !entries.some(({ target }) => isSameTarget(target, secret)));
  };
  const stillOurTurn = () => Promise.resolve();
  const several = new Several(removal, run, run.signal);
  if (removal.users.links.length > 0) {
    // What was made anew meanwhile is named with good reason.
    const standing = await remaining();
    const inVain = removal.users.links.filter(
      ({ namespace, secretName: name }) => !standing.some((one) => isSameTarget(one, { namespace, name })),
    );
    run.records.wrote = true;
    await several.unlink(inVain, stillOurTurn);
  }
  if (entries.length > 0) {
    run.records.wrote = true;
    await several.removeEntries(entries, stillOurTurn);
  }
  if (removal.verdicts.some(removesSomething)) {
    await removeInAzure(removal, remaining, run, run.signal, stillOurTurn);
  } else noteStanding(removal, run.records);
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

class ClusterRemoval {
  readonly #removal: Removal;
  readonly #keeper: MarkedSecret;
  readonly #run: Run;
  #signal: AbortSignal;

  constructor(removal: Removal, keeper: MarkedSecret, run: Run) {
    this.#removal = removal;
    this.#keeper = keeper;
    this.#run = run;
    this.#signal = run.signal;
  }

  async toTheEnd(): Promise<void> {
    const outside = this.#signal;
    const mark = await this.#takeTurn();
    this.#run.records.wrote = true;
    this.#signal = AbortSignal.any([outside, mark.lost]);
    mark.startRenewing(this.#signal);
    try {
      await this.#underMark(mark);
    } catch (error) {
      throw mark.lost.aborted ? mark.lost.reason : error;
    } finally {
      await mark.stopRenewing();
    }
  }

  get #several(): Several {
    return new Several(this.#removal, this.#run, this.#signal);
  }

  async #takeTurn(): Promise<HeldMark> {
    const mark = await this.#setMark();
    const { entries, verdicts } = this.#removal;
    const holdsBack = verdicts.some(({ keptBecause }) => keptBecause?.reason === "still-held");
    if (!holdsBack && !verdicts.some(({ keptKeys }) => keptKeys.some(({ heldBy }) => heldBy))) return mark;
    // Another removal may have taken away meanwhile what held a key back: the last one has to take it along.
    const secrets = await this.#secretsNow();
    const isGoing = (secret: PullSecret) =>
      entries.entries.some(({ target }) => isSameTarget(target, secret));
    const remaining = secrets.filter((secret) => !isGoing(secret));
    const { gone, input } = this.#run;
    if (!mayRemoveMore(this.#removal, remaining, gone, input)) return mark;
    await mark.withdraw(this.#signal);
    throw new BusyError(targetName(mark.target));
  }

  /** The mark names the operations of every key that goes: whoever takes it over removes those too. */
  async #setMark(): Promise<HeldMark> {
    const { seen, entries, verdicts, registry } = this.#removal;
    const { target, secret, mark } = this.#keeper;
    const operations = verdicts.flatMap(({ keys }) => keys.map((key) => keyOrigin(key)?.operation ?? ""));
    return takeTurn(
      {
        target: writable(target, this.#run.ports),
        secret,
        loginServer: registry.loginServer,
        entry: { registry: mark.registry, clusterId: seen.clusterId },
        process: this.#run.ports.process,
        removes: true,
        operation: newOperation(),
        sweep: [...new Set([...entries.staleOperations, ...operations])],
        deletes: this.#ownApplication()?.objectId ?? entries.staleDeletions[0],
        surveyed: seen.whole ? seen.secrets.filter(isManaged) : undefined,
      },
      this.#signal,
    );
  }

  /** The application that goes, if any does. */
  #ownApplication(): Application | undefined {
    const { facts, registry, seen } = this.#removal;
    const ownName = applicationUniqueName(registry.loginServer, seen.clusterId);
    return facts.map(({ application }) => application).find(({ uniqueName }) => uniqueName === ownName);
  }

  async #underMark(mark: HeldMark): Promise<void> {
    const { records } = this.#run;
    const stillOurTurn = () => mark.ensureHeld(this.#signal);
    await this.#several.unlink(this.#removal.users.links, stillOurTurn);
    await this.#removeOthers(mark);
    const before = records.failures.length;
    if (this.#removal.verdicts.some(removesSomething)) {
      await this.#emptyKeeper(mark);
      const remaining = async () =>
        (await this.#secretsNow()).filter((secret) => !isSameTarget(secret, mark.target));
      await removeInAzure(this.#removal, remaining, this.#run, this.#signal, stillOurTurn);
    } else noteStanding(this.#removal, records);
    await purgeLeft(this.#removal, this.#run, this.#signal);
    // Left as it is it leads the next run to what could not be removed.
    if (records.failures.length === before) await this.#removeKeeper(mark);
  }

  /** A key that some secret came to hold meanwhile stays. */
  #secretsNow(): Promise<readonly PullSecret[]> {
    return secretsNow(this.#removal.seen, this.#run.input.concurrency, this.#signal);
  }

  async #removeOthers(mark: HeldMark): Promise<void> {
    const others = this.#removal.entries.entries.filter(({ target }) => !isSameTarget(target, mark.target));
    await this.#several.removeEntries(
      others,
      () => mark.ensureHeld(this.#signal),
      () => mark.confirmHeld(this.#signal),
    );
  }

  /** The password out, the mark left. */
  async #emptyKeeper(mark: HeldMark): Promise<void> {
    const { loginServer } = this.#keeper;
    const { target } = mark;
    await mark.ensureHeld(this.#signal);
    await mark.writeMarked(async (secret) => {
      const entry = readEntry(target, secret, loginServer);
      if (!entry) throw new BusyError(targetName(target));
      const change = withoutPassword(entry);
      return change ? target.cluster.patchSecret(secret, change, this.#signal) : secret;
    });
    const { cluster, namespace, name: id } = target;
    const place = { kind: "secret", id, context: cluster.context, namespace } as const;
    this.#run.records.add({ ...place, action: "updated", reason: "unfinished" });
  }

  async #removeKeeper(mark: HeldMark): Promise<void> {
    const { target, loginServer } = this.#keeper;
    await mark.ensureHeld(this.#signal);
    await mark.stopRenewing();
    const entry = readEntry(target, mark.secret, loginServer);
    if (!entry) throw new BusyError(targetName(target));
    await this.#several.removeEntries([entry], () => Promise.resolve());
  }
}

/** @param remaining the cluster's secrets as they are now, without those that go */
async function removeInAzure(
  removal: Removal,
  remaining: () => Promise<readonly PullSecret[]>,
  run: Run,
  signal: AbortSignal,
  stillOurTurn: () => Promise<void>,
): Promise<void> {
  const { input, ports, records, report, gone } = run;
  const judge = (decisive: boolean) =>
    judgeAgain(removal, { remaining, gone, decisive }, { input, ports }, signal);
  // Of a key only its own cluster's secrets decide, which are read whole.
  for (const verdict of (await judge(false)).filter((one) => concerns(one, removal.entries))) {
    await removePrincipal(verdict, {
      ports,
      records,
      report,
      signal,
      gone,
      stillOurTurn,
      loginServer: removal.registry.loginServer,
      credentialsOf: (key) => credentialsOf(key, verdict.application, removal),
      judgeAgain: async () =>
        (await judge(true)).find(({ application }) => application.appId === verdict.application.appId),
    });
  }
}

/** What the entries that go held for the registry that begins as a key does: its password, for all that can be told. */
function credentialsOf(
  { hint }: PasswordCredential,
  { appId }: Application,
  { entries, registry }: Removal,
): PullCredential[] {
  const held = entries.entries
    .flatMap(({ secret }) => credentialsIn(secret))
    .filter(
      ({ host, username, password }) =>
        host === registry.loginServer &&
        username === appId &&
        hint !== undefined &&
        password.reveal().startsWith(hint),
    );
  return [...new Map(held.map((credential) => [credential.password.reveal(), credential])).values()];
}

/** Nothing of Azure goes: what is kept is said with the reason that was found. */
function noteStanding({ verdicts }: Removal, records: Records): void {
  for (const verdict of verdicts) {
    noteKeptKeys(verdict, records);
    noteKeptRoles(verdict, records);
    const { keptBecause } = verdict;
    if (keptBecause) noteEnd(verdict, keptBecause, records);
  }
}
