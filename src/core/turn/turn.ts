import pMap from "p-map";
import type { PullCredential } from "../../domain/docker-config.ts";
import type { ActionableError } from "../../domain/errors.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { secretsNow, type SecretsNow, type SeenSecrets } from "../cluster/read-secrets.ts";
import { readTargets, writable, type Target } from "../cluster/read-targets.ts";
import type { Cluster } from "../ports.ts";
import { BusyError } from "./busy.ts";
import type { HeldMark } from "./pending-mark.ts";
import { isSameTarget, judgeTarget, targetName, type TargetState } from "./pull-secret.ts";
import { takeMark, type MarkPlan, type TurnPorts } from "./take-mark.ts";
import { readEntryBack, writeEntry, type DesiredEntry } from "./write-entry.ts";
import { atOnce } from "../at-once.ts";

/** What a run needs to be the only one that makes or retires keys of one cluster. */
export interface TurnWish extends MarkPlan {
  /** The cluster, and its secrets that were seen. */
  readonly seen: SeenSecrets;
  /**
   * Called when another run has continued in place of this one. It uses `runSignal`, because the turn's own is aborted.
   */
  readonly overtaken?: (turn: Turn) => Promise<void>;
}

/** A secret, and what it is to hold. */
export interface SecretWrite {
  readonly target: Target;
  /** As it was seen. Undefined if it is to be created. */
  readonly secret: PullSecret | undefined;
  readonly desired: DesiredEntry;
}

/** What was done to one secret. */
export interface SecretRecord {
  readonly target: Target;
  /** `skipped`: the run never reached it. */
  readonly action: "created" | "updated" | "unchanged" | "failed" | "skipped";
  readonly error?: ActionableError;
}

/**
 * Works on one cluster as the only run that makes or retires its keys, from `take` to the end of the work.
 * @throws ActionableError `busy` if another run is at work, or continued in place of this one
 */
export async function inTurn<T>(
  wish: TurnWish,
  ports: TurnPorts,
  signal: AbortSignal,
  work: (turn: Turn) => Promise<T>,
): Promise<T> {
  const turn = new Turn(wish, ports, signal);
  try {
    return await work(turn);
  } catch (error) {
    await turn.end();
    const reason = turn.loss ?? error;
    if (reason instanceof BusyError) await wish.overtaken?.(turn);
    throw reason;
  } finally {
    await turn.end();
  }
}

/**
 * The right of a run to write a cluster's secrets. Nothing else writes them. It begins with a mark that names the
 * keys that may be made under it. A run that neither makes nor removes keys writes without a mark.
 */
export class Turn {
  /** Also aborted when another run takes the mark over. */
  readonly signal: AbortSignal;
  /** Aborted only from outside. */
  readonly runSignal: AbortSignal;
  readonly ports: TurnPorts;
  /** The latest result for every secret that was to be written, by its name. */
  readonly written = new Map<string, SecretRecord>();
  /** Whether some secret was written, whatever was read back afterwards. */
  wroteSecret = false;
  readonly #wish: TurnWish;
  readonly #lost = new AbortController();
  #mark: HeldMark | undefined;
  /** What secrets held just before this run wrote them, by name. */
  readonly #before = new Map<string, TargetState>();
  /** Secrets as this run last wrote them, by name. */
  readonly #latest = new Map<string, PullSecret>();

