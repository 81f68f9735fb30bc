/**
 * A text as one word of a shell, so that a suggested command can be pasted whatever a name holds: of a POSIX shell, zsh or
 * fish. A backslash stands outside of the quotes, for inside them it escapes in fish and nowhere else.
 * Source: https://fishshell.com/docs/current/language.html#quotes
 */
export function shellQuote(text: string): string {
  // zsh looks a command up behind a leading `=`, fish a job behind a leading `%`.
  const isPlain = /^[\w@+:,./-][\w@%+=:,./-]*$/.test(text);
  return isPlain ? text : `'${text.replaceAll(/['\\]/g, String.raw`'\$&'`)}'`;
}
