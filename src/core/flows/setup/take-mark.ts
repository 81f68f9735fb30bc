import type { Writing } from "../../ports.ts";
import { keyOrigin, type EntryMark } from "../../../domain/ownership.ts";
import type { SecretObject } from "../../../domain/kubernetes-objects.ts";
import type { HeldMark } from "../../steps/pending-mark.ts";
import { isSameTarget } from "../../steps/pull-secret.ts";
import { writable, type Target } from "../../steps/read-targets.ts";
import { isRefusedWrite } from "../../steps/refused-write.ts";
import { takeTurn } from "../../steps/take-turn.ts";
import type { SetupPorts } from "../setup-contract.ts";
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
  const secret = await surveyedSecret(job, target, signal);
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
      surveyed: await surveyed.managedSecrets(signal),
    },
    signal,
  );
}

async function surveyedSecret(
  { targets }: Job,
  target: Target,
  signal: AbortSignal,
): Promise<SecretObject | undefined> {
  const known = targets.find((one) => isSameTarget(one.target, target));
  if (!known) return target.cluster.findSecret(target.namespace, target.name, signal);
  return known.state.kind === "present" ? known.state.secret : undefined;
}

function deadOperations({ deadKeys, identity }: Job): string[] {
  const passwords = applicationOf(identity?.application)?.passwords ?? [];
  return passwords
    .filter(({ keyId }) => deadKeys.obsolete.includes(keyId))
    .flatMap((key) => keyOrigin(key)?.operation ?? []);
}
