import { ActionableError } from "../domain/errors.ts";

/**
 * What a request comes to that nothing depends on: whatever it fails with is an answer too.
 * @throws the signal's reason when it aborts; a bug of ours
 */
export async function unlessItFails<T>(
  request: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly read: T } | { readonly error: ActionableError }> {
  try {
    return { read: await request };
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    return { error };
  }
}
