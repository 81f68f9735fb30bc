import { stripVTControlCharacters } from "node:util";
import { withoutSecrets, withoutSecretsIn } from "../../domain/known-secrets.ts";

/*
 * Text that others wrote (services, files, kubeconfigs) must not move the cursor, change colours or the clipboard, or
 * read differently from what it is: https://nvd.nist.gov/vuln/detail/CVE-2021-25743
 * It must not command the CI service that reads the log either. The service takes `##[` and `##vso[` for a command
 * anywhere in a line, and `::` at its beginning.
 * Sources: ActionCommand.cs of https://github.com/actions/runner, Command.cs of
 * https://github.com/microsoft/azure-pipelines-agent
 */

// Operating system commands and other strings (CSI aside), 7-bit and 8-bit, to their end or the end of the text.
const controlStrings =
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^]*?(?:\u0007|\u001b\\|\u009c|$)/g;
const controlSequences = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g;
// The pattern of Braille without a dot looks like a space.
const whiteSpace = /[\t\n\v\f\r\u0085\u2028\u2029\u2800]+/g;
// C0, DEL, C1; marks that reorder, and all letters and marks that Unicode means to show nothing.
const invisible = /[\u0000-\u001f\u007f-\u009f\ufff9-\ufffb]|\p{Default_Ignorable_Code_Point}/gu;

/** The signs before the bracket. A service may ignore the case of the letters in between. */
const command = /##(?=(?:vso)?\[)/gi;

/**
 * No output holds this many characters of a secret in a row, whatever their source. Shorter pieces are already removed
 * from error messages, and a secret made of words must not blank out our own words and names.
 */
const shortestPiece = 12;

/** The text as it may appear in one line of a terminal: with no control character, invisible character or secret. */
export function oneLine(text: string): string {
  const visible = stripVTControlCharacters(text.replace(controlStrings, "").replace(controlSequences, ""))
    .replace(whiteSpace, " ")
    .replace(invisible, "")
    .replace(command, "# #");
  return withoutSecrets(visible, shortestPiece);
}

/** A whole line, changed so that it does not begin a command of a CI service. */
export function withoutCommand(line: string): string {
  return line.replace(/^(\s*):(?=:)/, "$1: ");
}

/** A document for others to read, with no secret in any of its texts. */
export function speakable<T extends object>(document: T): T {
  return withoutSecretsIn(document, shortestPiece) as T;
}

/** JSON (or YAML in double quotes) with every such character escaped; it reads back as the same value. */
export function escaped(document: string): string {
  // Printable ASCII is safe, and a document is made of little else.
  return document
    .replace(command, String.raw`\u0023#`)
    .replace(/[^\n -~]/gu, (character) =>
      isUnsafe(character)
        ? [...Array(character.length).keys()]
            .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
            .join("")
        : character,
    );
}

/** Whether a text holds a character that `oneLine` would remove or replace. */
export function isUnsafe(text: string): boolean {
  return oneLine(text) !== text;
}
