import { randomUUID } from "node:crypto";
import { hasCode, OutcomeUnknownError, refused } from "../domain/errors.ts";
import type { SecretChange } from "../domain/kubernetes-objects.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { formatState, parseState, type State } from "../domain/state.ts";
import type { NewSecret, WritableCluster } from "../core/ports.ts";
import { Lock, moment, type Moment } from "./lock.ts";

/** The state is not as this run saw it: look and plan again. */
export class StateMoved extends Error {}

/** Where the state of one installation lies. Only the run that took the lock may write it. */
export interface StateStore {
  /** As messages name it. */
  readonly place: string;
  /** As it was last read or saved; undefined if there is none. */
  readonly state: State | undefined;
  /** Whether it names another object than the one that it lies in: a backup was restored, or a cluster copied. */
  readonly isCopy: boolean;
  /** The lock of another run, as it was last read. Any change of it shows that the run is alive. */
  readonly heldBy: string | undefined;
  /** Aborts when another run has taken the lock. */
  readonly lost: AbortSignal;
  /** Reads it anew. */
  read(signal: AbortSignal): Promise<void>;
  /** Takes the lock, on the very version that was read. @throws StateMoved */
  take(signal: AbortSignal): Promise<void>;
  /** Makes the state, with the lock. @throws StateMoved if another run was faster */
  create(state: State, signal: AbortSignal): Promise<void>;
  /** @throws LockLost if another run has written it */
  save(change: Partial<State>, signal: AbortSignal): Promise<void>;
  /** Writes another state in its place. @throws LockLost if another run has written it */
  replace(state: State, signal: AbortSignal): Promise<void>;
  /** Comes back only while this run is the only one. @throws LockLost */
  ensure(): Promise<void>;
  release(signal: AbortSignal): Promise<void>;
  delete(signal: AbortSignal): Promise<void>;
}

/** The type of the secrets that hold states. */
export const stateType = "acr-pull/state";
const dataKey = "state";
const lockAnnotation = "acr-pull/lock";
const mostTries = 5;

/** The name of the secret that holds the state of a registry. A port is part of the login server, but of no name. */
export function stateSecretName(loginServer: string): string {
  return `acr-pull.${loginServer.replace(/[^a-z0-9.]+/g, "-")}`;
}

/** What the store asks of a cluster. */
export type StateCluster = Pick<
  WritableCluster,
  "context" | "findSecret" | "createSecret" | "patchSecret" | "deleteSecret"
>;

/** A state in a secret. Every write is a compare-and-swap on its version, and renews the lock. */
export class SecretStateStore implements StateStore {
  readonly namespace: string;
  readonly name: string;
  readonly #cluster: StateCluster;
  /** Names this run, and how often it has written: any change shows other runs that it is alive. */
  readonly #holder = randomUUID();
  #writes = 0;
  #secret: PullSecret | undefined;
  #state: State | undefined;
  #lock: Lock | undefined;
  /** Writes go one after the other: each needs the version that the one before made. */
  #last: Promise<void> = Promise.resolve();

  constructor(cluster: StateCluster, namespace: string, loginServer: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
    this.name = stateSecretName(loginServer);
  }

  get place(): string {
    return `secret ${this.namespace}/${this.name}`;
  }

  get state(): State | undefined {
    return this.#state;
  }

  get isCopy(): boolean {
    const { uid } = this.#state ?? {};
    return uid !== undefined && uid !== this.#secret?.uid;
  }

  get heldBy(): string | undefined {
    return this.#secret && !this.#isOurs(this.#secret) ? lockOf(this.#secret) : undefined;
  }

  get lost(): AbortSignal {
    return this.#lock?.lost ?? new AbortController().signal;
  }

