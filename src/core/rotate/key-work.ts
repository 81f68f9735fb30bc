import type { PullCredential } from "../../domain/docker-config.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import { isManaged, keyOrigin } from "../../domain/ownership.ts";
import { heldKeyIds } from "../cluster/key-holders.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { DirectoryTools } from "../identity/directory-tools.ts";
import type { Writing } from "../ports.ts";
import type { Report } from "../progress.ts";
import { tryOnce, type ProofContext } from "../proof/prove-pull.ts";
import { proveSteadily } from "../proof/prove-steadily.ts";
import { isSameTarget } from "../turn/pull-secret.ts";
import { abandonTurn, closeTurn, operationsAtWork } from "../turn/sweep.ts";
import { inTurn, type SecretRecord, type SecretWrite, type Turn, type TurnWish } from "../turn/turn.ts";
import type { RotateInput, RotatePorts } from "./contract.ts";
import type { SeenKeys } from "./look.ts";

/** The key that secrets are changed over to. */
export interface NextKey {
  readonly credential: PullCredential;
  readonly keyId: string | null;
  /** RFC 3339 UTC */
  readonly expiresAt: string | null;
  /** The key as the directory lists it, or will list it. */
  readonly listed: PasswordCredential | undefined;
}

/** The result of a change-over. */
export interface ChangedOver {
  readonly to: NextKey;
  /** When the old key may be retired. */
  readonly after: Date;
}

/** A key that this run made and has not removed again. */
export interface MadeKey {
  readonly keyId: string;
  /** RFC 3339 UTC */
  readonly expiresAt: string;
}

/** What carrying out a rotation needs, the same for all keys of a run. */
export interface RotateTools {
  readonly input: RotateInput;
  readonly ports: Writing<RotatePorts>;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** One step of a rotation, carried out in a turn of its own: what it works with, and what it has done so far. */
export class KeyWork {
  readonly keys: SeenKeys;
  readonly input: RotateInput;
  readonly report: Report;
  /** Ids of keys that were removed because an earlier run left them behind, or because they had ended. */
  readonly swept: string[] = [];
  /** Secrets whose mark of an earlier run could not be removed. */
  unclearable: readonly Target[] = [];
  /** Whether this step tried to change anything. */
  wrote = false;
  /** Whether a key may have been made. */
  keyBegun = false;
  made: MadeKey | undefined;
  /** What the secrets are changed over to; set before the first write. */
  changed: ChangedOver | undefined;
  /** Whether the old key is removed and the result does not say so yet. */
  removedUnrecorded = false;
  readonly #ports: Writing<RotatePorts>;
  readonly #signal: AbortSignal;
  #turn: Turn | undefined;

  constructor(keys: SeenKeys, { input, ports, report, signal }: RotateTools) {
    this.keys = keys;
    this.input = input;
    this.#ports = ports;
    this.#signal = signal;
    const name = `${keys.seen.clusterId} ${keys.loginServer} ${keys.appId}`;
    // Several clusters take the same steps at the same time.
    this.report = (event) => report("id" in event ? { ...event, id: `${name} ${event.id}` } : event);
  }

  /** @throws TypeError outside its turn */
  get turn(): Turn {
    if (!this.#turn) throw new TypeError("a step is carried out in its turn");
    return this.#turn;
  }

  get signal(): AbortSignal {
    return this.#turn?.signal ?? this.#signal;
  }

  /** What became of each secret that was to be written. */
  get written(): ReadonlyMap<string, SecretRecord> {
    return this.#turn?.written ?? new Map();
  }

  /** Whether any secret was written, no matter what was read back. */
  get wroteSecret(): boolean {
    return this.#turn?.wroteSecret ?? false;
  }

  /** What proofs need. They report their progress as part of this step. */
  get proof(): ProofContext {
    return { ...this.keys.proof, report: this.report };
  }

  /** What work in the directory needs. */
  get tools(): DirectoryTools {
    const { azure, clock } = this.#ports;
    return { directory: azure.directory, clock, report: this.report, timeoutMs: this.input.timeoutMs };
  }

  /**
   * Does the work in a turn. The work has to close the turn.
   * @param sweep operations whose keys nobody needs when the work is done
   * @throws ActionableError `busy` if another run is at work, or took over from this one
   */
  async inTurn<T>(sweep: readonly string[], work: () => Promise<T>): Promise<T> {
    const { clusters, process } = this.#ports;
    const ports = { clusters, process, report: this.report };
    return inTurn(this.#wish(sweep), ports, this.#signal, async (turn) => {
      this.#turn = turn;
      await turn.take();
      this.wrote = true;
      return work();
    });
  }

