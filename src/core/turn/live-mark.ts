import type { MarkHolder, PendingMark } from "../../domain/ownership.ts";
import type { ProcessIdentity } from "../ports.ts";

const staleAfterMs = 60_000;

/**
 * Whether another run may still be at work under a mark. A mark older than a minute is no longer renewed. If this
 * process could see the mark's process, and that one is gone, the mark is dead at once. A mark in this process's own
 * name was left by an earlier process with the same number.
 */
export function isLive(pending: PendingMark, serverTime: Date, process: ProcessIdentity): boolean {
  const { holder, renewedAt } = pending;
  if (isOwn(pending, process)) return false;
  if (isNeighbour(holder, process) && !process.isAlive(holder.pid, holder.start)) return false;
  // A mark from the future was not written by the cluster's clock, and would never grow old.
  return Math.abs(serverTime.getTime() - Date.parse(renewedAt)) <= staleAfterMs;
}

/** Whether a mark is this process's own, or that of an earlier process with the same number. */
export function isOwn({ holder }: PendingMark, process: ProcessIdentity): boolean {
  return isNeighbour(holder, process) && holder.pid === process.pid;
}

/**
 * Whether a holder's process number means the same here. Containers of one machine may share its name and boot id,
 * but count their processes separately. So a number says nothing about a run in another container.
 */
function isNeighbour(holder: MarkHolder, process: ProcessIdentity): boolean {
  return (
    holder.host === process.host &&
    holder.boot === process.boot &&
    holder.pidNamespace === process.pidNamespace
  );
}
