import { ActionableError } from "../../domain/errors.ts";
import { known, unknown, type Known } from "../checks/check.ts";

/** Codes that say that the service itself does not let the caller in, or is not to be had: then there is no going on. */
const noWayIn = new Set([
  "kubernetes.unauthorized",
  "kubernetes.unreachable",
  "kubernetes.untrusted-certificate",
]);

/**
 * What a read found, or why it found nothing out: a right that lacks, or a service in trouble. Who asks goes on without.
 * @throws what is no failure of the read's, and what leaves nothing to read
 */
export async function seen<T>(read: Promise<T>, signal: AbortSignal): Promise<Known<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (signal.aborted || !(error instanceof ActionableError) || noWayIn.has(error.code)) throw error;
    return unknown(error.message, error.hint);
  }
}
