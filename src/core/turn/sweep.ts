import type { Application } from "../../domain/identity.ts";
import { mayBeSwept } from "../../domain/mark-claims.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { azureNow } from "../clocks.ts";
import { heldKeyIds } from "../cluster/key-holders.ts";
import { writable, type Target } from "../cluster/read-targets.ts";
import { sweepKeys } from "../identity/client-secret.ts";
import type { DirectoryTools } from "../identity/directory-tools.ts";
import { untilBelievable } from "../patience.ts";
import { isLive } from "./live-mark.ts";
import { replaceMark } from "./mark-writes.ts";
import { isSameTarget, targetName } from "./pull-secret.ts";
import { isRefusedWrite } from "./take-mark.ts";
import type { Turn } from "./turn.ts";

/** What is removed at the end of a turn. */
export interface Closing {
  readonly application: Application;
  readonly clusterId: string;
  /** Secrets with marks of runs that are no longer at work. */
  readonly staleMarks: readonly Target[];
  /** More operations whose keys are removed: those of this turn itself, if no secret holds the keys. */
  readonly more?: readonly string[];
  /**
   * A key that this run made: a part of the directory that lists it lists the older ones too. Undefined if there is
   * none. Then the directory is asked more than once, because parts of it may lag.
   */
  readonly newest: string | undefined;
  /** The key in use, whatever the secrets show. */
  readonly inUse?: string | null;
  /** Whether secrets that nobody looks at may hold what the marks name. */
  readonly mayMiss: boolean;
  /** Whether the marks stay while a secret still holds a key that they name. */
  readonly staysWhileHeld?: boolean;
  /** Called for each key as soon as it is removed, because what follows may fail. */
  readonly onRemoved: (keyId: string) => void;
}

/** How a turn was closed. */
export interface Closed {
  /** Whether marks stay, because a secret that cannot be seen may hold what they name. */
  readonly marksStay: boolean;
  /** Secrets from which the mark of an earlier run could not be removed. */
  readonly unclearable: readonly Target[];
}

/**
 * Removes the keys that marks name and nobody needs any longer, then those marks and the one of this turn. If another
 * secret may hold such a key, the key stays, and so does the mark that names it. This turn then restores the mark
 * that was there before.
 */
export async function closeTurn(turn: Turn, closing: Closing, tools: DirectoryTools): Promise<Closed> {
  const operations = [...turn.sweep, ...(closing.more ?? [])];
  if (operations.length > 0 && !(await sweep(turn, operations, closing, tools))) {
    return { marksStay: true, unclearable: [] };
  }
  await turn.ensureHeld();
  await turn.end();
  const unclearable = await clearMarks(turn, operations, closing.staleMarks);
  return { marksStay: false, unclearable };
}

/** @returns whether the marks may be removed */
async function sweep(
  turn: Turn,
  operations: readonly string[],
  closing: Closing,
  tools: DirectoryTools,
): Promise<boolean> {
  const { application, clusterId, newest, inUse, mayMiss } = closing;
  const now = await turn.secretsNow();
  const atWork = operationsAtWork(now.secrets, turn, closing);
  const lost = new Set(turn.mark.lostOperations);
  const known = operations.filter((operation) =>
    mayBeSwept({
      seesAll: !mayMiss && now.whole,
      lostByThisRun: lost.has(operation),
      ofRunAtWork: atWork.has(operation),
    }),
  );
  const held = heldKeyIds(now.secrets, application, azureNow(tools.directory, tools.clock));
  if (typeof inUse === "string") held.add(inUse);
  const wish = { clusterId, operations: known, newest, held, onRemoved: closing.onRemoved };
  const look = () => sweepKeys(application, wish, tools, turn.signal);
  const foundAll = (found: Awaited<ReturnType<typeof look>>) =>
    newest !== undefined || found.removed.length + found.held.length >= known.length;
  const found =
    known.length > 0 ? await untilBelievable(look, foundAll, tools.clock, turn.signal) : undefined;
  if (known.length < operations.length) {
    await turn.end();
    await turn.mark.putBack(turn.signal);
    return false;
  }
  return !(closing.staysWhileHeld && found?.held.some((keyId) => keyId !== inUse));
}

/** Operations that are in the marks of other runs at work: several registries may share an application. */
export function operationsAtWork(
  secrets: readonly PullSecret[],
  { loginServer, ports, cluster }: Turn,
  { clusterId, staleMarks }: Pick<Closing, "clusterId" | "staleMarks">,
): ReadonlySet<string> {
  const isStale = (secret: PullSecret) => staleMarks.some((target) => isSameTarget(target, secret));
  const pending = secrets
    .flatMap((secret) =>
      Object.entries(secret.marks).filter(([host]) => host !== loginServer || !isStale(secret)),
    )
    .flatMap(([, mark]) => (mark.clusterId === clusterId && mark.pending ? [mark.pending] : []));
  const now = cluster.serverTime();
  return new Set(pending.filter((one) => isLive(one, now, ports.process)).map(({ operation }) => operation));
}

/** @returns the secrets from which the mark of an earlier run cannot be removed */
async function clearMarks(
  { loginServer, mark, ports, signal }: Turn,
  swept: readonly string[],
  staleMarks: readonly Target[],
): Promise<Target[]> {
  const operations = new Set([...swept, mark.operation]);
  const marked = new Map([...staleMarks, mark.target].map((target) => [targetName(target), target]));
  const unclearable: Target[] = [];
  for (const target of marked.values()) {
    try {
      await replaceMark({ target: writable(target, ports), loginServer, operations }, undefined, signal);
    } catch (error) {
      if (isSameTarget(target, mark.target) || !isRefusedWrite(error)) throw error;
      unclearable.push(target);
      const text = `The mark of an earlier run on ${targetName(target)} stays: ${error.message}`;
      ports.report({ kind: "note", level: "warning", text });
    }
  }
  return unclearable;
}

/** A key that may have been made under a mark. */
export interface BegunKey {
  readonly application: Application;
  readonly clusterId: string;
  /** Undefined if the request was cut off, perhaps after the key was made. */
  readonly keyId: string | undefined;
}

/**
 * Another run continues in place of this one. Removes the key that this one made, unless a secret holds it. If no key
 * was begun, gives the mark back, because the other run may be waiting for just that.
 * @param key undefined if none was begun
 * @returns whether a key was removed whose id is known
 */
export async function abandonTurn(
  turn: Turn,
  key: BegunKey | undefined,
  tools: DirectoryTools,
): Promise<boolean> {
  if (!turn.isTaken) return false;
  const signal = turn.runSignal;
  if (!key) {
    if (turn.loss === undefined) await turn.mark.withdraw(signal);
    return false;
  }
  const { application, clusterId, keyId } = key;
  const { secrets } = await turn.secretsNow(signal);
  const held = heldKeyIds(secrets, application, azureNow(tools.directory, tools.clock));
  if (keyId === undefined) {
    const wish = { clusterId, operations: [turn.mark.operation], held, newest: undefined };
    await sweepKeys(application, wish, tools, signal);
    return false;
  }
  if (held.has(keyId)) return false;
  await tools.directory.removePassword(application.objectId, keyId, signal);
  return true;
}
