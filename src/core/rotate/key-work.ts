import pMap from "p-map";
import type { ActionableError } from "../../domain/errors.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { isManaged, keyOrigin } from "../../domain/ownership.ts";
import type { PullCredential } from "../../domain/docker-config.ts";
import { tryOnce } from "../proof/prove-pull.ts";
import { proveSteadily } from "../proof/prove-steadily.ts";
import type { Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { newOperation, sweepKeys } from "../identity/client-secret.ts";
import { clearMark, type HeldMark } from "../turn/pending-mark.ts";
import {
  isSameTarget,
  judgeTarget,
  readBack,
  targetName,
  writeTarget,
  type DesiredEntry,
  type TargetState,
} from "../turn/pull-secret.ts";
import { readTargets, writable, type Target } from "../cluster/read-targets.ts";
import { isRefusedWrite } from "../turn/refused-write.ts";
import { takeTurn } from "../turn/take-turn.ts";
import type { RotateInput, RotatePorts } from "./contract.ts";
import { heldKeyIds } from "../cluster/key-holders.ts";
import type { Holder } from "../cluster/holders.ts";
import { secretsNow } from "../cluster/read-secrets.ts";
import type { SurveyedKeys } from "./look.ts";

/** What became of one secret. */
export interface WrittenTarget {
  readonly target: Target;
  /** `skipped`: it was never come to. */
  readonly action: "updated" | "unchanged" | "failed" | "skipped";
  readonly error?: ActionableError;
}

/** The key that secrets were changed over to. */
export interface NextKey {
  readonly credential: PullCredential;
  readonly keyId: string | null;
  /** RFC 3339 UTC */
  readonly expiresAt: string | null;
  /** As the directory lists it, or will. */
  readonly listed: PasswordCredential | undefined;
}

/** What a change-over came to. */
export interface ChangedOver {
  readonly to: NextKey;
  /** When the key before may be retired. */
  readonly after: Date;
}

/** A key that this run made, and that is not gone again. */
export interface MadeKey {
  readonly keyId: string;
  /** RFC 3339 UTC */
  readonly expiresAt: string;
}

/** One secret and what it shall hold. */
export interface Assignment {
  readonly holder: Holder;
  readonly desired: DesiredEntry;
}

/**
 * One step of a rotation being carried out under this run's mark: from the mark's setting to its closing no other run
 * makes, sweeps or retires a key of the same cluster.
 */
export class KeyWork {
  readonly keys: SurveyedKeys;
  readonly input: RotateInput;
  readonly ports: Writing<RotatePorts>;
  readonly report: Report;
  /** Ids of keys that were removed because an earlier run left them, or because they were dead. */
  readonly swept: string[] = [];
  /** The last word on every secret that was to be written. */
  readonly written = new Map<string, WrittenTarget>();
  /** Secrets whose mark of an earlier run could not be taken away. */
  readonly unclearable: Target[] = [];
  /** Whether anything was asked to change. */
  wrote = false;
  made: MadeKey | undefined;
  /** From the first write on: what the secrets are changed over to. */
  changed: ChangedOver | undefined;
  /** Whether some secret was written, whatever was found there when it was read back. */
  wroteSecret = false;
  /** Whether the key that is to be retired is removed, and what came of that is not known yet. */
  removedUntold = false;
  /** Secrets as this run last wrote them, by name. */
  readonly #latest = new Map<string, PullSecret>();
  #mark: HeldMark | undefined;
  #signal: AbortSignal;

  constructor(
    keys: SurveyedKeys,
    input: RotateInput,
    ports: Writing<RotatePorts>,
    report: Report,
    signal: AbortSignal,
  ) {
    this.keys = keys;
    this.input = input;
    this.ports = ports;
    this.#signal = signal;
    const name = `${keys.seen.clusterId} ${keys.loginServer} ${keys.appId}`;
    // Several clusters take the same steps at the same time.
    this.report = (event) => report("id" in event ? { ...event, id: `${name} ${event.id}` } : event);
  }

  /** Aborted also when another run takes the mark over. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  get mark(): HeldMark {
    if (!this.#mark) throw new TypeError("the mark was not set yet");
    return this.#mark;
  }

  /** What proofs are made with, telling of them as of a part of this work. */
  get proof() {
    return { ...this.keys.proof, report: this.report };
  }

  /** What the steps in the directory take. */
  get tools() {
    const { azure, clock } = this.ports;
    return { directory: azure.directory, clock, report: this.report, timeoutMs: this.input.timeoutMs };
  }

  /**
   * Does the work under a mark of this run, and closes it.
   * @param sweep operations whose keys are of no use to anybody when the work is done
   * @param work says which keys are in use in spite of that
   * @throws ActionableError `busy` when another run is at work, or has taken this one's mark over
   */
  async underMark<T>(sweep: readonly string[], work: () => Promise<T>): Promise<T> {
    const outside = this.#signal;
    const mark = await this.#setMark(sweep);
    this.#mark = mark;
    this.wrote = true;
    this.#signal = AbortSignal.any([outside, mark.lost]);
    mark.startRenewing(this.#signal);
    try {
      return await work();
    } catch (error) {
      throw mark.lost.aborted ? mark.lost.reason : error;
    } finally {
      await mark.stopRenewing();
      this.#signal = outside;
    }
  }

  /** Gives the mark back when what was begun under it was refused and nothing was made, removed or written. */
  async giveBackMark(): Promise<void> {
    if (this.swept.length > 0) return;
    await this.mark.stopRenewing();
    if (await this.mark.withdraw(this.#signal)) this.wrote = false;
  }

  /**
   * On the secret where every run that sees the same secrets puts it; where that may not be written, on the next: what
   * somebody else put in one namespace stops nobody in the others.
   */
  async #setMark(sweep: readonly string[]): Promise<HeldMark> {
    const { staleMarks, holders } = this.keys;
    const targets = [...staleMarks, ...holders].map(({ target }) => target);
    let refusal: unknown = new TypeError("a key is held by somebody");
    for (const target of targets) {
      try {
        return await this.#markOn(target, sweep);
      } catch (error) {
        if (!isRefusedWrite(error)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  async #markOn(target: Target, sweep: readonly string[]): Promise<HeldMark> {
    const { seen, loginServer, registry, staleMarks } = this.keys;
    const stale = staleMarks.flatMap(({ mark }) => [...(mark.sweep ?? []), mark.operation]);
    return takeTurn(
      {
        target: writable(target, this.ports),
        secret: seen.secrets.find((secret) => isSameTarget(secret, target)),
        loginServer,
        entry: { registry, clusterId: seen.clusterId },
        process: this.ports.process,
        operation: newOperation(),
        sweep: [...new Set([...stale, ...sweep])],
        surveyed: seen.whole ? seen.secrets.filter(isManaged) : undefined,
      },
      this.#signal,
    );
  }

  /**
   * Brings secrets to what they shall hold; one that fails is noted, and the others are written all the same.
   * @returns those that hold it now
   */
  async write(assignments: readonly Assignment[]): Promise<readonly Assignment[]> {
    const isMarked = ({ holder }: Assignment) => isSameTarget(holder.target, this.mark.target);
    const done: Assignment[] = [];
    const writeOne = async (one: Assignment) => {
      const { target } = one.holder;
      try {
        await this.mark.ensureHeld(this.#signal);
        const action = isMarked(one) ? await this.#writeMarked(one) : await this.#writeOther(one);
        done.push(one);
        this.wroteSecret = true;
        this.#note({ target, action });
        if (assignments.length > 1) {
          const text = `${done.length} of ${assignments.length} secrets written`;
          this.report({ kind: "waiting", id: "secrets", text });
        }
      } catch (error) {
        this.#noteFailure(target, error);
      }
    };
    // The marked secret comes first: from then on a new key is known by the secret that holds it.
    for (const one of assignments.filter(isMarked)) await writeOne(one);
    const { concurrency } = this.input;
    await pMap(
      assignments.filter((one) => !isMarked(one)),
      writeOne,
      { concurrency },
    );
    this.report({ kind: "ended", id: "secrets" });
    return done;
  }

  async #writeMarked({ holder, desired }: Assignment): Promise<"updated" | "unchanged"> {
    let action: "updated" | "unchanged" = "unchanged";
    await this.mark.writeMarked(async (secret) => {
      const written = await writeTarget(
        this.mark.target,
        this.#judge(holder.target, secret),
        this.#policy,
        desired,
        this.#signal,
      );
      if (written.action === "updated") action = "updated";
      return written.secret;
    });
    return action;
  }

  async #writeOther({ holder, desired }: Assignment): Promise<"updated" | "unchanged"> {
    const { target } = holder;
    const { action, secret } = await writeTarget(
      writable(target, this.ports),
      this.#stateOf(holder),
      this.#policy,
      desired,
      this.#signal,
      () => this.mark.confirmHeld(this.#signal),
    );
    this.#latest.set(targetName(target), secret);
    return action === "created" ? "updated" : action;
  }

  /** What a secret held when this run last saw it. */
  #stateOf({ target, secret }: Holder): TargetState {
    const marked = isSameTarget(target, this.mark.target) ? this.mark.secret : undefined;
    return this.#judge(target, marked ?? this.#latest.get(targetName(target)) ?? secret);
  }

  get #policy() {
    return { loginServer: this.keys.loginServer, adopt: false, createNamespace: false };
  }

  #judge(target: Target, secret: PullSecret): TargetState {
    return judgeTarget(target, { secret, namespace: undefined }, this.#policy);
  }

  /**
   * Reads written secrets back, and tries the very bytes read, once for each distinct credential.
   * @returns those that hold what was written
   */
  async readBack(assignments: readonly Assignment[]): Promise<readonly Assignment[]> {
    const { concurrency } = this.input;
    const targets = assignments.map(({ holder }) => holder.target);
    const read = await readTargets(targets, { concurrency }, this.#signal);
    const contents = new Map(read.map(({ target, content }) => [target, content]));
    const found = new Map<string, PullCredential>();
    const good: Assignment[] = [];
    await pMap(
      assignments,
      async (one) => {
        const { holder, desired } = one;
        const { target, secret } = holder;
        const isMarked = isSameTarget(target, this.mark.target);
        const before = this.#judge(target, isMarked ? this.mark.secret : secret);
        try {
          const credential = await readBack(
            writable(target, this.ports),
            contents.get(target),
            before,
            this.#policy,
            desired,
            this.#signal,
            () => this.mark.confirmHeld(this.#signal),
          );
          found.set(credential.password.reveal(), credential);
          good.push(one);
        } catch (error) {
          this.#noteFailure(target, error);
        }
      },
      { concurrency: this.input.concurrency },
    );
    for (const credential of found.values()) {
      await this.prove(credential);
    }
    return good;
  }

  /**
   * Proves a credential, so often in a row over so long. Where the living keys get no pull of just any name, their
   * role is limited to repositories that nobody named: then no more is asked of the new one.
   */
  async prove(credential: PullCredential, times = 1, spreadMs = 0): Promise<void> {
    const { holders, keyOf } = this.keys;
    const living = holders.map((holder) => keyOf(holder.credential.password)).filter(({ alive }) => alive);
    const pulling = living.find(({ pulls }) => pulls);
    const signInSuffices = living.length > 0 && !pulling;
    const signInSufficesNow = async (signal: AbortSignal) =>
      pulling !== undefined &&
      this.input.image === undefined &&
      (await tryOnce(this.proof, pulling.credential, signal)).kind === "no-pull-scope";
    const steadiness = { times, spreadMs, signInSuffices, signInSufficesNow };
    await proveSteadily(this.proof, credential, steadiness, this.#signal);
  }

  /** @throws whatever concerns not this secret alone */
  #noteFailure(target: Target, error: unknown): void {
    if (!isFailureOfOne(error, this.#signal)) throw error;
    this.#note({ target, action: "failed", error });
    this.report({
      kind: "failed",
      id: `secret ${targetName(target)}`,
      text: `${targetName(target)} was not written: ${error.message}`,
    });
  }

  #note(written: WrittenTarget): void {
    this.written.set(targetName(written.target), written);
  }

  /**
   * Removes what the marks name and no secret holds, and then this run's mark and those that it took over.
   * @param newest a key that a part of the directory must show before it is believed
   * @param more further operations to sweep: this run's own, when no secret holds its key
   */
  async close(newest: string | undefined, more: readonly string[] = []): Promise<void> {
    const { mark } = this;
    const { loginServer, staleMarks } = this.keys;
    const operations = [...mark.sweep, ...more];
    if (operations.length > 0) {
      // Where another namespace may hold what they made, they stay named by the mark.
      if (!this.#seesAll) return mark.stopRenewing();
      await this.#sweep(operations, newest);
    }
    await mark.ensureHeld(this.#signal);
    await mark.stopRenewing();
    const ours = new Set([...operations, mark.operation]);
    const marked = new Map<string, Target>(staleMarks.map(({ target }) => [targetName(target), target]));
    marked.set(targetName(mark.target), mark.target);
    for (const target of marked.values()) {
      try {
        await clearMark(writable(target, this.ports), loginServer, ours, this.#signal);
      } catch (error) {
        if (isSameTarget(target, mark.target) || !isRefusedWrite(error)) throw error;
        this.unclearable.push(target);
        const text = `The mark of an earlier run on ${targetName(target)} stays: ${error.message}`;
        this.report({ kind: "note", level: "warning", text });
      }
    }
  }

  get #seesAll(): boolean {
    if (this.input.leaveOut.length > 0) return false;
    return this.keys.seen.whole || this.input.namespacesComplete;
  }

  async #sweep(operations: readonly string[], newest: string | undefined): Promise<void> {
    const { application, seen } = this.keys;
    const held = await this.heldKeyIds();
    const onRemoved = (keyId: string) => {
      if (keyId === this.made?.keyId) this.made = undefined;
      else if (!this.swept.includes(keyId)) this.swept.push(keyId);
    };
    const wish = { clusterId: seen.clusterId, operations, newest, held, onRemoved };
    // Without a newer key to go by, parts of the directory that lag are met by looking more than once.
    for (let looks = newest === undefined ? 8 : 1; looks > 0; looks -= 1) {
      const found = await sweepKeys(application, wish, this.tools, this.#signal);
      if (found.removed.length + found.held.length >= operations.length || looks === 1) return;
      await this.ports.clock.sleep(250, this.#signal);
    }
  }

  /**
   * Removes what earlier runs have left, as far as the directory showed it when it was looked: before another key is
   * made, so that runs which died one after the other do not leave one each.
   */
  async sweepWhatShows(): Promise<void> {
    const { application, seen } = this.keys;
    const left = application.passwords.filter((key) => {
      const origin = keyOrigin(key);
      return origin?.clusterId === seen.clusterId && this.mark.sweep.includes(origin.operation);
    });
    if (left.length === 0 || !this.#seesAll) return;
    const held = await this.heldKeyIds();
    for (const { keyId } of left) {
      if (held.has(keyId)) continue;
      await this.tools.directory.removePassword(application.objectId, keyId, this.#signal);
      this.swept.push(keyId);
    }
  }

  /**
   * Keys that some pull secret holds now, by any entry of it or by any mark: not at the survey, another run may have
   * written since, and the same application may serve another registry.
   */
  async heldKeyIds(): Promise<Set<string>> {
    return heldKeyIds(await this.secretsNow(), this.keys.application, this.keys.now);
  }

  /** The cluster's pull secrets: others may have written since the survey. */
  secretsNow(): Promise<readonly PullSecret[]> {
    return secretsNow(this.keys.seen, this.input.concurrency, this.#signal);
  }

  /** Another run went on in place of this one: the key that this one made goes, unless a secret holds it. */
  async abandon(): Promise<void> {
    if (!this.#mark) return;
    const { application, seen } = this.keys;
    const held = await this.heldKeyIds();
    if (this.made) {
      if (!held.has(this.made.keyId)) await this.removeMade();
      return;
    }
    // Its making may have been cut off when it was done.
    const wish = { clusterId: seen.clusterId, operations: [this.#mark.operation], held, newest: undefined };
    await sweepKeys(application, wish, this.tools, this.#signal);
  }

  /** The key that this run made goes. */
  async removeMade(): Promise<void> {
    if (!this.made) return;
    const { objectId } = this.keys.application;
    await this.tools.directory.removePassword(objectId, this.made.keyId, this.#signal);
    this.made = undefined;
  }
}
