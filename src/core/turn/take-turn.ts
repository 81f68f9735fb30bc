import { managedSelector } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { BusyError } from "./busy.ts";
import { HeldMark, type MarkWish } from "./pending-mark.ts";
import { isSameTarget, targetName } from "./pull-secret.ts";

/** What a run needs to be the only one that makes or retires keys of one cluster. */
export interface TurnWish extends MarkWish {
  readonly operation: string;
  /** Operations whose keys are to be removed in the end. */
  readonly sweep: readonly string[];
  /** The cluster's managed secrets when it was surveyed; undefined when they may not be listed. */
  readonly surveyed: readonly PullSecret[] | undefined;
}

/**
 * Puts this run's mark on the secret, and looks again. Two runs for different namespaces mark different secrets:
 * whichever was second sees the other's mark, or what the other has written.
 * @throws ActionableError `busy` when another run is at work, or has written something since the cluster was surveyed
 */
export async function takeTurn(wish: TurnWish, signal: AbortSignal): Promise<HeldMark> {
  const { target, operation, sweep } = wish;
  const mark = await HeldMark.set(wish, operation, sweep, signal);
  const other = await changedMeanwhile(wish, signal);
  if (!other) return mark;
  await mark.withdraw(signal);
  throw new BusyError(targetName({ ...target, ...other }));
}

async function changedMeanwhile(
  { target, loginServer, surveyed }: TurnWish,
  signal: AbortSignal,
): Promise<PullSecret | undefined> {
  if (!surveyed) return undefined;
  const known = new Set(surveyed.map((secret) => fingerprint(secret, loginServer)));
  const now = await target.cluster.listSecrets(managedSelector, signal);
  return now?.find((secret) => !isSameTarget(secret, target) && !known.has(fingerprint(secret, loginServer)));
}

/** Which keys a secret holds for a registry, and which operation is pending there. */
function fingerprint(secret: PullSecret, loginServer: string): string {
  const { appId, keyId, pending, retire } = secret.marks[loginServer] ?? {};
  return JSON.stringify([secret.namespace, secret.name, appId, keyId, pending?.operation, retire?.keyId]);
}
