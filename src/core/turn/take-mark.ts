import { hasCode, type ActionableError } from "../../domain/errors.ts";
import { managedSelector, type EntryMark } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { writable, type Target, type Writable } from "../cluster/read-targets.ts";
import type { ClusterTarget, ProcessIdentity, Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import { BusyError } from "./busy.ts";
import type { MarkWish } from "./mark-writes.ts";
import { HeldMark } from "./pending-mark.ts";
import { isSameTarget, targetName, type TargetPolicy } from "./pull-secret.ts";

/** A secret on which a run may put its mark. */
export interface MarkPlace {
  readonly target: Target;
  /**
   * The secret as it was seen. Undefined if it is created for the mark.
   * @throws BusyError if it is no longer what was seen
   */
  readonly secret: (signal: AbortSignal) => Promise<PullSecret | undefined> | PullSecret | undefined;
}

/** What a turn works with. */
export interface TurnPorts extends Writing<{ readonly clusters: readonly ClusterTarget[] }> {
  readonly process: ProcessIdentity;
  readonly report: Report;
}

/** Where a run puts its mark, and what the mark says. */
export interface MarkPlan {
  /** The best first. Every run that sees the same secrets begins with the same one. */
  readonly places: readonly MarkPlace[];
  /** The mark that a new entry gets. An existing entry keeps its own. */
  readonly entry: EntryMark;
  readonly policy: TargetPolicy;
  /** Operations of earlier runs whose keys are to be removed at the end. */
  readonly sweep: readonly string[];
  /** Whether the run is a removal, which no other command may continue. */
  readonly removes?: boolean;
  /** Object id of the application that this run may delete, or that an earlier run deleted. */
  readonly deletes?: string | undefined;
  /** The cluster's managed secrets at the time of the look. Undefined if they may not be listed. */
  readonly seenBefore: (signal: AbortSignal) => Promise<readonly PullSecret[] | undefined>;
}

/**
 * Puts a run's mark on the first secret that takes it. So what somebody did in one namespace does not stop the run in
 * the others. Two runs for different namespaces mark different secrets. The second one sees the other's mark, or what
 * the other has written.
 * @param lost aborted when another run takes the mark over
 * @throws ActionableError `busy` if another run is at work, or has written something since the cluster was seen
 */
export async function takeMark(
  plan: MarkPlan,
  ports: TurnPorts,
  lost: AbortController,
  signal: AbortSignal,
): Promise<HeldMark> {
  let refusal: unknown = new TypeError("a turn has a secret to be marked");
  for (const { target, secret } of plan.places) {
    try {
      const wish = wishFor(writable(target, ports), await secret(signal), plan, ports.process);
      const known = await plan.seenBefore(signal);
      const mark = await HeldMark.set(wish, lost, signal);
      const other = known && (await changedSince(known, wish, signal));
      if (!other) return mark;
      await mark.withdraw(signal);
      throw new BusyError(targetName({ ...target, ...other }));
    } catch (error) {
      if (!isRefusedWrite(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function wishFor(
  target: Writable<Target>,
  secret: PullSecret | undefined,
  { policy, entry, sweep, removes, deletes }: MarkPlan,
  process: ProcessIdentity,
): MarkWish {
  const { loginServer } = policy;
  const operations = [...new Set(sweep)];
  return { target, secret, loginServer, entry, process, sweep: operations, removes, deletes };
}

/**
 * Whether a write was refused for a reason that concerns only its own secret or namespace. Somebody may have caused
 * that in one namespace, so the run may still write another secret.
 */
export function isRefusedWrite(error: unknown): error is ActionableError {
  return hasCode(
    error,
    "kubernetes.forbidden",
    "kubernetes.invalid",
    "kubernetes.terminating",
    "kubernetes.not-found",
    "kubernetes.namespace-not-found",
  );
}

/** A secret of the cluster, other than the marked one, that was changed since it was seen. */
async function changedSince(
  known: readonly PullSecret[],
  { target, loginServer }: Pick<MarkWish, "target" | "loginServer">,
  signal: AbortSignal,
): Promise<PullSecret | undefined> {
  const fingerprints = new Set(known.map((secret) => fingerprint(secret, loginServer)));
  const now = await target.cluster.listSecrets(managedSelector, signal);
  return now?.find(
    (secret) => !isSameTarget(secret, target) && !fingerprints.has(fingerprint(secret, loginServer)),
  );
}

/** Which keys a secret holds for a registry, and which operation is pending there. */
function fingerprint(secret: PullSecret, loginServer: string): string {
  const { appId, keyId, pending, retire } = secret.marks[loginServer] ?? {};
  return JSON.stringify([secret.namespace, secret.name, appId, keyId, pending?.operation, retire?.keyId]);
}
