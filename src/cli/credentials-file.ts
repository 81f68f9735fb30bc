import { access, constants, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { CredentialsFile } from "../core/setup/contract.ts";
import { refused } from "../domain/errors.ts";

/**
 * Whether a password may be written to this file, looked at before anything else is done.
 * @throws ActionableError `credentials-file.exists` or `.unwritable`, exit 2
 */
export async function checkCredentialsFile(path: string): Promise<void> {
  const existing = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unwritable(path, error);
  });
  if (existing) throw alreadyThere(path);
  await access(dirname(path), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw unwritable(path, error);
  });
}

/** Files that a password may be written to: new, and readable by their owner alone. */
export const credentialsFile: CredentialsFile = {
  async write(path, content) {
    // Exclusive: neither a file that exists nor a link that somebody laid there is written through.
    const file = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EEXIST" ? alreadyThere(path) : unwritable(path, error);
    });
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  },
};

function alreadyThere(path: string) {
  return refused(
    "credentials-file.exists",
    `${path} exists already; a password is only written to a new file.`,
    "Name another file for --credentials-file, or remove this one.",
  );
}

function unwritable(path: string, error: NodeJS.ErrnoException) {
  return refused(
    "credentials-file.unwritable",
    `${path} cannot be written (${error.code ?? error.name}).`,
    "Name a file in a folder that exists and that you may write to.",
  );
}
