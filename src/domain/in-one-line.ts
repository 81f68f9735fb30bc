/**
 * A name or sentence that somebody else wrote, for a message of ours: line breaks become spaces, so that what
 * follows cannot pass for a line of our own. What else a terminal would act on, the terminal takes out.
 */
export function inOneLine(text: string): string {
  return text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ");
}
