import { closest, distance } from "fastest-levenshtein";

/** The name that somebody may have meant by one that is not among these; undefined where none is much like it. */
export function closestName(name: string, names: Iterable<string>): string | undefined {
  const known = [...new Set(names)];
  if (name === "" || known.length === 0) return undefined;
  const small = new Map(known.map((one) => [one.toLowerCase(), one]));
  const near = closest(name.toLowerCase(), [...small.keys()]);
  // A short name is like every other short one.
  const most = Math.min(3, Math.floor(name.length / 3));
  return distance(name.toLowerCase(), near) <= most ? small.get(near) : undefined;
}

/** A sentence, and a question at its end where somebody may have meant another name. */
export function asking(sentence: string, meant: string | undefined): string {
  return meant === undefined ? sentence : `${sentence} Did you mean ${meant}?`;
}
