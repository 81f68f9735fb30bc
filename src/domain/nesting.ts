/** So deep Node writes JSON on every stack that it has; Go reads ten times as much. */
const deepest = 1000;

/** Whether a value of JSON is nested so deep that it could not be written again; such a thing is made to do harm. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return true;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}
