/**
 * Puts somebody else's name or sentence on one line: otherwise, what follows a line break could pass for a message of
 * ours. The terminal removes all other control characters.
 */
export function inOneLine(text: string): string {
  return text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ");
}
