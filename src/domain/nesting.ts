/** Node can write JSON this deep on any stack; Go reads JSON ten times as deep. */
const deepest = 1000;

/** Whether a JSON value is nested too deep to be written again; nobody makes such a value in good faith. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}
