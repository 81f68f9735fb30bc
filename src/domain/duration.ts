import ms from "ms";

const form = /^(?:\d+(?:\.\d+)?)(?:ms|s|m|h|d)$/;

/**
 * Reads a duration such as `50ms`, `49s`, `30m`, `24h` or `180d`, or a bare `0`. A day has 24 hours.
 * @returns milliseconds
 * @throws RangeError if the text has another form
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  // `ms` also reads a bare number, years and words; a flag should have one spelling.
  if (!form.test(text)) throw new RangeError(`not a duration: ${text}`);
  return ms(text as ms.StringValue);
}

/** A duration for people, in the largest unit that makes it a whole number: `90s` → `90s`, `120s` → `2m`. */
export function formatDuration(milliseconds: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const;
  for (const [unit, size] of units) {
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return milliseconds >= 1000 ? `${Math.round(milliseconds / 1000)}s` : `${milliseconds}ms`;
}
