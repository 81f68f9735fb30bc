/**
 * Quotes a text as one word of a POSIX shell, zsh or fish, so that a suggested command can be pasted whatever a name
 * contains. A backslash stays outside the quotes: inside them it is an escape only in fish.
 * Source: https://fishshell.com/docs/current/language.html#quotes
 */
export function shellQuote(text: string): string {
  // In zsh a leading `=` stands for a command, in fish a leading `%` for a job.
  const isPlain = /^[\w@+:,./-][\w@%+=:,./-]*$/.test(text);
  return isPlain ? text : `'${text.replaceAll(/['\\]/g, String.raw`'\$&'`)}'`;
}
