import { distance } from "fastest-levenshtein";

/** A typing error changes at most this many letters, and fewer than half of them. */
const mostChanges = 3;

/**
 * The one of these names that somebody probably meant: of registries, namespaces, contexts or secrets. Undefined if none
 * is similar.
 */
export function closestName(name: string, names: Iterable<string>): string | undefined {
  const [best] = [...names]
    .map((one) => ({ one, changes: distance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, changes }) => changes <= mostChanges && changes < Math.max(name.length, one.length) / 2)
    .toSorted((left, right) => left.changes - right.changes);
  return best?.one;
}

/** A sentence, with a question at its end if somebody may have meant another name. */
export function asking(sentence: string, meant: string | undefined): string {
  return meant === undefined ? sentence : `${sentence} Did you mean ${meant}?`;
}
