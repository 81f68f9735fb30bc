import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HttpAnswer } from "../../src/domain/http-exchange.ts";
import { PauseTooLongError, RequestPace } from "../../src/kubernetes/request-pace.ts";

// Without the random spread, a pause is exactly as long as the server asks for.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));
afterEach(() => void vi.restoreAllMocks());

const signal = new AbortController().signal;

function answer(status: number, headers: HttpAnswer["headers"] = {}): HttpAnswer {
  return { status, headers, body: Buffer.alloc(0) };
}

/** Requests that a test answers when it likes, and their outcomes. */
class Requests {
  readonly outcomes: unknown[] = [];
  readonly #open: Array<(answer: HttpAnswer) => void> = [];
  readonly #pace: RequestPace;

  constructor(pace: RequestPace) {
    this.#pace = pace;
  }

  /** How many are under way. */
  get underWay(): number {
    return this.#open.length;
  }

  /** Sends some more, without waiting for their turn. */
  async send(count: number, aborted: AbortSignal = signal, limitMs = 60_000): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      const send = () => new Promise<HttpAnswer>((resolve) => this.#open.push(resolve));
      this.#pace.run(send, aborted, limitMs).then(
        ({ status }) => this.outcomes.push(status),
        (error: unknown) => this.outcomes.push(error),
      );
    }
    await nextTurn();
  }

  /** Answers the oldest requests under way. */
  async answer(count: number, status: number, headers?: HttpAnswer["headers"]): Promise<void> {
    for (const resolve of this.#open.splice(0, count)) resolve(answer(status, headers));
    await nextTurn();
  }

  /** Answers every request until nothing is under way. */
  async answerAll(status: number): Promise<void> {
    while (this.#open.length > 0) await this.answer(this.#open.length, status);
  }
}

/** A pace of ten, with ten requests under way and many that wait for their turn. */
async function crowded(aborted = signal): Promise<{ pace: RequestPace; requests: Requests }> {
  const pace = new RequestPace(10);
  const requests = new Requests(pace);
  await requests.send(60, aborted, 200_000);
  return { pace, requests };
}

describe("the pace of a cluster's requests", () => {
  test("is as many at once as were allowed, and no fewer while they succeed", async () => {
    const { pace, requests } = await crowded();
    expect(requests.underWay).toBe(10);
    await requests.answer(3, 200);
    expect(requests.underWay).toBe(10);
    await requests.answer(10, 404);
    await requests.answer(10, 503);
    expect(pace.atOnce).toBe(10);
    await requests.answerAll(200);
    expect(requests.outcomes).toHaveLength(60);
  });

  test("is halved when one is refused, for those that wait too", async () => {
    const { pace, requests } = await crowded();
    await requests.answer(1, 429);
    expect(pace.atOnce).toBe(5);
    await requests.answer(4, 200);
    expect(requests.underWay).toBe(5);
    await requests.answer(1, 200);
    expect(requests.underWay).toBe(5);
  });

  test("is halved once, however many that were under way together are refused", async () => {
    const { pace, requests } = await crowded();
    await requests.answer(10, 429);
    expect([pace.atOnce, requests.underWay]).toEqual([5, 5]);
    await requests.answer(5, 429);
    expect([pace.atOnce, requests.underWay]).toEqual([2, 2]);
  });

  test("comes down to one at a time, and never to none", async () => {
    const { pace, requests } = await crowded();
    for (let round = 0; round < 6; round += 1) await requests.answer(requests.underWay, 429);
    expect([pace.atOnce, requests.underWay]).toEqual([1, 1]);
  });

  test("grows by one after a run of successes, up to what was allowed", async () => {
    const { pace, requests } = await crowded();
    await requests.answer(10, 429);
    for (let answered = 0; answered < 20; answered += 1) {
      expect([pace.atOnce, requests.underWay]).toEqual([5, 5]);
      await requests.answer(1, answered % 2 === 0 ? 200 : 404);
    }
    expect([pace.atOnce, requests.underWay]).toEqual([6, 6]);
    await requests.send(200);
    await requests.answerAll(200);
    expect(pace.atOnce).toBe(10);
    await requests.send(60);
    expect(requests.underWay).toBe(10);
  });

  test("does not grow by successes of requests that were sent before it was halved", async () => {
    const { pace, requests } = await crowded();
    await requests.answer(1, 429);
    await requests.answer(9, 200);
    for (let answered = 0; answered < 19; answered += 1) await requests.answer(1, 200);
    expect(pace.atOnce).toBe(5);
  });

  test("does not grow by failures of the server, and its growth begins anew after a refusal", async () => {
    const { pace, requests } = await crowded();
    await requests.answer(10, 429);
    await requests.answer(5, 200);
    await requests.answer(5, 200);
    await requests.answer(5, 200);
    await requests.answer(5, 500);
    expect(pace.atOnce).toBe(5);
    await requests.answer(1, 429);
    expect(pace.atOnce).toBe(2);
    await requests.answer(4, 200);
    for (let answered = 0; answered < 15; answered += 1) await requests.answer(1, 200);
    expect(pace.atOnce).toBe(2);
  });

  test("does not suffer from a request that fails without an answer", async () => {
    const pace = new RequestPace(1);
    const broken = pace.run(() => Promise.reject(new Error("reset")), signal, 60_000);
    await expect(broken).rejects.toThrow("reset");
    await expect(pace.run(() => Promise.resolve(answer(200)), signal, 60_000)).resolves.toMatchObject({
      status: 200,
    });
  });
});

describe("a pause that the server asks for", () => {
  const soon = { "retry-after": "0.05" };
  const late = { "retry-after": "120" };

  test("holds back all requests, those that wait for their turn too", async () => {
    const { requests } = await crowded();
    await requests.answer(10, 429, late);
    await requests.send(1, signal, 200_000);
    expect(requests.underWay).toBe(0);
  });

  test("is over when its time is, and half as many requests begin", async () => {
    const { requests } = await crowded();
    await requests.answer(10, 429, soon);
    await vi.waitFor(() => expect(requests.underWay).toBe(5));
  });

  test("is as long as the longest that was asked for, and does not end for a success", async () => {
    const { requests } = await crowded();
    await requests.answer(1, 429, late);
    await requests.answer(1, 429, soon);
    await requests.answer(8, 200);
    expect(requests.underWay).toBe(0);
    await requests.send(1, signal, 100_000);
    expect(requests.outcomes.at(-1)).toBeInstanceOf(PauseTooLongError);
  });

  test("does not keep a request that may not take so long: it says how long that would be", async () => {
    const { requests } = await crowded();
    await requests.answer(10, 429, late);
    await requests.send(1, signal, 1_000);
    expect(requests.outcomes.at(-1)).toBeInstanceOf(PauseTooLongError);
    expect(requests.underWay).toBe(0);
  });

  test("of more than five minutes holds back nobody: each request hears it for itself, and fails", async () => {
    const { requests } = await crowded();
    await requests.answer(10, 429, { "retry-after": "301" });
    expect(requests.underWay).toBe(5);
  });

  test("ends at once for a run that is aborted", async () => {
    const controller = new AbortController();
    const pace = new RequestPace(1);
    const requests = new Requests(pace);
    await requests.send(1);
    await requests.send(2, controller.signal);
    await requests.answer(1, 429, late);
    await requests.send(2, controller.signal, 200_000);
    controller.abort(new Error("interrupted"));
    await vi.waitFor(() => expect(requests.outcomes).toHaveLength(5));
    expect(requests.underWay).toBe(0);
  });
});

test("a request that is under way is left to its sender when it is aborted", async () => {
  const controller = new AbortController();
  const requests = new Requests(new RequestPace(1));
  await requests.send(1, controller.signal);
  controller.abort(new Error("interrupted"));
  await nextTurn();
  expect(requests.outcomes).toEqual([]);
  await requests.answer(1, 200);
  expect(requests.outcomes).toEqual([200]);
});

describe("a request that waits for its turn", () => {
  test("leaves at once when it is aborted, and the others keep theirs", async () => {
    const controller = new AbortController();
    const pace = new RequestPace(1);
    const requests = new Requests(pace);
    const reason = new Error("interrupted");
    await requests.send(1);
    await requests.send(3, controller.signal);
    await requests.send(1);
    controller.abort(reason);
    await nextTurn();
    expect(requests.outcomes).toEqual([reason, reason, reason]);
    await requests.answer(1, 200);
    expect(requests.underWay).toBe(1);
  });

  test("is not sent when its turn comes too late", async () => {
    const pace = new RequestPace(1);
    const requests = new Requests(pace);
    await requests.send(1);
    await requests.send(1, signal, 0);
    await requests.answer(1, 200);
    expect(requests.outcomes).toEqual([200, expect.objectContaining({ failure: "timed-out" })]);
    expect(requests.underWay).toBe(0);
  });

  test("makes no warning of Node, in however large a crowd", async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on("warning", listener);
    try {
      const { requests } = await crowded(new AbortController().signal);
      await requests.answer(10, 429, { "retry-after": "0.01" });
      await vi.waitFor(() => expect(requests.underWay).toBe(5));
      await requests.answerAll(200);
      await nextTurn();
      expect(warnings).toEqual([]);
    } finally {
      process.off("warning", listener);
    }
  });
});
