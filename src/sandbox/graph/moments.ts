/** A moment as Graph shows it once it is stored: in whole seconds. */
export function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}
