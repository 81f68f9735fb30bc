import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";

/** Another run has taken over: this one writes nothing more. */
export class LockLost extends ActionableError {
  constructor(cause?: unknown) {
    super(
      "Another run has taken over while this one stood still.",
      {
        code: "busy",
        hint: "Run the same command again to continue.",
        retryable: true,
        exitCode: exitCode.incomplete,
      },
      { cause },
    );
  }
}

const renewMs = 5_000;
/** A run that waits takes a lock that has not changed for this long, as it watched it. */
export const deadAfterMs = 20_000;
/** For so long after a renewal was sent, no other run can have taken the lock. */
const trustMs = 15_000;

/**
 * When the lock was last confirmed, and its renewal. The store writes it; here is only the time. No clocks of two
 * machines are compared.
 */
export class Lock {
  readonly #renew: () => Promise<void>;
  readonly #lost = new AbortController();
  #sent: Moment;
  #timer: NodeJS.Timeout | undefined;

  /**
   * The lock is ours.
   * @param sent when the write was sent that took it
   * @param renew writes it again; throws LockLost if it is somebody else's
   */
  constructor(sent: Moment, renew: () => Promise<void>) {
    this.#sent = sent;
    this.#renew = renew;
    // One that fails is tried again at the next tick.
    this.#timer = setInterval(() => void renew().catch(() => {}), renewMs).unref();
  }

  /** Aborts when it is somebody else's, so that waiting ends. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  confirm(sent: Moment): void {
    this.#sent = sent;
  }

  /** Comes back only while this run is the only one. Called before every write: a process may sleep at any line. */
  async ensure(): Promise<void> {
    this.lost.throwIfAborted();
    if (since(this.#sent) > trustMs) await this.#renew();
    this.lost.throwIfAborted();
  }

  lose(cause: unknown): LockLost {
    this.stop();
    const lost = new LockLost(cause);
    this.#lost.abort(lost);
    return lost;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** A point in time by two clocks: one stands still while a machine is suspended, somebody may set the other. */
export interface Moment {
  readonly steady: number;
  readonly wall: number;
}

export function moment(): Moment {
  return { steady: performance.now(), wall: Date.now() };
}

/** The milliseconds since then, by the clock that counted more. */
export function since({ steady, wall }: Moment): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}
