import type { Writing } from "../ports.ts";
import { keyOrigin, type EntryMark } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { HeldMark } from "../turn/pending-mark.ts";
import { BusyError } from "../turn/busy.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import { writable, type Target } from "../cluster/read-targets.ts";
import { isRefusedWrite } from "../turn/refused-write.ts";
import { takeTurn } from "../turn/take-turn.ts";
import type { SetupPorts } from "./contract.ts";
import { applicationOf, type Job } from "./job.ts";

/**
 * Puts this run's mark on the secret where every run that sees the same secrets puts it: where a stale one stands,
 * else on the first target. It names what has to be removed in the end, so that a later run can do it: keys that
 * earlier runs may have left, and keys that do not sign in any more.
 * @throws ActionableError `busy` when another run is at work, or has written something since the cluster was surveyed
 */
export async function takeMark(
  job: Job,
  wish: {
    readonly operation: string;
    readonly registryId: string;
    readonly loginServer: string;
    readonly ports: Writing<SetupPorts>;
  },
  signal: AbortSignal,
): Promise<HeldMark> {
  let refusal: unknown = new TypeError("a job has a target");
  for (const { target } of [...job.staleMarks, ...job.targets]) {
    try {
      return await markOn(target, job, wish, signal);
    } catch (error) {
      // What somebody else put in one namespace stops nobody in the others.
      if (!isRefusedWrite(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

async function markOn(
  target: Target,
  job: Job,
  { operation, registryId, loginServer, ports }: Parameters<typeof takeMark>[1],
  signal: AbortSignal,
): Promise<HeldMark> {
  const { staleMarks, clusterId, surveyed } = job;
  const secret = await surveyedSecret(job, target, loginServer, signal);
  const entry: EntryMark = { registry: registryId, clusterId };
  const sweep = [
    ...staleMarks.flatMap(({ pending }) => [...(pending.sweep ?? []), pending.operation]),
    ...deadOperations(job),
  ];
  return takeTurn(
    {
      target: writable(target, ports),
      secret,
      loginServer,
      entry,
      process: ports.process,
      operation,
      sweep,
      deletes: deletedBefore(job),
      surveyed: await surveyed.managedSecrets(signal),
    },
    signal,
  );
}

/** @throws BusyError when the stale mark that was seen on it is there no more: its run came to its end after all */
async function surveyedSecret(
  { targets, staleMarks }: Job,
  target: Target,
  loginServer: string,
  signal: AbortSignal,
): Promise<PullSecret | undefined> {
  const known = targets.find((one) => isSameTarget(one.target, target));
  if (known) return known.state.kind === "present" ? known.state.secret : undefined;
  const secret = await target.cluster.findSecret(target.namespace, target.name, signal);
  const seen = staleMarks.find((one) => isSameTarget(one.target, target));
  const operation = secret && secret.marks[loginServer]?.pending?.operation;
  if (operation !== seen?.pending.operation) throw new BusyError(targetName(target));
  return secret;
}

/** Object id of an application that a run before this one was to delete, by its mark. */
export function deletedBefore({ staleMarks }: Pick<Job, "staleMarks">): string | undefined {
  return staleMarks.find(({ pending }) => pending.deletes !== undefined)?.pending.deletes;
}

function deadOperations({ deadKeys, identity }: Job): string[] {
  const passwords = applicationOf(identity?.application)?.passwords ?? [];
  return passwords
    .filter(({ keyId }) => deadKeys.obsolete.includes(keyId))
    .flatMap((key) => keyOrigin(key)?.operation ?? []);
}
