/*
 * The two sides of a planned change, in words for people. Programs read its fields.
 */

/** What changes in one thing: `key c9daafdf… → a new key`; empty if the line above already says everything. */
export function changeText(before: unknown, after: unknown, target: string): string {
  const [old, next] = [sideText(before, target), sideText(after, target)];
  if (old === next) return "";
  if (old === "" || next === "") return next;
  const label = /^[a-z]+: /.exec(old)?.[0] ?? "";
  return `${old} → ${next.startsWith(label) ? next.slice(label.length) : next}`;
}

/** One side of a change, without what the line above already says. */
function sideText(side: unknown, target: string): string {
  if (side === null || side === undefined) return "";
  if (Array.isArray(side)) return side.map((one) => sideText(one, target)).join(", ");
  if (typeof side !== "object") return typeof side === "string" ? side : JSON.stringify(side);
  return Object.entries(side)
    .filter(([, value]) => value !== null && value !== undefined)
    .filter(([, value]) => typeof value !== "string" || value === "" || !target.includes(value))
    .flatMap(([name, value]) => words[name]?.(value) ?? [])
    .join(", ");
}

/** How each field is worded. A field that is not here tells a person nothing. */
const words: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  keyId: (value) => (value === "new" ? "a new key" : `key ${String(value)}`),
  beside: (value) => `with key ${String(value)} beside it`,
  expiresAt: (value) => `valid until ${day(value)}`,
  loginServer: (value) => `for ${String(value)}`,
  retireAfter: (value) => `retired after ${moment(value)}`,
  role: (value) => `role ${String(value)}`,
  repositories: (value) => `repositories: ${String(value)}`,
  appId: (value) => `application ${String(value)}`,
  deleted: (value) => (value === true ? "deleted" : "restored"),
  linked: (value) => (value === true ? "names the secret" : "does not name the secret"),
  imagePullSecret: (value) => `names ${String(value)}`,
  without: (value) => `without ${String(value)}`,
  keeps: (value) => `keeps ${[value].flat().join(", ")}`,
  credential: (value) => `a credential ${String(value)}`,
};

function day(time: unknown): string {
  return String(time).slice(0, 10);
}

/** To the minute, in UTC: to say when to come back. */
function moment(time: unknown): string {
  return `${String(time).slice(0, 16).replace("T", " ")} UTC`;
}
