import pMap from "p-map";
import type { Application } from "../../domain/identity.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { azureNow } from "../clocks.ts";
import { heldKeyIds } from "../cluster/key-holders.ts";
import { mayBeSwept } from "../../domain/mark-claims.ts";
import type { ProcessIdentity, Writing } from "../ports.ts";
import { sweepKeys } from "../identity/client-secret.ts";
import { clearMark, isLive, type HeldMark } from "../turn/pending-mark.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import { writable, type Target } from "../cluster/read-targets.ts";
import { isRefusedWrite } from "../turn/refused-write.ts";
import type { SetupPorts } from "./contract.ts";
import type { Job } from "./job.ts";

/** Operations whose keys are to be removed before this job's marks are: those of stale marks and of its own. */
export function operationsToSweep({ staleMarks }: Job, mark: HeldMark | undefined): readonly string[] {
  const stale = staleMarks.flatMap(({ pending }) => [...(pending.sweep ?? []), pending.operation]);
  return [...new Set([...stale, ...(mark?.sweep ?? [])])];
}

/**
 * Removes the keys of operations that nobody needs any more, then the marks that name them. While a secret that
 * could not be written still holds one, key and mark stay for the next run.
 * @returns ids of the removed keys
 */
export async function sweep(
  job: Job,
  wish: {
    readonly application: Application;
    readonly loginServer: string;
    readonly mark: HeldMark | undefined;
    /** The key that is in use now. */
    readonly keyId: string | null;
    /** Whether every target holds it. */
    readonly allWritten: boolean;
  },
  ports: Parameters<typeof sweepKeys>[2] & Pick<Writing<SetupPorts>, "clusters" | "process">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { application, loginServer, mark, keyId, allWritten } = wish;
  const { clusterId, staleMarks } = job;
  const operations = operationsToSweep(job, mark);
  if (operations.length === 0) return [];
  const secrets = await job.surveyed.cluster.listPullSecrets(signal);
  const atWork = operationsAtWork(secrets ?? [], job, loginServer, ports.process);
  const lost = new Set(mark?.lostOperations);
  const known = operations.filter((operation) =>
    mayBeSwept({
      seesAll: secrets !== undefined && !job.marksStay,
      lostByThisRun: lost.has(operation),
      ofRunAtWork: atWork.has(operation),
    }),
  );
  const leaveMarks = async () => {
    await mark?.putBack(signal);
    // What could not be listed the plan has told.
    if (secrets)
      for (const text of standingMarks(job)) ports.report({ kind: "note", level: "warning", text });
  };
  if (known.length === 0) {
    await leaveMarks();
    return [];
  }
  const held = await heldKeys(job, application, { ...ports, known: secrets }, signal);
  if (keyId !== null) held.add(keyId);
  const swept = await sweepKeys(
    application,
    { clusterId, operations: known, newest: keyId ?? undefined, held },
    ports,
    signal,
  );
  if (known.length < operations.length) {
    await leaveMarks();
    return swept.removed;
  }
  if (!allWritten && swept.held.some((one) => one !== keyId)) return swept.removed;
  const marked = new Map<string, Target>(staleMarks.map(({ target }) => [targetName(target), target]));
  if (mark) marked.set(targetName(mark.target), mark.target);
  const ours = new Set([...operations, ...(mark ? [mark.operation] : [])]);
  for (const target of marked.values()) {
    try {
      await clearMark(writable(target, ports), loginServer, ours, signal);
    } catch (error) {
      if ((mark && isSameTarget(target, mark.target)) || !isRefusedWrite(error)) throw error;
      const text = `The mark of an earlier run on ${targetName(target)} stays: ${error.message}`;
      ports.report({ kind: "note", level: "warning", text });
    }
  }
  return swept.removed;
}

/** That the marks of earlier runs stay, for nobody can tell whether what they name is held. */
export function standingMarks({ staleMarks, marksStay }: Pick<Job, "staleMarks" | "marksStay">): string[] {
  const why = marksStay
    ? "secrets may not be listed in every namespace, so another one may hold it. The same command by who may list them removes both"
    : "a run is at work on it";
  return staleMarks.map(
    ({ target }) =>
      `The mark of an earlier run on ${targetName(target)} stays, and so does a key that it may name: ${why}`,
  );
}

/** Operations that other runs at work have in their own marks for the registry. */
function operationsAtWork(
  secrets: readonly PullSecret[],
  { surveyed: { cluster }, clusterId, staleMarks }: Job,
  loginServer: string,
  process: ProcessIdentity,
): ReadonlySet<string> {
  const isStale = (secret: PullSecret) => staleMarks.some(({ target }) => isSameTarget(target, secret));
  const pending = secrets
    .filter((secret) => !isStale(secret))
    .map((secret) => secret.marks[loginServer])
    .flatMap((mark) => (mark?.clusterId === clusterId && mark.pending ? [mark.pending] : []));
  const now = cluster.serverTime();
  return new Set(pending.filter((one) => isLive(one, now, process)).map(({ operation }) => operation));
}

/**
 * Keys of an application that secrets hold now, whoever wrote them: not at the survey, others may have written since.
 * Where they may not be listed cluster-wide, of the targets alone.
 * `known` is all of them, where they were listed a moment ago.
 */
export async function heldKeys(
  { surveyed, targets }: Job,
  application: Application,
  {
    directory,
    clock,
    known,
  }: Pick<Parameters<typeof sweepKeys>[2], "directory" | "clock"> & {
    readonly known?: readonly PullSecret[] | undefined;
  },
  signal: AbortSignal,
): Promise<Set<string>> {
  const { cluster } = surveyed;
  const listed =
    known ??
    (await cluster.listPullSecrets(signal)) ??
    (await pMap(targets, ({ target }) => target.cluster.findSecret(target.namespace, target.name, signal), {
      concurrency: 10,
    }));
  const secrets: ReadonlyArray<PullSecret | undefined> = listed;
  return heldKeyIds(
    secrets.filter((secret) => secret !== undefined),
    application,
    azureNow(directory, clock),
  );
}
