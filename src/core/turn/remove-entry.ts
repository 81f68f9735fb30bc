import { hasCode } from "../../domain/errors.ts";
import type { EntryMark } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { writable } from "../cluster/read-targets.ts";
import { BusyError } from "./busy.ts";
import { entryEnd, readEntry, withoutPassword, type KeptSecret, type MarkedSecret } from "./entry-removal.ts";
import { targetName } from "./pull-secret.ts";
import type { Turn } from "./turn.ts";

/** What was done to a secret that our entry was taken out of. */
export type EntryRemoved =
  | { readonly action: "removed" }
  /**
   * `why` it stays; absent if somebody else took the entry out. `finalizers` are what holds one that is being deleted.
   */
  | { readonly action: "updated"; readonly why?: KeptSecret; readonly finalizers?: readonly string[] };

const triesOnConflict = 5;

/**
 * Takes our entry out of a secret, and deletes the secret if nothing of others is left in it. If another writer
 * changes the secret meanwhile, it is read and judged again, and the change is kept.
 * @throws ActionableError `busy` if another run put another key or its own mark there meanwhile, or continued in
 *   place of this one
 */
export async function removeEntry(turn: Turn, entry: MarkedSecret): Promise<EntryRemoved> {
  const { signal } = turn;
  const { target, loginServer } = entry;
  const { cluster, namespace, name } = writable(target, turn.ports);
  await turn.ensureHeld();
  let current: MarkedSecret = entry;
  for (let tries = 1; ; tries += 1) {
    const end = entryEnd(current);
    try {
      if (end.kind === "delete") {
        const standing = await cluster.deleteSecret(current.secret, signal);
        if (!standing) return { action: "removed" };
        // Its finalizers may hold it for long. Until it is gone, it must hold nothing of ours.
        const left = readEntry(target, standing, loginServer);
        if (!left) return { action: "updated", why: "being-deleted", finalizers: standing.finalizers };
        current = left;
        continue;
      }
      const { finalizers, deleting } = await cluster.patchSecret(current.secret, end.change, signal);
      return { action: "updated", why: end.why, ...(deleting && { finalizers }) };
    } catch (error) {
      if (hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found"))
        return { action: "removed" };
      if (tries >= triesOnConflict || !hasCode(error, "kubernetes.conflict")) throw error;
      // The marked secret needs no such request: its own mark, which may be on its way out, is compared below.
      if (!turn.isMarked(target)) await turn.confirmHeld();
      const secret = await cluster.findSecret(namespace, name, signal);
      if (!secret) return { action: "removed" };
      const now = readEntry(target, secret, loginServer);
      if (!now) return { action: "updated" };
      if (!isSameEntry(entry.mark, now.mark)) throw new BusyError(targetName(target));
      current = now;
    }
  }
}

/** Whether a mark says the same as when its removal was agreed to. */
function isSameEntry(one: EntryMark, other: EntryMark): boolean {
  return (
    one.appId === other.appId &&
    one.keyId === other.keyId &&
    one.clusterId === other.clusterId &&
    one.pending?.operation === other.pending?.operation
  );
}

/**
 * Takes the password out of the marked secret. The mark stays, and shows the next run what is still to be removed.
 * @throws ActionableError `busy` if our entry is no longer there
 */
export async function emptyMarked(turn: Turn): Promise<void> {
  const { target } = turn.mark;
  await turn.ensureHeld();
  await turn.mark.writeMarked(async (secret) => {
    const change = withoutPassword(entryOf(turn, secret));
    return change ? target.cluster.patchSecret(secret, change, turn.signal) : secret;
  });
}

/**
 * The entry of the marked secret, which is taken out last. From now on its mark is no longer renewed.
 * @throws ActionableError `busy` if another run took the mark over, or our entry is no longer there
 */
export async function lastEntry(turn: Turn): Promise<MarkedSecret> {
  await turn.ensureHeld();
  await turn.end();
  return entryOf(turn, turn.mark.secret);
}

function entryOf({ mark, loginServer }: Turn, secret: PullSecret): MarkedSecret {
  const entry = readEntry(mark.target, secret, loginServer);
  if (!entry) throw new BusyError(targetName(mark.target));
  return entry;
}
