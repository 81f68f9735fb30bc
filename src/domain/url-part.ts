/** A text with what is but half a letter replaced: JSON can hold that, and no encoding of a text can. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, "\uFFFD");
}

/** A text as a part of a URL, encoded whatever it holds. */
export function urlPart(text: string): string {
  return encodeURIComponent(wellFormed(text));
}
