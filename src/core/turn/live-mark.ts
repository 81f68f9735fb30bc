import type { MarkHolder, PendingMark } from "../../domain/ownership.ts";
import type { ProcessIdentity } from "../ports.ts";

const staleAfterMs = 60_000;

/**
 * Whether another run may still be at work under a mark: one older than a minute is not renewed any more, and a
 * process that this one would see and that is gone needs no minute. A mark in this process's own name is left from an
 * earlier one with the same number.
 */
export function isLive(pending: PendingMark, serverTime: Date, process: ProcessIdentity): boolean {
  const { holder, renewedAt } = pending;
  if (isOwn(pending, process)) return false;
  if (isNeighbour(holder, process) && !process.isAlive(holder.pid, holder.start)) return false;
  // One from the future was not written by the cluster's clock, and would never grow old.
  return Math.abs(serverTime.getTime() - Date.parse(renewedAt)) <= staleAfterMs;
}

/** Whether a mark is this process's own, or of an earlier one with its number. */
export function isOwn({ holder }: PendingMark, process: ProcessIdentity): boolean {
  return isNeighbour(holder, process) && holder.pid === process.pid;
}

/**
 * Whether a holder's process number means the same here. Containers of one machine may share its name and its start
 * and still count their processes apart, so that a number says nothing of another container's run.
 */
function isNeighbour(holder: MarkHolder, process: ProcessIdentity): boolean {
  return (
    holder.host === process.host &&
    holder.boot === process.boot &&
    holder.pidNamespace === process.pidNamespace
  );
}
