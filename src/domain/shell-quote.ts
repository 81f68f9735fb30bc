/** A text as one argument of a POSIX shell, so that a suggested command can be pasted whatever a name holds. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
