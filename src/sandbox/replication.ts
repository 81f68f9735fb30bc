import { createHash } from "node:crypto";
import type { Replicated } from "./world.ts";

/** How replicas lag behind the writes, and which of them a read reaches. */
export interface ReplicationOptions {
  /** How many replicas of the directory answer reads. */
  readonly replicas: number;
  /** How long the slowest replica takes to learn of a write, in milliseconds. */
  readonly lagMs: number;
  /**
   * `steady`: the first replica knows a write at once, the last after the whole lag, and the others at even steps
   * between. Reads reach the replicas in turn, so a new object is seen, then not, then seen again, as with the real
   * services.
   * `random`: each replica learns of each write after a delay of its own, and a read reaches any of them. A removed
   * object stays visible in the same way.
   */
  readonly pattern: "steady" | "random";
  /**
   * For the random pattern: with the same seed, the same reads of the same writes in the same order meet the same
   * delays.
   */
  readonly seed: string;
}

type Write = "creation" | "removal";

/** The replicas, and what a read from one of them knows. */
export class Replication {
  readonly #options: ReplicationOptions;
  /** Numbers of records, in the order in which they were first read. A record's delays are drawn by its number. */
  readonly #numbers = new WeakMap<Replicated, number>();
  #records = 0;
  #reads = 0;
  /** How long the slowest replica takes to learn of a write. It can be changed while running. */
  lagMs: number;

  constructor(options: ReplicationOptions) {
    this.#options = options;
    this.lagMs = options.lagMs;
  }

  /** What the replica that this read reaches knows, for the length of one request. */
  read(now: number = Date.now()): ReplicaView {
    this.#reads += 1;
    const { replicas, pattern } = this.#options;
    const met = pattern === "random" ? Math.floor(this.#draw(`read ${this.#reads}`) * replicas) : this.#reads;
    return this.#view(met % replicas, now);
  }

  /** What each replica knows, without counting as a read: for checks from outside. */
  all(now: number = Date.now()): readonly ReplicaView[] {
    return Array.from({ length: this.#options.replicas }, (_, replica) => this.#view(replica, now));
  }

  #view(replica: number, now: number): ReplicaView {
    const { replicas, pattern } = this.#options;
    if (pattern === "random") {
      return new ReplicaView((record, write) => now - this.#delay(replica, record, write));
    }
    const upTo = now - (replicas > 1 ? (this.lagMs * replica) / (replicas - 1) : 0);
    return new ReplicaView(() => upTo);
  }

  #delay(replica: number, record: Replicated, write: Write): number {
    let number = this.#numbers.get(record);
    if (number === undefined) this.#numbers.set(record, (number = this.#records += 1));
    return this.lagMs * this.#draw(`replica ${replica} ${write} ${number}`);
  }

  /** A number from 0 to 1, the same for the same seed and occasion. */
  #draw(occasion: string): number {
    return (
      createHash("sha256").update(`${this.#options.seed}\n${occasion}`).digest().readUInt32BE() / 2 ** 32
    );
  }
}

/** What the replica that answers one request knows. */
export class ReplicaView {
  readonly #upTo: (record: Replicated, write: Write) => number;

  /** @param upTo the moment up to which it knows such writes of a record */
  constructor(upTo: (record: Replicated, write: Write) => number) {
    this.#upTo = upTo;
  }

  /** Whether the record exists, as far as this replica knows. */
  knows(record: Replicated): boolean {
    const { removedAt } = record;
    return (
      this.hasHeardOf(record) && !(removedAt !== undefined && removedAt <= this.#upTo(record, "removal"))
    );
  }

  /** Whether it knows that the record was created, even if the record was removed since. */
  hasHeardOf(record: Replicated): boolean {
    return record.createdAt <= this.#upTo(record, "creation");
  }
}

/** What is known once everything has replicated. */
export const wholeTruth = new ReplicaView(() => Number.POSITIVE_INFINITY);

/** Whether the record exists after all writes, as the replica that takes the writes knows it. */
export function exists(record: Replicated): boolean {
  return record.removedAt === undefined;
}
