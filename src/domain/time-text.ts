/** RFC 3339 in UTC, to the second, as Graph writes it; null for an unknown time. */
export function timeText(time: Date): string;
export function timeText(time: Date | undefined): string | null;
export function timeText(time: Date | undefined): string | null {
  return time === undefined ? null : time.toISOString().replace(/\.\d{3}Z$/, "Z");
}
