/** A moment as Graph reads it back from where it is stored. */
export function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}
