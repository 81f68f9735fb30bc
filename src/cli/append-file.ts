import { closeSync, constants, openSync, writeFileSync } from "node:fs";

/**
 * Appends a text to a file. Creates the file if it does not exist, accessible only to its user. Never waits: a pipe
 * that nobody reads is an error.
 * @throws Error of Node
 */
export function append(path: string, text: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK } = constants;
  const file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | (O_NONBLOCK ?? 0), 0o600);
  try {
    // Writes all of it: a single write may write only a part, as on a disk that fills up.
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
