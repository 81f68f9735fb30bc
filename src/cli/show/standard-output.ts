import { fstatSync, writeSync } from "node:fs";

/*
 * Standard output without Node's stream for it, which takes longer to be made than help does.
 */

const descriptor = 1;

/** Whether it is a device: a terminal, or such as /dev/null. */
export function isDevice(): boolean {
  return fstatSync(descriptor).isCharacterDevice();
}

/**
 * Writes a text before it returns.
 * @returns what could not be written, for the stream to try and to tell why
 */
export function writeAtOnce(text: string): string {
  let rest = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch {
    // Full for the moment, or for good, or nobody reads.
  }
  return rest.toString();
}
