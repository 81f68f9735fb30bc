/**
 * The words of a command line, as a POSIX shell splits them: blanks separate, quotes and backslashes keep together.
 * Nothing is expanded, because no shell runs it.
 * @throws RangeError with the rule that the text breaks
 */
export function commandWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let rest = text;
  while (rest !== "") {
    const [piece = "", blank, single, double, escaped, plain] =
      /^(?:(\s+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+))/su.exec(rest) ?? [];
    if (piece === "") throw new RangeError("must close each quote, and not end in a backslash");
    rest = rest.slice(piece.length);
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    if (plain !== undefined && /[|&;<>()$`*?]/.test(plain)) {
      throw new RangeError("is run without a shell: quote | & ; < > ( ) $ ` * ? or put them in a script");
    }
    word = (word ?? "") + (single ?? double?.replaceAll(/\\(["\\$`\n])/g, "$1") ?? escaped ?? plain ?? "");
  }
  if (word !== undefined) words.push(word);
  if (words[0] === undefined || words[0] === "") throw new RangeError("must name a command");
  return words;
}
