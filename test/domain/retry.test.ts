import { describe, expect, it } from "vitest";
import { retryAfterMs, retryDelayMs, withRetries } from "../../src/domain/retry.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

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

  it("ends after four tries", () => {
    expect(retryDelayMs(3, { status: 503, idempotent: true }, now)).toBeDefined();
    expect(retryDelayMs(4, { status: 503, idempotent: true }, now)).toBeUndefined();
  });

  it("waits as long as the service asks, and not at all for more than five minutes", () => {
    const asked = (retryAfter: string) =>
      retryDelayMs(1, { status: 429, retryAfter, idempotent: false }, now);
    expect(asked("7")).toBeGreaterThanOrEqual(7_000);
    expect(asked("301")).toBeUndefined();
    expect(asked("1000000000")).toBeUndefined();
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
    const flaky = () => ((tries += 1) < 3 ? Promise.reject(new Error("busy")) : Promise.resolve("done"));
    const passing = () => ({ status: 429, retryAfter: "0", idempotent: true });
    expect(await withRetries(flaky, passing, signal)).toBe("done");
    await expect(
      withRetries(
        () => Promise.reject(new Error("no")),
        () => undefined,
        signal,
      ),
    ).rejects.toThrow("no");
  });

  it("begins no attempt after the time is over", async () => {
    let tries = 0;
    const failing = () => Promise.reject(new Error(`try ${(tries += 1)}`));
    const patient = () => ({ status: 429, retryAfter: "60", idempotent: true });
    const run = withRetries(failing, patient, new AbortController().signal, 1_000);
    await expect(run).rejects.toThrow("try 1");
  });
});
