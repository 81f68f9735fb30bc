import { distance } from "fastest-levenshtein";

/** A typing error changes no more letters than these, and less than half of them. */
const mostChanges = 3;

/**
 * The one of these names that somebody may have meant by another: a registry or a namespace, and also a command, an
 * option or its value. Undefined where none is much like it.
 */
export function closestName(name: string, names: Iterable<string>): string | undefined {
  const [best] = [...names]
    .map((one) => ({ one, changes: distance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, changes }) => changes <= mostChanges && changes < Math.max(name.length, one.length) / 2)
    .toSorted((left, right) => left.changes - right.changes);
  return best?.one;
}

/** A sentence, and a question at its end where somebody may have meant another name. */
export function asking(sentence: string, meant: string | undefined): string {
  return meant === undefined ? sentence : `${sentence} Did you mean ${meant}?`;
}
