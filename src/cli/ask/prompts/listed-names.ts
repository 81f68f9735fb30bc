/** More names than these are counted. */
const most = 6;

/** Names in a sentence: all of them, or the first ones and how many more; `none` for none. */
export function listedNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  if (names.length <= most) return names.join(", ");
  const shown = names.slice(0, most - 1);
  return `${shown.join(", ")} and ${names.length - shown.length} more`;
}
