import { setTimeout as sleep } from "node:timers/promises";
import PQueue from "p-queue";
import { withOwnSignal } from "../domain/own-signal.ts";
import { ExchangeError, type HttpAnswer } from "../domain/http-exchange.ts";
import { longestWaitMs, retryAfterMs, serverNow, spreadWaitMs } from "../domain/retry.ts";
import { isRefusedInAdmission } from "./api-status.ts";

/**
 * How many successes in a row allow one more concurrent request. With fewer, a small server's limit would be hit
 * again and again, and all requests would have to wait each time.
 */
const successesToGrow = 20;

/** The server asks everybody to wait for longer than a request may take, so the request was not sent. */
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
 * Limits the concurrent requests to one API server. A server that keeps up is not slowed down. After a 429, half as
 * many are sent, and none before the time in its `Retry-After`, which API Priority and Fairness sends with each 429.
 * Then one more is sent after every run of successes, up to the first limit. TCP senders do the same.
 * Source: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
 * No maintained JavaScript library does this: those that adapt either count requests per second (the AWS SDK's) or
 * guess from response times. p-queue holds the requests: its concurrency can change while it runs, and an aborted
 * request leaves it at once. p-limit and p-map cannot do that.
 */
export class RequestPace {
  readonly #most: number;
  readonly #queue: PQueue;
  /** Counts the halvings. A request that was sent before a halving says nothing about the time after it. */
  #round = 0;
  #successes = 0;
  /** In terms of performance.now(). */
  #pausedUntil = -Infinity;

  /** @param atOnce the most concurrent requests, at least 1 */
  constructor(atOnce: number) {
    this.#most = atOnce;
    this.#queue = new PQueue({ concurrency: atOnce });
  }

  /** How many concurrent requests are allowed now. */
  get atOnce(): number {
    return this.#queue.concurrency;
  }

  /**
   * Sends a request when its turn comes. The caller retries: a request that waits for a retry holds no turn.
   * @param send gets what is left of the limit, in milliseconds
   * @param limitMs the longest wait, including the wait for the turn
   * @throws PauseTooLongError if the turn would come too late; ExchangeError `timed-out` if it did come too late; what
   *   `send` throws; the signal's reason, or AbortError, when it aborts
   */
  async run(
    send: (leftMs: number) => Promise<HttpAnswer>,
    signal: AbortSignal,
    limitMs: number,
  ): Promise<HttpAnswer> {
    const end = performance.now() + limitMs;
    return withOwnSignal(signal, async ({ signal: own }) => {
      for (;;) {
        await this.#pauseOver(end, own);
        let sent: Promise<HttpAnswer | undefined> | undefined;
        const turn = this.#queue.add(() => (sent = this.#send(send, end, limitMs)), { signal: own });
        // After `send` has started, it decides when to give up.
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

  /** Undefined if a pause began while the request waited for its turn. */
  async #send(
    send: (leftMs: number) => Promise<HttpAnswer>,
    end: number,
    limitMs: number,
  ): Promise<HttpAnswer | undefined> {
    const now = performance.now();
    if (now < this.#pausedUntil) return undefined;
    if (now >= end)
      throw new ExchangeError(
        "timed-out",
        undefined,
        `the request could not be sent within ${limitMs / 1000} s`,
      );
    const round = this.#round;
    const answer = await send(Math.ceil(end - now));
    if (answer.status === 429 && !isRefusedInAdmission(answer)) this.#slowDown(answer, round);
    else if (answer.status < 500) this.#countSuccess(round);
    return answer;
  }

  #slowDown({ headers }: HttpAnswer, round: number): void {
    const isNews = round === this.#round;
    const askedMs = retryAfterMs(headers["retry-after"], serverNow(headers.date)) ?? 0;
    // A request that is asked to wait longer fails right away, with its own answer.
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
