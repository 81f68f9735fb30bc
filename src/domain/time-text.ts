/** RFC 3339 in UTC, to the second, as Graph writes it; null for an unknown time. */
export function timeText(time: Date): string;
export function timeText(time: Date | undefined): string | null;
export function timeText(time: Date | undefined): string | null {
  return time === undefined ? null : time.toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** A moment's day in UTC, as people write it in a sentence. */
export function dayText(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
