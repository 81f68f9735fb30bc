import { addAbortSignal } from "node:stream";
import { access, constants, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import { SecretText } from "../../domain/secret-text.ts";
import { UsageError } from "../options/answers.ts";
import type { InputStream } from "../show/terminal.ts";
import type { CredentialsFile } from "../../core/setup/contract.ts";
import { refused } from "../../domain/errors.ts";

/** Longer than any password of Entra. A longer text means the wrong file. */
const longestPassword = 4096;

/**
 * The known password of a service principal, from a stream that ends.
 * @throws UsageError `usage.password` if a person would have to type it, or if it is not a password
 */
export async function passwordFromStream(stream: InputStream, signal: AbortSignal): Promise<SecretText> {
  if (stream.isTTY) {
    throw new UsageError(
      "--password-stdin reads a pipe or a file, but stdin is a terminal, which would show the password",
      "usage.password",
      "Pipe it in: some-vault read password | acr-pull setup --password-stdin …",
    );
  }
  const chunks: Buffer[] = [];
  let length = 0;
  addAbortSignal(signal, stream);
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as string | Buffer));
    length += chunk.length;
    if (length > 2 * longestPassword) break;
  }
  return password(Buffer.concat(chunks).toString("utf8"));
}

/** One newline at the end belongs to the shell, not to the password. */
function password(text: string): SecretText {
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw new UsageError("--password-stdin gave an empty password", "usage.password");
  if (value.length > longestPassword || /\p{Cc}/u.test(value)) {
    throw new UsageError(
      "--password-stdin gave more than one line, or something that is not an Entra password",
      "usage.password",
    );
  }
  return new SecretText(value);
}

/**
 * Checks that a password may be written to this file, before anything else is done.
 * @throws ActionableError `credentials-file.exists` or `.unwritable`, exit 2
 */
export async function checkCredentialsFile(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const existing = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unwritable(path, error);
  });
  if (existing) throw alreadyThere(path);
  await access(dirname(path), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw unwritable(path, error);
  });
}

/** Files that a password may be written to: new ones, readable only by their owner. */
export const credentialsFile: CredentialsFile = {
  async write(path, content) {
    // Exclusive: never writes to an existing file or through a planted link.
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
