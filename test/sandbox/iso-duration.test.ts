import { expect, it } from "vitest";
import { addIsoDuration } from "../../src/sandbox/graph/iso-duration.ts";

it.each([
  ["P90D", "2026-01-31T00:00:00Z", "2026-05-01T00:00:00Z"],
  ["P2Y", "2026-02-28T12:00:00Z", "2028-02-28T12:00:00Z"],
  ["P6M", "2025-10-15T00:00:00Z", "2026-04-15T00:00:00Z"],
  ["P1Y2M3W4DT5H6M7S", "2026-01-01T00:00:00Z", "2027-03-26T05:06:07Z"],
  ["PT1H", "2026-01-01T23:30:00Z", "2026-01-02T00:30:00Z"],
])("adds %s to %s", (duration, from, to) => {
  expect(addIsoDuration(Date.parse(from), duration)).toBe(Date.parse(to));
});

it.each(["", "P", "PT", "P1DT", "90D", "P1.5Y", "P1H"])("does not take %j for a duration", (text) => {
  expect(() => addIsoDuration(0, text)).toThrow(RangeError);
});
