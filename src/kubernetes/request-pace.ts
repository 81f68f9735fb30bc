import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import { underOwnSignal } from "../domain/own-signal.ts";
import { ExchangeError, type HttpAnswer } from "../domain/http-exchange.ts";
import { longestWaitMs, retryAfterMs, serverNow, spreadWaitMs } from "../domain/retry.ts";
import { isRefusedInAdmission } from "./api-status.ts";

/**
 * How many successes in a row let one request more be under way. Fewer would meet the limit of a small server again
 * and again, and each time all have to wait.
 */
const successesToGrow = 20;

/** The server asks all to wait for longer than a request may take: it was not sent. */
export class PauseTooLongError extends Error {
  override readonly name = "PauseTooLongError";
  /** In milliseconds. */
  readonly pauseMs: number;

  constructor(pauseMs: number) {
    super(`the server asks to wait ${Math.ceil(pauseMs / 1000)} s`);
    this.pauseMs = pauseMs;
  }
}

/**
 * How many requests one API server gets at once. A server that answers at once is not slowed down; one that answers
 * 429 gets half as many, and none until the time that its `Retry-After` names, which API Priority and Fairness sends
 * with each; then one more after every run of successes, up to what was allowed at first. So do TCP's senders.
 * Source: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 *
 * No kept library does this in JavaScript: those that adapt count requests a second (the AWS SDK's) or guess from
 * how long answers take. p-queue is the queue below: its width can change while it runs, and it lets an aborted
 * request go at once, for which p-limit and p-map have no way.
 */
export class RequestPace {
  readonly #most: number;
  readonly #queue: PQueue;
  /** Counts the halvings: what was sent before one says nothing about the time after it. */
  #round = 0;
  #successes = 0;
  /** By performance.now() */
  #pausedUntil = -Infinity;

  /** @param atOnce the most requests under way at once, at least 1 */
  constructor(atOnce: number) {
    this.#most = atOnce;
    this.#queue = new PQueue({ concurrency: atOnce });
  }

  /** How many requests may be under way at once now. */
  get atOnce(): number {
    return this.#queue.concurrency;
  }

  /**
   * Sends a request when its turn comes. Trying again is the caller's: a request that waits for that has no turn.
   * @param send is told how much of the limit is left, in milliseconds
   * @param limitMs the longest wait, that for the turn included
   * @throws PauseTooLongError when its turn would come too late; ExchangeError `timed-out` when it did; what `send`
   *   throws; the signal's reason, or AbortError, when it aborts
   */
  async run(
    send: (leftMs: number) => Promise<HttpAnswer>,
    signal: AbortSignal,
    limitMs: number,
  ): Promise<HttpAnswer> {
    const end = performance.now() + limitMs;
    return underOwnSignal(signal, async ({ signal: own }) => {
      for (;;) {
        await this.#pauseOver(end, own);
        let sent: Promise<HttpAnswer | undefined> | undefined;
        const turn = this.#queue.add(() => (sent = this.#send(send, end, limitMs)), { signal: own });
        // Of one that is under way it is its sender who knows when to leave it.
        const answer = await turn.catch((error: unknown) => sent ?? Promise.reject(error));
        if (answer) return answer;
      }
    });
  }

  async #pauseOver(end: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const now = performance.now();
      const pauseMs = this.#pausedUntil - now;
      if (pauseMs <= 0) return;
      if (this.#pausedUntil >= end) throw new PauseTooLongError(pauseMs);
      await sleep(pauseMs, undefined, { signal });
    }
  }

  /** Nothing when a pause began while the request waited for its turn. */
  async #send(
    send: (leftMs: number) => Promise<HttpAnswer>,
    end: number,
    limitMs: number,
  ): Promise<HttpAnswer | undefined> {
    const now = performance.now();
    if (now < this.#pausedUntil) return undefined;
    if (now >= end) throw new ExchangeError("timed-out", undefined, `no turn within ${limitMs / 1000} s`);
    const round = this.#round;
    const answer = await send(Math.ceil(end - now));
    if (answer.status === 429 && !isRefusedInAdmission(answer)) this.#slowDown(answer, round);
    else if (answer.status < 500) this.#countSuccess(round);
    return answer;
  }

  #slowDown({ headers }: HttpAnswer, round: number): void {
    const isNews = round === this.#round;
    const askedMs = retryAfterMs(headers["retry-after"], serverNow(headers.date)) ?? 0;
    // What asks for longer fails at once, each request with its own answer.
    if (askedMs > 0 && askedMs <= longestWaitMs) {
      const pauseMs = isNews ? spreadWaitMs(askedMs) : askedMs;
      this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + pauseMs);
    }
    if (!isNews) return;
    this.#round += 1;
    this.#successes = 0;
    this.#queue.concurrency = Math.max(1, Math.floor(this.#queue.concurrency / 2));
  }

  #countSuccess(round: number): void {
    if (round !== this.#round || this.#queue.concurrency >= this.#most) return;
    this.#successes += 1;
    if (this.#successes < successesToGrow) return;
    this.#successes = 0;
    this.#queue.concurrency += 1;
  }
}
