import type { ProcessIdentity } from "../ports.ts";
import { emptyDockerConfig } from "../../domain/docker-config.ts";
import { hasCode } from "../../domain/errors.ts";
import type { SecretChange } from "../../domain/kubernetes-objects.ts";
import { marksToChange, type PullSecret } from "../../domain/pull-secret.ts";
import {
  entriesAnnotation,
  formatMarks,
  managedLabel,
  type EntryMark,
  type MarkHolder,
  type PendingMark,
} from "../../domain/ownership.ts";
import { BusyError } from "./busy.ts";
import { newSecret, refuseDeleting, targetName } from "./pull-secret.ts";
import type { Target, Writable } from "../cluster/read-targets.ts";

const staleAfterMs = 60_000;
const renewEveryMs = 10_000;
/** A run that was held up longer than this looks whether the mark is still its own before it writes on. */
const trustedForMs = 30_000;

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

/** What a mark is set with. */
export interface MarkWish {
  readonly target: Writable<Target>;
  /** The secret as last read; undefined: it is made. */
  readonly secret: PullSecret | undefined;
  readonly loginServer: string;
  /** The entry beside which the mark stands, or the least an entry says. */
  readonly entry: EntryMark;
  readonly process: ProcessIdentity;
  /** Whether the run takes away what stands there. */
  readonly removes?: boolean;
  /** Object id of the application that this run may delete, or that one before it deleted. */
  readonly deletes?: string | undefined;
}

/**
 * A pending mark held by this run: set by compare-and-swap before a key is made and renewed until it is closed,
 * so that every key that may exist is named somewhere that survives a crash.
 */
export class HeldMark {
  #wish: MarkWish;
  #secret: PullSecret;
  #pending: PendingMark;
  #timer: NodeJS.Timeout | undefined;
  /** The write under way: the marked secret is written by one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #lost = new AbortController();
  /** Operations of this run that may have left a key which only the mark names. */
  readonly #lostOperations: string[] = [];

  private constructor(wish: MarkWish, secret: PullSecret, pending: PendingMark) {
    this.#wish = wish;
    this.#secret = secret;
    this.#pending = pending;
  }

  /**
   * Sets the mark.
   * @param sweep operations of earlier runs that may have left a key behind
   * @throws ActionableError `busy` when another run changed the secret first
   */
  static async set(
    wish: MarkWish,
    operation: string,
    sweep: readonly string[],
    signal: AbortSignal,
  ): Promise<HeldMark> {
    const pending = pendingMark(wish, operation, sweep);
    try {
      return new HeldMark(wish, await write(wish, wish.secret, pending, signal), pending);
    } catch (error) {
      if (hasCode(error, "kubernetes.conflict", "kubernetes.already-exists"))
        throw new BusyError(targetName(wish.target));
      throw error;
    }
  }

  get target(): Writable<Target> {
    return this.#wish.target;
  }

  get operation(): string {
    return this.#pending.operation;
  }

  /** Operations whose keys, if there are any, must go before the mark does. */
  get sweep(): readonly string[] {
    return this.#pending.sweep ?? [];
  }

  /** The marked secret as it was last written by this run. */
  get secret(): PullSecret {
    return this.#secret;
  }

  /** Aborted when another run took the mark over. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether the secret was made for the mark. */
  get madeSecret(): boolean {
    return this.#wish.secret === undefined;
  }

  /** Whether a key may have been made whose answer was lost: then the mark has to stay until that one is gone. */
  get mayHaveLeftKey(): boolean {
    return this.#lostOperations.length > 0;
  }

  /** Operations of this run itself whose key, if there is one, nobody knows the password of: its answer was lost. */
  get lostOperations(): readonly string[] {
    return this.#lostOperations;
  }

  /**
   * Gives the mark back before anything was made under it: what stood there before stands there again.
   * @returns false when it has to stay
   */
  async withdraw(signal: AbortSignal): Promise<boolean> {
    if (this.mayHaveLeftKey) return false;
    await this.putBack(signal);
    return true;
  }

  /** Puts back what stood there before: nothing is left that this mark alone names. */
  async putBack(signal: AbortSignal): Promise<void> {
    const { target, loginServer, secret } = this.#wish;
    const before = secret && marksToChange(secret)[loginServer]?.pending;
    await replaceMark(target, loginServer, new Set([this.operation]), before, signal);
  }

