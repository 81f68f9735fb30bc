import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { readNamedFile, whyFileFailed } from "../domain/named-file.ts";

/**
 * Reads the file that a variable names, within limits.
 * @throws ActionableError `azure.not-signed-in`; the signal's reason
 */
export async function readVariableFile(variable: string, file: string, signal: AbortSignal): Promise<Buffer> {
  try {
    return await readNamedFile(file, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw unreadable(variable, file, whyFileFailed(error), error);
  }
}

/** The error if the file has nothing to sign in with. */
export function unreadable(variable: string, file: string, why: string, cause?: unknown): ActionableError {
  return new ActionableError(
    `The file in ${variable}, ${file}, cannot be read: ${why}.`,
    { code: "azure.not-signed-in", exitCode: exitCode.notAllowed },
    { cause },
  );
}