  #wish(sweep: readonly string[]): TurnWish {
    const { seen, staleMarks, holders, loginServer, registry } = this.keys;
    const stale = staleMarks.flatMap(({ mark }) => [...(mark.sweep ?? []), mark.operation]);
    return {
      seen,
      places: [...staleMarks, ...holders].map(({ target }) => ({
        target,
        secret: () => seen.secrets.find((secret) => isSameTarget(secret, target)),
      })),
      entry: { registry, clusterId: seen.clusterId },
      policy: { loginServer, adopt: false, createNamespace: false },
      sweep: [...stale, ...sweep],
      seenBefore: () => Promise.resolve(seen.whole ? seen.secrets.filter(isManaged) : undefined),
      overtaken: (turn) => this.#abandon(turn),
    };
  }

  /** Withdraws the mark if the work under it was refused, and nothing was made, removed or written. */
  async giveBackMark(): Promise<void> {
    if (this.swept.length > 0) return;
    await this.turn.end();
    if (await this.turn.mark.withdraw(this.#signal)) this.wrote = false;
  }

  /**
   * Writes secrets, reads them back, and proves what they hold.
   * @returns how many of them hold what they should
   */
  async write(writes: readonly SecretWrite[]): Promise<number> {
    const written = await this.turn.write(writes);
    const good = await this.turn.readBack(written, (credential) => this.prove(credential));
    return good.length;
  }

  /**
   * Proves a credential the given number of times in a row, spread over the given time. If the living keys cannot
   * pull just any name, their role is limited to repositories that nobody named. Then the new key does not
   * have to either.
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
    await proveSteadily(this.proof, credential, steadiness, this.signal);
  }

  /**
   * Removes the keys that the marks name and no secret holds, then the mark of this run and the marks that it took
   * over.
   * @param newest a key that a part of the directory must show before it is believed
   * @param more further operations to sweep: this run's own, if no secret holds its key
   */
  async close(newest: string | undefined, more: readonly string[] = []): Promise<void> {
    const { application, seen, staleMarks } = this.keys;
    const onRemoved = (keyId: string) => {
      if (keyId === this.made?.keyId) this.made = undefined;
      else if (!this.swept.includes(keyId)) this.swept.push(keyId);
    };
    const closing = {
      application,
      clusterId: seen.clusterId,
      staleMarks: staleMarks.map(({ target }) => target),
      more,
      newest,
      mayMiss: !seen.whole,
      onRemoved,
    };
    const { unclearable } = await closeTurn(this.turn, closing, this.tools);
    this.unclearable = unclearable;
  }

  /**
   * Removes the keys that earlier runs left behind, as far as the directory showed them at the look. This happens
   * before another key is made, so that a series of crashed runs does not leave one key each.
   */
  async sweepWhatShows(): Promise<void> {
    const { application, seen, now } = this.keys;
    const left = application.passwords.filter((key) => {
      const origin = keyOrigin(key);
      return origin?.clusterId === seen.clusterId && this.turn.sweep.includes(origin.operation);
    });
    if (left.length === 0 || !seen.whole) return;
    const { secrets, whole } = await this.turn.secretsNow();
    // The right to list them may have gone since the look.
    if (!whole) return;
    const held = heldKeyIds(secrets, application, now);
    const staleMarks = this.keys.staleMarks.map(({ target }) => target);
    const atWork = operationsAtWork(secrets, this.turn, { clusterId: seen.clusterId, staleMarks });
    for (const key of left) {
      const { keyId } = key;
      if (held.has(keyId) || atWork.has(keyOrigin(key)?.operation ?? "")) continue;
      await this.tools.directory.removePassword(application.objectId, keyId, this.signal);
      this.swept.push(keyId);
    }
  }

  /** Another run took over from this one. Removes the key that this run made, unless a secret holds it. */
  async #abandon(turn: Turn): Promise<void> {
    const { application, seen } = this.keys;
    const key = { application, clusterId: seen.clusterId, keyId: this.made?.keyId };
    if (await abandonTurn(turn, this.keyBegun ? key : undefined, this.tools)) this.made = undefined;
  }

  /** Removes the key that this run made. */
  async removeMade(): Promise<void> {
    if (!this.made) return;
    const { objectId } = this.keys.application;
    await this.tools.directory.removePassword(objectId, this.made.keyId, this.signal);
    this.made = undefined;
  }
}