  /** Puts a new operation in the mark and the present one among those to sweep. */
  async nextOperation(operation: string, signal: AbortSignal): Promise<void> {
    this.#lostOperations.push(this.operation);
    await this.#inTurn(() =>
      this.#write(pendingMark(this.#wish, operation, [...this.sweep, this.operation]), signal),
    );
  }

  /** Notes the application that is about to be deleted, for whoever takes the mark over if this run ends there. */
  async noteDeletion(objectId: string, signal: AbortSignal): Promise<void> {
    this.#wish = { ...this.#wish, deletes: objectId };
    await this.#inTurn(() => this.#renew(signal));
  }

  /**
   * Makes sure that no other run has gone on in this one's place: at once while the mark was renewed a moment ago.
   * @throws ActionableError `busy` when it was taken over
   */
  async ensureHeld(signal: AbortSignal): Promise<void> {
    this.#lost.signal.throwIfAborted();
    const age = this.target.cluster.serverTime().getTime() - Date.parse(this.#pending.renewedAt);
    if (age <= trustedForMs) return;
    await this.#inTurn(() => this.#renew(signal));
  }

  /**
   * Makes sure of it by asking, however fresh the mark is: somebody has written where this run was about to.
   * @throws ActionableError `busy` when it was taken over
   */
  async confirmHeld(signal: AbortSignal): Promise<void> {
    this.#lost.signal.throwIfAborted();
    await this.#inTurn(() => this.#renew(signal));
  }

  /**
   * Lets the marked secret itself be written by this run, between two renewals.
   * @param write gets the secret as it was last written, and says what it is then
   */
  async writeMarked(write: (secret: PullSecret) => Promise<PullSecret>): Promise<void> {
    await this.#inTurn(async () => {
      this.#secret = await write(this.#secret);
    });
  }

  /** Renews the mark in the background, by the cluster's clock, until `stopRenewing`. */
  startRenewing(signal: AbortSignal): void {
    this.#timer = setInterval(() => {
      this.#inTurn(() => this.#renew(signal)).catch((error: unknown) => {
        // A passing fault is no loss: the mark stands for a minute.
        if (hasCode(error, "busy")) this.#lost.abort(error);
      });
    }, renewEveryMs);
    this.#timer.unref();
  }

  /** Ends the renewal, so that the secret can be written by others of this run. */
  async stopRenewing(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#turn;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }

  #renew(signal: AbortSignal): Promise<void> {
    return this.#write(pendingMark(this.#wish, this.operation, this.sweep), signal);
  }

  async #write(pending: PendingMark, signal: AbortSignal): Promise<void> {
    try {
      this.#secret = await write(this.#wish, this.#secret, pending, signal);
    } catch (error) {
      if (!hasCode(error, "kubernetes.conflict")) throw error;
      await this.#writeAfterConflict(pending, signal);
    }
    this.#pending = pending;
  }

  /** Somebody changed the secret: fine while our mark stands in it. */
  async #writeAfterConflict(pending: PendingMark, signal: AbortSignal): Promise<void> {
    const { target, loginServer } = this.#wish;
    const secret = await target.cluster.findSecret(target.namespace, target.name, signal);
    const standing = secret && marksToChange(secret)[loginServer]?.pending;
    const isOurs = standing?.operation === this.operation && isOwn(standing, this.#wish.process);
    if (!secret || secret.deleting || !isOurs) throw new BusyError(targetName(target));
    try {
      this.#secret = await write(this.#wish, secret, pending, signal);
    } catch (error) {
      if (hasCode(error, "kubernetes.conflict")) throw new BusyError(targetName(target));
      throw error;
    }
  }
}

function pendingMark(
  { process, target, removes, deletes }: MarkWish,
  operation: string,
  sweep: readonly string[],
): PendingMark {
  const { host, boot, pidNamespace, pid, start } = process;
  return {
    operation,
    holder: {
      host,
      boot,
      ...(pidNamespace === undefined ? {} : { pidNamespace }),
      pid,
      ...(start === undefined ? {} : { start }),
    },
    renewedAt: target.cluster.serverTime().toISOString(),
    ...(sweep.length > 0 ? { sweep } : {}),
    ...(removes ? { removes } : {}),
    ...(deletes === undefined ? {} : { deletes }),
  };
}

async function write(
  wish: MarkWish,
  secret: PullSecret | undefined,
  pending: PendingMark,
  signal: AbortSignal,
): Promise<PullSecret> {
  const { target, loginServer, entry } = wish;
  const marks = { ...(secret ? marksToChange(secret) : {}) };
  marks[loginServer] = { ...(marks[loginServer] ?? entry), pending };
  if (!secret) return target.cluster.createSecret(newSecret(target, marks, emptyDockerConfig), signal);
  refuseDeleting(target, secret);
  return target.cluster.patchSecret(secret, markChange(formatMarks(marks)), signal);
}

function markChange(annotation: string): SecretChange {
  return { labels: { [managedLabel]: "true" }, annotations: { [entriesAnnotation]: annotation } };
}

/**
 * Takes a pending mark out of a secret that this run does not write an entry to. An entry that held nothing else
 * goes with it.
 */
export async function clearMark(
  target: Writable<Target>,
  loginServer: string,
  operations: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  await replaceMark(target, loginServer, operations, undefined, signal);
}

async function replaceMark(
  target: Writable<Target>,
  loginServer: string,
  operations: ReadonlySet<string>,
  replacement: PendingMark | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const secret = await target.cluster.findSecret(target.namespace, target.name, signal);
    const marks = secret ? { ...marksToChange(secret) } : {};
    const mark = marks[loginServer];
    if (!secret || !mark?.pending || !operations.has(mark.pending.operation)) return;
    const { pending: _replaced, ...rest } = mark;
    if (replacement) marks[loginServer] = { ...rest, pending: replacement };
    else if (rest.appId === undefined) delete marks[loginServer];
    else marks[loginServer] = rest;
    try {
      await target.cluster.patchSecret(secret, markChange(formatMarks(marks)), signal);
      return;
    } catch (error) {
      if (tries >= 5 || !hasCode(error, "kubernetes.conflict")) throw error;
    }
  }
}
