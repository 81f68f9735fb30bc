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
import { abandonTurn, closeTurn } from "../turn/sweep.ts";
import { inTurn, type SecretRecord, type SecretWrite, type Turn, type TurnWish } from "../turn/turn.ts";
import type { RotateInput, RotatePorts } from "./contract.ts";
import type { SeenKeys } from "./look.ts";

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

/** What carries a rotation out, the same for all keys of a run. */
export interface RotateTools {
  readonly input: RotateInput;
  readonly ports: Writing<RotatePorts>;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** One step of a rotation being carried out in a turn of its own: what it works with, and what it has done so far. */
export class KeyWork {
  readonly keys: SeenKeys;
  readonly input: RotateInput;
  readonly report: Report;
  /** Ids of keys that were removed because an earlier run left them, or because they were dead. */
  readonly swept: string[] = [];
  /** Secrets whose mark of an earlier run could not be taken away. */
  unclearable: readonly Target[] = [];
  /** Whether anything was asked to change. */
  wrote = false;
  /** Whether a key may have been made. */
  keyBegun = false;
  made: MadeKey | undefined;
  /** From the first write on: what the secrets are changed over to. */
  changed: ChangedOver | undefined;
  /** Whether the key that is to be retired is removed, and what came of that is not known yet. */
  removedUntold = false;
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

  /** @throws TypeError outside of its turn */
  get turn(): Turn {
    if (!this.#turn) throw new TypeError("a step is carried out in its turn");
    return this.#turn;
  }

  get signal(): AbortSignal {
    return this.#turn?.signal ?? this.#signal;
  }

  /** The last word on every secret that was to be written. */
  get written(): ReadonlyMap<string, SecretRecord> {
    return this.#turn?.written ?? new Map();
  }

  /** Whether some secret was written, whatever was found there when it was read back. */
  get wroteSecret(): boolean {
    return this.#turn?.wroteSecret ?? false;
  }

  /** What proofs are made with, telling of them as of a part of this work. */
  get proof(): ProofContext {
    return { ...this.keys.proof, report: this.report };
  }

  /** What the steps in the directory take. */
  get tools(): DirectoryTools {
    const { azure, clock } = this.#ports;
    return { directory: azure.directory, clock, report: this.report, timeoutMs: this.input.timeoutMs };
  }

  /**
   * Does the work in a turn, which the work closes.
   * @param sweep operations whose keys are of no use to anybody when the work is done
   * @throws ActionableError `busy` when another run is at work, or went on in place of this one
   */
  async inTurn<T>(sweep: readonly string[], work: () => Promise<T>): Promise<T> {
    const { clusters, process } = this.#ports;
    const ports = { clusters, process, report: this.report, concurrency: this.input.concurrency };
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

  /** Gives the mark back when what was begun under it was refused and nothing was made, removed or written. */
  async giveBackMark(): Promise<void> {
    if (this.swept.length > 0) return;
    await this.turn.end();
    if (await this.turn.mark.withdraw(this.#signal)) this.wrote = false;
  }

  /**
   * Brings secrets to what they shall hold, reads them back, and tries what they hold.
   * @returns how many hold it
   */
  async write(writes: readonly SecretWrite[]): Promise<number> {
    const written = await this.turn.write(writes);
    const good = await this.turn.readBack(written, (credential) => this.prove(credential));
    return good.length;
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
    await proveSteadily(this.proof, credential, steadiness, this.signal);
  }

  /**
   * Removes what the marks name and no secret holds, and then this run's mark and those that it took over.
   * @param newest a key that a part of the directory must show before it is believed
   * @param more further operations to sweep: this run's own, when no secret holds its key
   */
  async close(newest: string | undefined, more: readonly string[] = []): Promise<void> {
    const { application, seen, staleMarks } = this.keys;
    const { namespacesComplete } = this.input;
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
      mayMiss: !this.#seesAll,
      namespacesComplete,
      onRemoved,
    };
    const { unclearable } = await closeTurn(this.turn, closing, this.tools);
    this.unclearable = unclearable;
  }

  get #seesAll(): boolean {
    if (this.input.leaveOut.length > 0) return false;
    return this.keys.seen.whole || this.input.namespacesComplete;
  }

  /**
   * Removes what earlier runs have left, as far as the directory showed it when it was looked: before another key is
   * made, so that runs which died one after the other do not leave one each.
   */
  async sweepWhatShows(): Promise<void> {
    const { application, seen, now } = this.keys;
    const left = application.passwords.filter((key) => {
      const origin = keyOrigin(key);
      return origin?.clusterId === seen.clusterId && this.turn.sweep.includes(origin.operation);
    });
    if (left.length === 0 || !this.#seesAll) return;
    const held = heldKeyIds((await this.turn.secretsNow()).secrets, application, now);
    for (const { keyId } of left) {
      if (held.has(keyId)) continue;
      await this.tools.directory.removePassword(application.objectId, keyId, this.signal);
      this.swept.push(keyId);
    }
  }

  /** Another run went on in place of this one: the key that this one made goes, unless a secret holds it. */
  async #abandon(turn: Turn): Promise<void> {
    const { application, seen } = this.keys;
    const key = { application, clusterId: seen.clusterId, keyId: this.made?.keyId };
    if (await abandonTurn(turn, this.keyBegun ? key : undefined, this.tools)) this.made = undefined;
  }

  /** The key that this run made goes. */
  async removeMade(): Promise<void> {
    if (!this.made) return;
    const { objectId } = this.keys.application;
    await this.tools.directory.removePassword(objectId, this.made.keyId, this.signal);
    this.made = undefined;
  }
}
