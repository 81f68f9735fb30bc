import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../src/domain/duration.ts";
import { isEndNear, isRenewalDue, renewalWindowMs } from "../../src/domain/renewal.ts";

const createdAt = "2031-01-01T00:00:00Z";
const born = Date.parse(createdAt);
const hourMs = 3_600_000;

/** A key for which this lifetime was requested. It is made up to five minutes shorter. */
function keyOf(life: string) {
  const lifeMs = parseDuration(life);
  const end = born + lifeMs - Math.min(300_000, lifeMs / 100);
  return { createdAt, expiresAt: new Date(end).toISOString() };
}

describe("the time before its end in which a key is renewed", () => {
  it.each([
    ["730d", "60d"],
    ["180d", "60d"],
    ["120d", "40d"],
    ["90d", "30d"],
    ["60d", "30d"],
    ["59d", "19d"],
    ["30d", "10d"],
    ["20d", "6d"],
    ["7d", "2d"],
    ["3d", "1d"],
    ["2d", "16h"],
    ["24h", "8h"],
    ["1h", "19m"],
  ])("of one that lives %s is %s", (life, window) => {
    expect(formatDuration(renewalWindowMs(keyOf(life)))).toBe(window);
  });

  it("is 60 days where its life is not known", () => {
    expect(formatDuration(renewalWindowMs({ createdAt: null, expiresAt: keyOf("20d").expiresAt }))).toBe(
      "60d",
    );
    expect(formatDuration(renewalWindowMs({ createdAt, expiresAt: null }))).toBe("60d");
  });

  it("is always shorter than its life, and no warning comes before it", () => {
    for (let hours = 1; hours < 24 * 400; hours += 1) {
      const key = keyOf(`${hours}h`);
      const windowMs = renewalWindowMs(key);
      expect(windowMs, `${hours}h`).toBeGreaterThan(0);
      expect(windowMs, `${hours}h`).toBeLessThan(hours * hourMs);
      const before = new Date(Date.parse(key.expiresAt) - windowMs - 1);
      expect(isRenewalDue(key, before), `${hours}h`).toBe(false);
    }
  });
});

describe("whether a renewal is due", () => {
  const due = (life: string, left: string) => {
    const key = keyOf(life);
    return isRenewalDue(key, new Date(Date.parse(key.expiresAt) - parseDuration(left)));
  };

  it.each([
    ["180d", "31d", false],
    ["180d", "30d", true],
    ["60d", "31d", false],
    ["60d", "30d", true],
    ["20d", "20d", false],
    ["20d", "7d", false],
    ["20d", "6d", true],
    ["2d", "17h", false],
    ["2d", "16h", true],
    ["180d", "0", true],
  ])("of a key that lives %s and ends in %s: %s", (life, left, expected) => {
    expect(due(life, left)).toBe(expected);
  });

  it("is not told of a key whose end is not known, and counts 30 days where its life is not", () => {
    expect(isRenewalDue({ createdAt: null, expiresAt: null }, new Date(born))).toBe(false);
    const { expiresAt } = keyOf("20d");
    expect(isRenewalDue({ createdAt: null, expiresAt }, new Date(born))).toBe(true);
  });
});

describe("whether an end is near", () => {
  const near = (life: string, left: string) => {
    const key = keyOf(life);
    return isEndNear(key, new Date(Date.parse(key.expiresAt) - parseDuration(left)));
  };

  it.each([
    ["180d", "8d", false],
    ["180d", "7d", true],
    ["60d", "7d", true],
    ["30d", "3d", false],
    ["30d", "2d", true],
    ["7d", "1d", false],
    ["7d", "11h", true],
    ["2d", "4h", false],
    ["2d", "3h", true],
  ])("of a key that lives %s, %s before it: %s", (life, left, is) => {
    expect(near(life, left)).toBe(is);
  });

  it("is told within 7 days where its life is not known, and never where its end is not", () => {
    const { expiresAt } = keyOf("20d");
    const before = (days: number) => new Date(Date.parse(expiresAt) - days * 24 * hourMs);
    expect(isEndNear({ createdAt: null, expiresAt }, before(8))).toBe(false);
    expect(isEndNear({ createdAt: null, expiresAt }, before(7))).toBe(true);
    expect(isEndNear({ createdAt, expiresAt: null }, before(0))).toBe(false);
  });
});
