import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../src/domain/duration.ts";

describe("a duration", () => {
  it.each([
    ["50ms", 50],
    ["49s", 49_000],
    ["30m", 1_800_000],
    ["24h", 86_400_000],
    ["180d", 15_552_000_000],
    ["0", 0],
    ["0s", 0],
    ["1.5h", 5_400_000],
  ])("%s is %d milliseconds", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(["", "5", "-5s", "5 s", "1y", "five", "5S", "1h30m", "1e3s", "max"])(
    "cannot be written %j",
    (text) => {
      expect(() => parseDuration(text)).toThrow(RangeError);
    },
  );

  it.each([
    [0, "0ms"],
    [50, "50ms"],
    [90_000, "90s"],
    [120_000, "2m"],
    [86_400_000, "1d"],
    [1234, "1s"],
  ])("of %d ms reads %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});
