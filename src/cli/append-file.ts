import { closeSync, constants, openSync, writeFileSync } from "node:fs";

/**
 * Adds a text to the end of a file, which is made if it is not there, for its user alone. Never waits: a pipe that nobody
 * reads is an error.
 * @throws Error of Node
 */
export function append(path: string, text: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK } = constants;
  const file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | (O_NONBLOCK ?? 0), 0o600);
  try {
    // All of it: one write may take only a part, as on a disk that becomes full.
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