  constructor(wish: TurnWish, ports: TurnPorts, signal: AbortSignal) {
    this.#wish = wish;
    this.ports = ports;
    this.runSignal = signal;
    this.signal = AbortSignal.any([signal, this.#lost.signal]);
  }

  get loginServer(): string {
    return this.#wish.policy.loginServer;
  }

  get cluster(): Cluster {
    return this.#wish.seen.cluster;
  }

  /** The cluster's pull secrets as they are now, because others may have written since they were seen. */
  secretsNow(signal = this.signal): Promise<SecretsNow> {
    return secretsNow(this.#wish.seen, signal);
  }

  get isTaken(): boolean {
    return this.#mark !== undefined;
  }

  /** Why the turn is over, if another run took the mark over. */
  get loss(): unknown {
    return this.#lost.signal.aborted ? this.#lost.signal.reason : undefined;
  }

  /** @throws TypeError before it is taken */
  get mark(): HeldMark {
    if (!this.#mark) throw new TypeError("the turn was not taken yet");
    return this.#mark;
  }

  /** Operations whose keys must be removed before the marks that name them. */
  get sweep(): readonly string[] {
    return this.#mark?.sweep ?? this.#wish.sweep;
  }

  /**
   * Takes the turn: puts the mark, and renews it from then on.
   * @throws ActionableError `busy` if another run is at work, or has written something since the cluster was seen
   */
  async take(): Promise<void> {
    this.#mark = await takeMark(this.#wish, this.ports, this.#lost, this.signal);
    this.#mark.startRenewing(this.signal);
  }

  /**
   * Makes sure that no other run continued in place of this one. Sends no request while the mark is fresh. @throws
   * `busy`
   */
  async ensureHeld(): Promise<void> {
    await this.#mark?.ensureHeld(this.signal);
  }

  /** Makes sure of it with a request, because somebody else has written. @throws `busy` */
  async confirmHeld(): Promise<void> {
    await this.#mark?.confirmHeld(this.signal);
  }

  /**
   * Gives the turn back before anything was done in it.
   * @returns the error that makes the run look again
   */
  async makeWay(): Promise<BusyError> {
    await this.end();
    await this.mark.withdraw(this.signal);
    return new BusyError(targetName(this.mark.target));
  }

  /** Ends the renewal of the mark, which stays if it was not closed. */
  async end(): Promise<void> {
    await this.#mark?.stopRenewing();
  }

  /** Whether a secret is the marked one. */
  isMarked(target: Pick<Target, "namespace" | "name">): boolean {
    return this.#mark !== undefined && isSameTarget(target, this.#mark.target);
  }

  /**
   * Writes what the secrets are to hold. A failure is recorded, and the other secrets are written all the same. The
   * marked one comes first: from then on, a new key is known by the secret that holds it.
   * @param closes whether the write of the marked secret also removes the mark, if the mark names nothing that is to
   *   be removed
   * @returns those that hold it now
   */
  async write(writes: readonly SecretWrite[], { closes = false } = {}): Promise<readonly SecretWrite[]> {
    const { report } = this.ports;
    const done: SecretWrite[] = [];
    const writeOne = async (planned: SecretWrite) => {
      const { target, secret } = planned;
      try {
        await this.ensureHeld();
        const one = this.#closing(planned, closes);
        const isChanged = await this.#writeOne(one);
        this.wroteSecret = true;
        done.push(one);
        // The mark may have created the secret moments ago. For the user it is still new.
        const change = secret === undefined ? "created" : "updated";
        this.written.set(targetName(target), { target, action: isChanged ? change : "unchanged" });
        if (writes.length > 1) {
          const text = `${done.length} of ${writes.length} secrets written`;
          report({ kind: "advanced", id: "secrets", text });
        }
      } catch (error) {
        this.#noteFailure(target, error);
      }
    };
    for (const one of writes.filter(({ target }) => this.isMarked(target))) await writeOne(one);
    await pMap(
      writes.filter(({ target }) => !this.isMarked(target)),
      writeOne,
      atOnce,
    );
    report({ kind: "ended", id: "secrets" });
    return done;
  }

  #closing(one: SecretWrite, closes: boolean): SecretWrite {
    const mark = closes && this.sweep.length === 0 ? this.#mark : undefined;
    return mark ? { ...one, desired: { ...one.desired, closes: mark.operation } } : one;
  }

  /** @returns whether it was changed */
  async #writeOne({ target, secret, desired }: SecretWrite): Promise<boolean> {
    const name = targetName(target);
    let isChanged = false;
    const writeOver = async (current: PullSecret | undefined, stillOurTurn?: () => Promise<void>) => {
      const before = this.#judge(target, current);
      this.#before.set(name, before);
      const write = { target: writable(target, this.ports), before, policy: this.#wish.policy, desired };
      const written = await writeEntry(write, this.signal, stillOurTurn);
      isChanged = written.action !== "unchanged";
      return written.secret;
    };
    if (this.isMarked(target)) await this.mark.writeMarked((current) => writeOver(current));
    else this.#latest.set(name, await writeOver(this.#latest.get(name) ?? secret, () => this.confirmHeld()));
    return isChanged;
  }

  #judge(target: Target, secret: PullSecret | undefined): TargetState {
    if (!secret) return { kind: "absent", createNamespace: false };
    return judgeTarget(target, { secret, namespace: undefined }, this.#wish.policy);
  }

  /**
   * Reads written secrets back, and tries exactly the bytes that were read, once for each distinct credential.
   * @returns those that hold what was written
   */
  async readBack(
    writes: readonly SecretWrite[],
    prove: (credential: PullCredential) => Promise<void>,
  ): Promise<readonly SecretWrite[]> {
    const targets = writes.map(({ target }) => target);
    const read = await readTargets(targets, undefined, this.signal);
    const contents = new Map(read.map(({ target, content }) => [target, content]));
    const found = new Map<string, PullCredential>();
    const good: SecretWrite[] = [];
    await pMap(
      writes,
      async (one) => {
        const { target, secret, desired } = one;
        try {
          const before = this.#before.get(targetName(target)) ?? this.#judge(target, secret);
          const { policy } = this.#wish;
          const credential = await readEntryBack(
            { target: writable(target, this.ports), before, policy, desired },
            contents.get(target),
            this.signal,
            () => this.confirmHeld(),
          );
          found.set(credential.password.reveal(), credential);
          good.push(one);
        } catch (error) {
          this.#noteFailure(target, error);
        }
      },
      atOnce,
    );
    for (const credential of found.values()) await prove(credential);
    return good;
  }

  /** @throws whatever does not concern this secret alone */
  #noteFailure(target: Target, error: unknown): void {
    if (!isFailureOfOne(error, this.signal)) throw error;
    const name = targetName(target);
    this.written.set(name, { target, action: "failed", error });
    const text = `${name} was not written: ${error.message}`;
    this.ports.report({ kind: "failed", id: `secret ${name}`, text });
  }
}