  async read(signal: AbortSignal): Promise<void> {
    this.#secret = await this.#find(signal);
    if (this.#secret && (this.#secret.type !== stateType || this.#secret.data[dataKey] === undefined))
      throw refused(
        "state.malformed",
        `The ${this.place} is not a state of acr-pull.`,
        "Delete or rename it, or keep the state elsewhere with --state-namespace.",
      );
    this.#state = this.#secret && stateOfSecret(this.#secret);
  }

  async create(state: State, signal: AbortSignal): Promise<void> {
    const sent = moment();
    const { namespace, name } = this;
    const wanted: NewSecret = { namespace, name, type: stateType, ...this.#content(state) };
    try {
      this.#secret = await this.#cluster.createSecret(wanted, signal);
    } catch (error) {
      const found = await this.#afterFailure(error, wanted, signal);
      if (!found) throw error;
      this.#secret = found;
    }
    this.#state = state;
    this.#hold(sent, signal);
  }

  async take(signal: AbortSignal): Promise<void> {
    const sent = moment();
    await this.#write(this.#content(), signal);
    this.#hold(sent, signal);
  }

  async save(change: Partial<State>, signal: AbortSignal): Promise<void> {
    if (!this.#state) throw new TypeError("a state is created before it is saved");
    await this.replace({ ...this.#state, ...change }, signal);
  }

  async replace(state: State, signal: AbortSignal): Promise<void> {
    this.#state = { ...state, uid: this.#secret?.uid ?? "" };
    await this.#renew(signal, this.#state);
  }

  async ensure(): Promise<void> {
    await this.#lock?.ensure();
  }

  async release(signal: AbortSignal): Promise<void> {
    this.#lock?.stop();
    await this.#last.catch(() => {});
    if (!this.#lock || this.#lock.lost.aborted || !this.#secret) return;
    this.#lock = undefined;
    await this.#write({ annotations: { [lockAnnotation]: null } }, signal);
  }

  async delete(signal: AbortSignal): Promise<void> {
    await this.ensure();
    this.#lock?.stop();
    await this.#last.catch(() => {});
    if (this.#secret) await this.#cluster.deleteSecret(this.#secret, signal);
    this.#secret = undefined;
    this.#state = undefined;
    this.#lock = undefined;
  }

  #find(signal: AbortSignal): Promise<PullSecret | undefined> {
    return this.#cluster.findSecret(this.namespace, this.name, signal);
  }

  #hold(sent: Moment, signal: AbortSignal): void {
    this.#lock = new Lock(sent, () => this.#renew(signal));
  }

  #renew(signal: AbortSignal, state?: State): Promise<void> {
    this.#last = this.#renewAfter(this.#last, signal, state);
    return this.#last;
  }

  async #renewAfter(last: Promise<void>, signal: AbortSignal, state: State | undefined): Promise<void> {
    await last.catch(() => {});
    const lock = this.#lock;
    if (!lock) return;
    lock.lost.throwIfAborted();
    const sent = moment();
    try {
      await this.#write(this.#content(state), signal);
    } catch (error) {
      if (error instanceof StateMoved) throw lock.lose(error);
      throw error;
    }
    lock.confirm(sent);
  }

  #content(state?: State): SecretChange {
    this.#writes += 1;
    return {
      annotations: { [lockAnnotation]: `${this.#holder} ${this.#writes}` },
      ...(state && { data: { [dataKey]: Buffer.from(formatState(state)).toString("base64") } }),
    };
  }

  /** Writes on the version that is known. Somebody else's change of a label, say, moves that version and is no matter. */
  async #write(change: SecretChange, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const seen = this.#secret;
      if (!seen) throw new StateMoved("the state is gone");
      try {
        this.#secret = await this.#cluster.patchSecret(seen, change, signal);
        return;
      } catch (error) {
        const now = await this.#afterFailure(error, change, signal);
        if (now && isWritten(now, change)) {
          this.#secret = now;
          return;
        }
        const mayGoOn = now && (this.#isOurs(now) || isSameState(now, seen)) && tries < mostTries;
        if (!mayGoOn) throw new StateMoved("another run has written the state", { cause: error });
        this.#secret = now;
      }
    }
  }

  #isOurs(secret: PullSecret): boolean {
    return lockOf(secret)?.startsWith(this.#holder) ?? false;
  }

  /** What stands there after a write that was refused or whose answer was lost. @throws any other error */
  async #afterFailure(
    error: unknown,
    wanted: SecretChange,
    signal: AbortSignal,
  ): Promise<PullSecret | undefined> {
    const isOpen =
      error instanceof OutcomeUnknownError ||
      hasCode(error, "kubernetes.conflict", "kubernetes.already-exists", "kubernetes.not-found");
    if (!isOpen) throw error;
    const now = await this.#find(signal);
    if (hasCode(error, "kubernetes.already-exists") && !(now && isWritten(now, wanted)))
      throw new StateMoved("another run was faster", { cause: error });
    return now;
  }
}

function lockOf(secret: PullSecret | undefined): string | undefined {
  return secret?.annotations[lockAnnotation];
}

function isSameState(one: PullSecret, other: PullSecret): boolean {
  return lockOf(one) === lockOf(other) && one.data[dataKey] === other.data[dataKey];
}

/** Every lock names its holder and the write: where it stands, this very write took effect. */
function isWritten(secret: PullSecret, { annotations, data }: SecretChange): boolean {
  const wanted = annotations?.[lockAnnotation] ?? undefined;
  return lockOf(secret) === wanted && (!data || secret.data[dataKey] === data[dataKey]);
}

/** The state that a secret holds. @throws ActionableError `state.newer`, `state.malformed`, exit 2 */
export function stateOfSecret({
  namespace,
  name,
  data,
}: Pick<PullSecret, "namespace" | "name" | "data">): State {
  const text = Buffer.from(data[dataKey] ?? "", "base64").toString("utf8");
  return parseState(text, `secret ${namespace}/${name}`);
}
