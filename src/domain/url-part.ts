/** Replaces lone surrogates: JSON can contain them, but no text encoding can. */
export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, "\uFFFD");
}

/** Encodes any text as a part of a URL. */
export function urlPart(text: string): string {
  return encodeURIComponent(wellFormed(text));
}
