import pMap from "p-map";
import type { Application } from "../../../domain/identity.ts";
import type { SecretObject } from "../../../domain/kubernetes-objects.ts";
import { azureNow } from "../../clocks.ts";
import { heldKeyIds } from "../../holders/key-holders.ts";
import type { Writing } from "../../ports.ts";
import { sweepKeys } from "../../steps/client-secret.ts";
import { clearMark, type HeldMark } from "../../steps/pending-mark.ts";
import { isSameTarget, targetName } from "../../steps/pull-secret.ts";
import { writable, type Target } from "../../steps/read-targets.ts";
import { isRefusedWrite } from "../../steps/refused-write.ts";
import type { SetupPorts } from "../setup-contract.ts";
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
  ports: Parameters<typeof sweepKeys>[2] & Pick<Writing<SetupPorts>, "clusters">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { application, loginServer, mark, keyId, allWritten } = wish;
  const { clusterId, staleMarks } = job;
  const operations = operationsToSweep(job, mark);
  if (operations.length === 0) return [];
  const held = await heldKeys(job, application, ports, signal);
  if (keyId !== null) held.add(keyId);
  const swept = await sweepKeys(
    application,
    { clusterId, operations, newest: keyId ?? undefined, held },
    ports,
    signal,
  );
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

/**
 * Keys of an application that secrets hold now, whoever wrote them: not at the survey, others may have written since.
 * Where they may not be listed cluster-wide, of the targets alone.
 */
export async function heldKeys(
  { surveyed, targets }: Job,
  application: Application,
  { directory, clock }: Pick<Parameters<typeof sweepKeys>[2], "directory" | "clock">,
  signal: AbortSignal,
): Promise<Set<string>> {
  const { cluster } = surveyed;
  const listed =
    (await cluster.listPullSecrets(signal)) ??
    (await pMap(targets, ({ target }) => target.cluster.findSecret(target.namespace, target.name, signal), {
      concurrency: 10,
    }));
  const secrets: ReadonlyArray<SecretObject | undefined> = listed;
  return heldKeyIds(
    secrets.filter((secret) => secret !== undefined),
    application,
    azureNow(directory, clock),
  );
}
