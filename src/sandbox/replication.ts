import type { Replicated } from "./world.ts";

/** How many copies of the directory there are to be read from. */
const replicas = 3;

/**
 * What one read knows of a record. The first replica knows a write at once, the last after the whole lag, and each
 * read meets the next of them in turn: so a new object is seen, then not, then seen again, as with the services.
 */
export class Replication {
  #reads = 0;
  /** How long the last replica takes to learn of a write; can be changed while running. */
  lagMs: number;

  constructor(lagMs: number) {
    this.lagMs = lagMs;
  }

  /** Meets the next replica: what it knows, for the length of one request. */
  read(now: number = Date.now()): ReplicaView {
    this.#reads += 1;
    const replica = this.#reads % replicas;
    return new ReplicaView(now - (this.lagMs * replica) / (replicas - 1));
  }
}

/** What the replica that answers one request knows. */
export class ReplicaView {
  readonly #upTo: number;

  /** @param upTo it knows every write made until this moment */
  constructor(upTo: number) {
    this.#upTo = upTo;
  }

  /** Whether the record is there, as far as this replica knows. */
  knows(record: Replicated): boolean {
    const created = record.createdAt <= this.#upTo;
    const removed = record.removedAt !== undefined && record.removedAt <= this.#upTo;
    return created && !removed;
  }
}

/** Whether the record is there by the truth of the writes: what the writing replica knows. */
export function exists(record: Replicated): boolean {
  return record.removedAt === undefined;
}
