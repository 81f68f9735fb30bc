import { ActionableError } from "../domain/errors.ts";

/** Something that was looked for: its value, or why it could not be found out. */
export type Known<T> = { readonly known: true; readonly value: T } | Unknown;

/** Why something could not be found out. */
export interface Unknown {
  readonly known: false;
  /** A whole sentence. */
  readonly why: string;
  /** What would let it be found out. */
  readonly fix?: string | undefined;
}

/** A value that was found out. */
export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

/** A value that could not be found out, and why. */
export function unknown(why: string, fix?: string): Unknown {
  return { known: false, why, fix };
}

/** The value; undefined if it is not known. */
export function valueOf<T>(fact: Known<T>): T | undefined {
  return fact.known ? fact.value : undefined;
}

/** Codes that say that the cluster refuses the caller or cannot be reached, so that verify cannot continue. */
const noWayIn = new Set([
  "kubernetes.unauthorized",
  "kubernetes.unreachable",
  "kubernetes.untrusted-certificate",
]);

/**
 * What a read found, or why it found nothing: a missing right, or a service in trouble. The caller does without it.
 * @throws what is not a failure of the read, and failures that leave nothing to read
 */
export async function seen<T>(read: Promise<T>, signal: AbortSignal): Promise<Known<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (signal.aborted || !(error instanceof ActionableError) || noWayIn.has(error.code)) throw error;
    return unknown(error.message, error.hint);
  }
}
