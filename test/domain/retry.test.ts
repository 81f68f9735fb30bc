import { describe, expect, it } from "vitest";
import { retryAfterMs, retryDelayMs, withRetries, type FailedAttempt } from "../../src/domain/retry.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

/** The numbers of mulberry32: even enough to stand in for chance, and always the same. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("trying again", () => {
  it.each([
    ["a throttled write", { status: 429, idempotent: false }, true],
    ["a server error of a read", { status: 503, idempotent: true }, true],
    ["a server error of a write that must not be done twice", { status: 503, idempotent: false }, false],
    ["a lost connection of a read", { idempotent: true }, true],
    ["a lost connection of a write that must not be done twice", { idempotent: false }, false],
    ["a refusal", { status: 403, idempotent: true }, false],
    ["something not implemented", { status: 501, idempotent: true }, false],
  ])("%s", (_what, failed, again) => {
    expect(retryDelayMs(1, failed, now) !== undefined).toBe(again);
  });

  it("ends after four tries, and after five where nothing was done", () => {
    expect(retryDelayMs(3, { status: 503, idempotent: true }, now)).toBeDefined();
    expect(retryDelayMs(4, { status: 503, idempotent: true }, now)).toBeUndefined();
    expect(retryDelayMs(4, { status: 429, idempotent: false }, now)).toBeDefined();
    expect(retryDelayMs(5, { status: 429, idempotent: false }, now)).toBeUndefined();
  });

  it.each([
    ["seconds", "7", 7_000],
    ["a date", "Thu, 01 Jan 2026 00:00:09 GMT", 9_000],
    ["the most that is waited for", "300", 300_000],
  ])("comes no earlier than the service asks by %s", (_form, retryAfter, leastMs) => {
    for (const random of [() => 0, () => 0.999]) {
      const failed = { status: 429, retryAfter, idempotent: false };
      expect(retryDelayMs(1, failed, now, random)).toBeGreaterThanOrEqual(leastMs);
    }
  });

  it("reads a date by the clock of the service that names it", () => {
    const failed = { status: 429, retryAfter: "Tue, 01 Jan 2030 00:00:09 GMT", idempotent: false };
    const date = "Tue, 01 Jan 2030 00:00:00 GMT";
    expect(retryDelayMs(1, { ...failed, date }, undefined, () => 0)).toBe(9_000);
  });

  it.each(["301", "1000000000", "Thu, 01 Jan 2026 00:05:01 GMT"])(
    "does not come at all when the service asks for more than five minutes by %s",
    (retryAfter) => {
      expect(retryDelayMs(1, { status: 429, retryAfter, idempotent: false }, now)).toBeUndefined();
    },
  );

  it.each(["0", "-5", "Thu, 01 Jan 2015 00:00:00 GMT", "soon", null])(
    "comes when it would without being asked, when it is asked by %j",
    (retryAfter) => {
      const failed = { status: 429, idempotent: false };
      const random = () => 0.5;
      expect(retryDelayMs(2, { ...failed, retryAfter }, now, random)).toBe(
        retryDelayMs(2, failed, now, random),
      );
    },
  );

  /** If 200 clients fail at the same moment, how many of them try again in the fullest tenth of a second. */
  function fullestTenth(attempt: number, failed: FailedAttempt): number {
    const random = seeded(7);
    const counts = new Map<number, number>();
    for (let client = 0; client < 200; client += 1) {
      const delay = retryDelayMs(attempt, failed, now, random);
      if (delay === undefined) throw new Error("gave up");
      const tenth = Math.floor(delay / 100);
      counts.set(tenth, (counts.get(tenth) ?? 0) + 1);
    }
    return Math.max(...counts.values());
  }

  it.each<readonly [string, number, FailedAttempt]>([
    ["refused by 429", 1, { status: 429, idempotent: false }],
    ["refused by 429 again", 2, { status: 429, idempotent: false }],
    ["asked to wait a second", 1, { status: 429, retryAfter: "1", idempotent: false }],
    [
      "asked to wait until a date",
      1,
      { status: 503, retryAfter: new Date(now + 9_000).toUTCString(), idempotent: true },
    ],
    ["asked to wait no time", 1, { status: 429, retryAfter: "0", idempotent: false }],
    ["answered by 503", 1, { status: 503, idempotent: true }],
    ["cut off twice", 2, { idempotent: true }],
  ])("brings back no more than a tenth of 200 clients at a time that were %s", (_what, attempt, failed) => {
    expect(fullestTenth(attempt, failed)).toBeLessThanOrEqual(20);
  });

  it.each([
    ["3", 3_000],
    ["0", 0],
    ["-5", 0],
    ["Thu, 01 Jan 2026 00:00:09 GMT", 9_000],
    ["Thu, 01 Jan 2015 00:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ])("reads Retry-After %j as %s ms", (header, milliseconds) => {
    expect(retryAfterMs(header, now)).toBe(milliseconds);
  });

  it("gives the first success, and the last failure when none comes", async () => {
    const signal = new AbortController().signal;
    let tries = 0;
    const flaky = () => ((tries += 1) < 2 ? Promise.reject(new Error("reset")) : Promise.resolve("done"));
    expect(await withRetries(flaky, () => ({ idempotent: true }), signal)).toBe("done");
    await expect(
      withRetries(
        () => Promise.reject(new Error("no")),
        () => undefined,
        signal,
      ),
    ).rejects.toThrow("no");
  });

  it("tells each attempt how much of the time is left", async () => {
    const told: number[] = [];
    const failing = (leftMs: number) => {
      told.push(leftMs);
      return Promise.reject(new Error("reset"));
    };
    const once = () => (told.length === 1 ? { idempotent: true } : undefined);
    await expect(withRetries(failing, once, new AbortController().signal, 60_000)).rejects.toThrow("reset");
    const [first = NaN, second = NaN] = told;
    expect(first).toBeLessThanOrEqual(60_000);
    expect(second).toBeLessThan(first);
    expect(second).toBeGreaterThan(0);
  });

  it("begins no attempt after the time is over", async () => {
    let tries = 0;
    const failing = () => Promise.reject(new Error(`try ${(tries += 1)}`));
    const patient = () => ({ status: 429, retryAfter: "60", idempotent: true });
    const run = withRetries(failing, patient, new AbortController().signal, 1_000);
    await expect(run).rejects.toThrow("try 1");
  });
});
