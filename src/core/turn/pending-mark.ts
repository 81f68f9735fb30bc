import { randomUUID } from "node:crypto";
import { hasCode } from "../../domain/errors.ts";
import type { PendingMark } from "../../domain/ownership.ts";
import { marksToChange, type PullSecret } from "../../domain/pull-secret.ts";
import type { Target, Writable } from "../cluster/read-targets.ts";
import { BusyError } from "./busy.ts";
import { isOwn } from "./live-mark.ts";
import { pendingMark, replaceMark, writeMark, type MarkWish } from "./mark-writes.ts";
import { targetName } from "./pull-secret.ts";

const renewEveryMs = 10_000;
/** A run that was delayed for longer than this checks that the mark is still its own before it continues to write. */
const trustedForMs = 30_000;

/**
 * A pending mark held by this run. It is set by compare-and-swap before a key is made, and renewed until it is
 * closed. So every key that may exist is named in a place that survives a crash.
 */
export class HeldMark {
  #wish: MarkWish;
  #secret: PullSecret;
  #pending: PendingMark;
  readonly #lost: AbortController;
  #timer: NodeJS.Timeout | undefined;
  /** Whether a write of this run removed the mark. */
  #closed = false;
  /** The write under way: the marked secret has one writer at a time. */
  #underWay: Promise<unknown> = Promise.resolve();
  /** Operations of this run that may have left a key that only the mark names. */
  readonly #lostOperations: string[] = [];

  private constructor(wish: MarkWish, secret: PullSecret, pending: PendingMark, lost: AbortController) {
    this.#wish = wish;
    this.#secret = secret;
    this.#pending = pending;
    this.#lost = lost;
  }

  /**
   * Sets the mark.
   * @param lost aborted when another run takes the mark over
   * @throws ActionableError `busy` if another run changed the secret first
   */
  static async set(wish: MarkWish, lost: AbortController, signal: AbortSignal): Promise<HeldMark> {
    const pending = pendingMark(wish, randomUUID(), wish.sweep);
    try {
      return new HeldMark(wish, await writeMark(wish, wish.secret, pending, signal), pending, lost);
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

  /** Operations whose keys, if there are any, must be removed before the mark. */
  get sweep(): readonly string[] {
    return this.#pending.sweep ?? [];
  }

  /** The marked secret as it was last written by this run. */
  get secret(): PullSecret {
    return this.#secret;
  }

  /** Whether a write of this run removed it. Then nothing is left to hold. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether the secret was made for the mark. */
  get madeSecret(): boolean {
    return this.#wish.secret === undefined;
  }

  /** Whether a key may exist because an answer was lost. Then the mark has to stay until that key is gone. */
  get mayHaveLeftKey(): boolean {
    return this.#lostOperations.length > 0;
  }

  /** Operations of this run whose answer was lost. If one made a key, nobody knows its password. */
  get lostOperations(): readonly string[] {
    return this.#lostOperations;
  }

  /**
   * Gives the mark back before anything was made under it: restores what was there before.
   * @returns false if it has to stay
   */
  async withdraw(signal: AbortSignal): Promise<boolean> {
    if (this.mayHaveLeftKey) return false;
    await this.putBack(signal);
    return true;
  }

  /** Restores what was there before, because nothing is left that only this mark names. */
  async putBack(signal: AbortSignal): Promise<void> {
    const { target, loginServer, secret } = this.#wish;
    const before = secret && marksToChange(secret)[loginServer]?.pending;
    await replaceMark({ target, loginServer, operations: new Set([this.operation]) }, before, signal);
  }

  /** Puts a new operation into the mark, and the current one among those to sweep. */
  async nextOperation(signal: AbortSignal): Promise<void> {
    this.#lostOperations.push(this.operation);
    await this.#oneByOne(() =>
      this.#write(pendingMark(this.#wish, randomUUID(), [...this.sweep, this.operation]), signal),
    );
  }

  /** Records the application that is about to be deleted, for the run that takes the mark over if this one crashes. */
  async noteDeletion(objectId: string, signal: AbortSignal): Promise<void> {
    this.#wish = { ...this.#wish, deletes: objectId };
    await this.#oneByOne(() => this.#renew(signal));
  }

  /**
   * Makes sure that no other run has continued in place of this one. Sends no request if the mark was renewed a
   * moment ago.
   * @throws ActionableError `busy` if it was taken over
   */
  async ensureHeld(signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    this.#lost.signal.throwIfAborted();
    const age = this.target.cluster.serverTime().getTime() - Date.parse(this.#pending.renewedAt);
    if (age <= trustedForMs) return;
    await this.#oneByOne(() => this.#renew(signal));
  }

  /**
   * Makes sure of the same with a request, however fresh the mark is: somebody has written where this run was about
   * to write.
   * @throws ActionableError `busy` if it was taken over
   */
  async confirmHeld(signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    this.#lost.signal.throwIfAborted();
    await this.#oneByOne(() => this.#renew(signal));
  }

  /**
   * Lets this run write the marked secret itself, between two renewals. That write may remove the mark.
   * @param write gets the secret as it was last written, and returns it as it is afterwards
   */
  async writeMarked(write: (secret: PullSecret) => Promise<PullSecret>): Promise<void> {
    await this.#oneByOne(async () => {
      this.#secret = await write(this.#secret);
      if (marksToChange(this.#secret)[this.#wish.loginServer]?.pending) return;
      this.#closed = true;
      clearInterval(this.#timer);
    });
  }

  /** Renews the mark in the background, by the cluster's clock, until `stopRenewing`. */
  startRenewing(signal: AbortSignal): void {
    this.#timer = setInterval(() => {
      this.#oneByOne(() => this.#renew(signal)).catch((error: unknown) => {
        // A passing fault does not lose the mark, which is valid for a minute.
        if (hasCode(error, "busy")) this.#lost.abort(error);
      });
    }, renewEveryMs);
    this.#timer.unref();
  }

  /** Ends the renewal, so that other parts of this run can write the secret. */
  async stopRenewing(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#underWay;
  }

  #oneByOne<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#underWay.then(work);
    this.#underWay = mine.catch(() => {});
    return mine;
  }

  async #renew(signal: AbortSignal): Promise<void> {
    // This renewal waited for the very write that removed the mark.
    if (this.#closed) return;
    await this.#write(pendingMark(this.#wish, this.operation, this.sweep), signal);
  }

  async #write(pending: PendingMark, signal: AbortSignal): Promise<void> {
    try {
      this.#secret = await writeMark(this.#wish, this.#secret, pending, signal);
    } catch (error) {
      if (!hasCode(error, "kubernetes.conflict")) throw error;
      await this.#writeAfterConflict(pending, signal);
    }
    this.#pending = pending;
  }

  /** Somebody changed the secret. That is fine while our mark is in it. */
  async #writeAfterConflict(pending: PendingMark, signal: AbortSignal): Promise<void> {
    const { target, loginServer } = this.#wish;
    const secret = await target.cluster.findSecret(target.namespace, target.name, signal);
    const standing = secret && marksToChange(secret)[loginServer]?.pending;
    const isOurs = standing?.operation === this.operation && isOwn(standing, this.#wish.process);
    if (!secret || secret.deleting || !isOurs) throw new BusyError(targetName(target));
    try {
      this.#secret = await writeMark(this.#wish, secret, pending, signal);
    } catch (error) {
      if (hasCode(error, "kubernetes.conflict")) throw new BusyError(targetName(target));
      throw error;
    }
  }
}
